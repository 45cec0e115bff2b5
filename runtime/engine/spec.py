"""config.json of tier T1: what the OCI runtime is told of a container (OCI runtime specification 1.0.2).

Everything in it comes from here or was checked by `admission`; no request reaches a path, an annotation, an
environment or a user id. There are no hooks.
"""

from __future__ import annotations

import glob
import os
import re
import resource
from dataclasses import dataclass
from typing import Any

from runtime.config import IDS_PER_CONTAINER
from runtime.engine import seccomp
from runtime.kernel.cgroups import Hierarchies
from runtime.kernel.files import read_text
from runtime.protocol import model

CPU_PERIOD_USEC = 100_000
CPU_SHARES = 256  # a quarter of a host service's weight, whatever the quota

CAPABILITIES = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
]
ENVIRONMENT = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "TERM=xterm-256color",
    "HOME=/root",
    "LANG=C.UTF-8",
]
NAMESPACES = ("user", "pid", "mount", "network", "ipc", "uts", "cgroup")
MASKED = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
]
READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
MOUNTS = [
    ("/proc", "proc", "proc", "nosuid,noexec,nodev"),
    ("/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=64k"),
    ("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
    ("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=16m"),
    ("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
    ("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
    ("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"),
    ("/tmp", "tmpfs", "tmpfs", "nosuid,nodev,mode=1777,size=32m,nr_inodes=8k"),
    ("/run", "tmpfs", "tmpfs", "nosuid,nodev,mode=755,size=8m"),
]
BOUND = ("hosts", "hostname", "resolv.conf")
"""Files of /etc that we write and bind read-only."""

SYSCTL = {"net.ipv4.ping_group_range": "0 0", "net.ipv4.ip_unprivileged_port_start": "0"}
OOM_SCORE_ADJ = 500  # before the host's services, whose own is 0 or less
_WANTED_RLIMITS = (
    ("RLIMIT_NOFILE", resource.RLIMIT_NOFILE, 1024, 4096),
    ("RLIMIT_CORE", resource.RLIMIT_CORE, 0, 0),
    ("RLIMIT_FSIZE", resource.RLIMIT_FSIZE, 1 << 30, 1 << 30),
    ("RLIMIT_MEMLOCK", resource.RLIMIT_MEMLOCK, 64 << 10, 64 << 10),
)


@dataclass(frozen=True)
class Host:
    """What of the host limits a container, read once: root without CAP_SYS_RESOURCE may raise none of it."""

    machine: str
    swap_accounting: bool
    oom_score_adj: int
    rlimits: list[dict[str, Any]]
    masked: list[str]

    @classmethod
    def survey(cls, hierarchies: Hierarchies) -> Host:
        rlimits = []
        for name, number, soft, hard in _WANTED_RLIMITS:
            ceiling = resource.getrlimit(number)[1]
            if ceiling != resource.RLIM_INFINITY:
                soft, hard = min(soft, ceiling), min(hard, ceiling)
            rlimits.append({"type": name, "soft": soft, "hard": hard})
        own_score = int(read_text("/proc/self/oom_score_adj"))
        throttles = sorted(glob.glob("/sys/devices/system/cpu/cpu*/thermal_throttle"))
        return cls(
            os.uname().machine,
            _swap_accounting(hierarchies),
            max(OOM_SCORE_ADJ, own_score),
            rlimits,
            [*MASKED, *throttles],
        )


def _swap_accounting(hierarchies: Hierarchies) -> bool:
    """Whether v1 counts memory with swap, for then the runtime is to limit both.

    On cgroup2 the root has no file to tell by, so there we limit swap ourselves, between create and start: see
    `Group.forbid_swap`.
    """
    memory = hierarchies.mounts.get("memory")
    return memory is not None and os.path.exists(f"{memory}/memory.memsw.limit_in_bytes")


def process(host: Host, argv: list[str], *, terminal: bool, cols: int = 80, rows: int = 24) -> dict[str, Any]:
    """`process` of config.json, and the whole of an exec's process.json: PID 1 and its guests get the same rights."""
    spec: dict[str, Any] = {
        "terminal": terminal,
        "user": {"uid": 0, "gid": 0, "umask": 0o022},
        "cwd": "/root",
        "args": argv,
        "env": ENVIRONMENT,
        "noNewPrivileges": True,
        "capabilities": {
            "bounding": CAPABILITIES,
            "effective": CAPABILITIES,
            "permitted": CAPABILITIES,
            "inheritable": [],
            "ambient": [],
        },
        "rlimits": host.rlimits,
        "oomScoreAdj": host.oom_score_adj,
    }
    if terminal:
        spec["consoleSize"] = {"height": rows, "width": cols}
    return spec


def config(
    host: Host,
    *,
    command: list[str],
    hostname: str,
    rootfs: str,
    etc: str,
    host_id: int,
    cgroup: str,
    limits: model.Limits,
    cols: int,
    rows: int,
) -> dict[str, Any]:
    """All of config.json. `etc`: directory of the files in `BOUND`; `cgroup`: path below each hierarchy's root."""
    mapping = [{"containerID": 0, "hostID": host_id, "size": IDS_PER_CONTAINER}]
    mounts = [
        {"destination": destination, "type": kind, "source": source, "options": options.split(",")}
        for destination, kind, source, options in MOUNTS
    ] + [
        {
            "destination": f"/etc/{name}",
            "type": "bind",
            "source": f"{etc}/{name}",
            "options": ["bind", "ro", "nosuid", "nodev", "noexec"],
        }
        for name in BOUND
    ]
    return {
        "ociVersion": "1.0.2",
        "process": process(host, command, terminal=True, cols=cols, rows=rows),
        "root": {"path": rootfs, "readonly": False},
        "hostname": hostname,
        "mounts": mounts,
        "linux": {
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "uidMappings": mapping,
            "gidMappings": mapping,
            "cgroupsPath": f"/{cgroup}",
            "sysctl": SYSCTL,
            "rootfsPropagation": "private",
            "maskedPaths": host.masked,
            "readonlyPaths": READONLY,
            "seccomp": seccomp.profile(host.machine),
            "resources": _resources(host, limits),
        },
    }


def _resources(host: Host, limits: model.Limits) -> dict[str, Any]:
    memory = {"limit": limits.memory_bytes}
    if host.swap_accounting:
        memory["swap"] = limits.memory_bytes  # memory and swap together: no swap
    return {
        # The runtime adds null, zero, full, random, urandom, tty and ptys again.
        "devices": [{"allow": False, "access": "rwm"}],
        "memory": memory,
        "pids": {"limit": limits.pids},
        # The quota is set between create and start: under it, the runtime's own work of 30 ms would take a second
        # for a container of a twentieth of a core.
        "cpu": {"shares": CPU_SHARES, "period": CPU_PERIOD_USEC},
    }


def cpu_quota_usec(limits: model.Limits) -> int:
    """`limits.cpus` in each `CPU_PERIOD_USEC`; the kernel takes no less than 1 ms."""
    return max(1000, round(limits.cpus * CPU_PERIOD_USEC))


def hostname(name: str, id: str) -> str:
    """The container's name as a host name (RFC 1123, at most 32 letters), or its id where nothing is left of it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:32].strip("-") or id


def etc_files(host_name: str) -> dict[str, str]:
    """What `BOUND` holds: no resolver, as there is no network."""
    return {
        "hosts": f"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{host_name}\n",
        "hostname": f"{host_name}\n",
        "resolv.conf": "# no network\n",
    }
