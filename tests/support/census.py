"""What an instance has on the host, to prove that nothing of it is left."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def _cgroup_roots() -> Iterator[str]:
    with open("/proc/self/mountinfo") as lines:
        for line in lines:
            left, _, right = line.partition(" - ")
            if right.split()[0] in {"cgroup", "cgroup2"}:
                yield left.split()[4]


def cgroups(name: str, container: str = "") -> list[str]:
    """Cgroup directories of the instance (or of one container), in every hierarchy."""
    found: list[str] = []
    for root in _cgroup_roots():
        top = Path(root, name)
        if top.is_dir():
            found += [str(path) for path in top.rglob("*") if path.is_dir() and container in str(path)]
    return found


def mounts(name: str) -> list[str]:
    """Mount points of the instance in this mount namespace."""
    with open("/proc/self/mountinfo") as lines:
        return [line.split()[4] for line in lines if f"/{name}/" in line.split()[4]]


def processes_in_range(first: int, count: int = 65_536) -> list[int]:
    """Host pids that run under one of these uids."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if first <= os.stat(f"/proc/{entry}").st_uid < first + count:
                    found.append(int(entry))
            except OSError:
                continue
    return found


def null_device() -> tuple[int, int, int]:
    """(uid, gid, mode) of the host's `/dev/null`, which a careless runtime changes."""
    info = os.stat("/dev/null")
    return info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)
