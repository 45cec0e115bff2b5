"""Who PID 1 is to the kernel: its ids, its rights, its filter, its label (proc_pid_status(5), credentials(7))."""

from __future__ import annotations

import errno

from runtime.kernel import capabilities, procfs
from runtime.probes.gaps import Gaps, why
from runtime.protocol.xray import Identity, IdRange, Mount

LSMS = "/sys/kernel/security/lsm"


class Modules:
    """The security modules of this kernel, which never change: read once."""

    def __init__(self, path: str = LSMS) -> None:
        self._path = path
        self._known: tuple[list[str], Gaps] | None = None

    def read(self) -> tuple[list[str], Gaps]:
        """`capability`, `landlock`, …; empty with a reason where it cannot be told."""
        if self._known is None:
            try:
                names = procfs.text(procfs.read(self._path)).strip().split(",")
                self._known = ([name for name in names if name], {})
            except OSError as error:
                reason = why(error, self._path)
                if error.errno == errno.ENOENT:
                    reason = f"{reason}: securityfs is not mounted, or this kernel has none"
                self._known = ([], {"walls.identity.lsms": reason})
        return self._known


def of_process(directory: int, walls: dict[str, Mount], modules: Modules) -> tuple[Identity | None, Gaps]:
    """PID 1 behind `directory`, a descriptor of its /proc/PID. `walls`: the container's mounts, with their purpose."""
    try:
        status = procfs.fields(procfs.read("status", dir_fd=directory))
        maps = procfs.id_maps(directory)
    except (OSError, ValueError) as error:
        return None, {"walls.identity": why(error, "/proc/PID/status")}
    lsms, gaps = modules.read()
    label, missing = _label(directory)
    try:
        sets = capabilities.sets(status)
        keys = ("Seccomp", "Seccomp_filters", "NoNewPrivs")
        seccomp, filters, privileges = (int(status[key]) if key in status else None for key in keys)
    except ValueError as error:
        return None, {"walls.identity": why(error, "/proc/PID/status")}
    return Identity(
        uid_map=_ranges(maps[0]),
        gid_map=_ranges(maps[1]),
        capabilities=sets,
        no_new_privs=None if privileges is None else privileges == 1,
        seccomp=seccomp,
        seccomp_filters=filters,
        lsm=label,
        lsms=lsms,
        masked=sorted(mount.point for mount in walls.values() if mount.purpose == "masked"),
        readonly=sorted(mount.point for mount in walls.values() if mount.purpose == "readonly"),
    ), {**gaps, **missing}


def _label(directory: int) -> tuple[str | None, Gaps]:
    """The label that a security module put on it; a kernel without one that labels answers EINVAL."""
    try:
        raw = procfs.read("attr/current", dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None, {"walls.identity.lsm": "no security module of this kernel labels processes (EINVAL)"}
        return None, {"walls.identity.lsm": why(error, "/proc/PID/attr/current")}
    return procfs.text(raw.rstrip(b"\0\n")) or None, {}


def _ranges(lines: procfs.IdMap) -> list[IdRange]:
    return [IdRange(inside=inside, outside=outside, count=count) for inside, outside, count in lines]
