"""Who is in the foreground of a terminal: the members of a process group, of the container's cgroup."""

from __future__ import annotations

import contextlib

from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.protocol.terminals import Job

MOST = 16  # jobs shown: a pipeline is rarely longer
SCANNED = 4096


def jobs(target: Target, group: int) -> list[Job]:
    """The oldest first. Never raises for what vanishes meanwhile. Call it in a thread."""
    proc = procfs.Proc()
    found = []
    for pid in _members(target)[:SCANNED]:
        try:
            raw = proc.stat_bytes(pid)
            if procfs.parse_group(raw) == group:
                stat = procfs.parse_stat(raw)
                found.append((stat.starttime, Job(pid=pid, name=_shown(stat.comm))))
        except (OSError, ValueError, IndexError):
            continue
    return [job for _, job in sorted(found, key=lambda one: (one[0], one[1].pid))[:MOST]]


def _members(target: Target) -> list[int]:
    """Of cgroup2 and of one of v1's, for what was put into one of them only."""
    paths = target.cgroup_paths
    found: set[int] = set()
    for directory in (paths.get("unified"), paths.get("pids") or paths.get("memory")):
        with contextlib.suppress(OSError, ValueError):
            found.update(procfs.read_numbers(f"{directory}/cgroup.procs") if directory else ())
    return sorted(found)


def _shown(name: str) -> str:
    """A process names itself, in 15 bytes, with whatever it likes: no control or bidi character gets through."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in name)
