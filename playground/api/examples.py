"""What the X-ray's answers look like, for the page at `/api/v1/docs`. A test converts each into its struct."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from runtime.protocol import xray

EVENT: dict[str, Any] = {
    "seq": 1767182400123,
    "at": 1767182400.5,
    "kind": "copied_up",
    "path": "/etc/group",
    "type": "file",
    "bytes": 24,
}

EXAMPLES: dict[type[Struct], dict[str, Any]] = {
    xray.Event: EVENT,
    xray.ProcessDetail: {
        "pid": 51234,
        "ns_pids": [51234, 1],
        "comm": "sh",
        "state": "S",
        "role": "init",
        "started_at": 1767182400.0,
        "cmdline": ["sh"],
        "exe": "/bin/busybox",
        "cwd": "/",
        "root": "/",
        "uids": [1879048192] * 4,
        "gids": [1879048192] * 4,
        "uids_inside": [0] * 4,
        "gids_inside": [0] * 4,
        "groups": [],
        "threads": [{"tid": 51234, "ns_tid": 1, "comm": "sh", "state": "S", "cpu_usec": 20000}],
        "namespaces": {"pid": "pid:[4026532501]", "pid_for_children": "pid:[4026532501]"},
        "cgroups": {"memory": "/terrarium/k3v9q0x2b7mdz1ce"},
        "capabilities": {"effective": ["CAP_CHOWN", "CAP_KILL"]},
        "no_new_privs": True,
        "seccomp": 2,
        "oom_score": 668,
        "oom_score_adj": 0,
        "open_files": 4,
        "rss_bytes": 1085440,
        "vm_bytes": 4534272,
        "voluntary_switches": 41,
        "involuntary_switches": 3,
    },
    xray.FileView: {
        "path": "/etc/group",
        "layer": "upper",
        "entry": {
            "name": "group",
            "type": "file",
            "mode": 420,
            "uid": 0,
            "gid": 0,
            "size_bytes": 24,
            "blocks_bytes": 4096,
            "modified_at": 1767182400.0,
            "target": None,
            "mark": "copied_up",
            "redirect": None,
            "metacopy": False,
        },
        "entries": None,
        "text": "root:x:0:\nusers:x:100:\n",
        "binary": False,
        "truncated": False,
    },
    xray.Provenance: {
        "path": "/etc/group",
        "resolved": "/etc/group",
        "verdict": "copied_up",
        "sightings": [
            {
                "layer": layer,
                "title": title,
                "found": found,
                "type": "file" if size else None,
                "size_bytes": size,
                "blocks_bytes": 4096 if size else None,
                "path": None,
                "metacopy": False,
            }
            for layer, title, found, size in (
                ("upper", "upper", "hit", 24),
                ("0", "init layer", "absent", None),
                ("1", "settings: users, groups, the shell's profile", "hidden", 10),
            )
        ],
    },
    xray.Seccomp: {
        "default_action": "SCMP_ACT_ERRNO",
        "default_errno": "ENOSYS",
        "architectures": ["SCMP_ARCH_X86_64"],
        "rules": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "errno": None, "args": []}],
    },
}
