"""/proc/PID/mountinfo: the mounts of a mount namespace, as seen from that process's root (proc_pid_mountinfo(5)).

Read it and close it. A kept descriptor could be polled for changes at a tenth of the price, but it holds the whole
mount namespace alive: a dead container's overlay, its upper and the memory in it would stay as long as someone looked.
Who keeps one waits for the end of PID 1 beside it (`server.observers.mounts`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.kernel import procfs

_MAX_BYTES = 16 * 1024 * 1024  # the kernel allows 100,000 mounts a namespace
SELF_SERVED = frozenset(
    {
        "bpf", "btrfs", "cgroup", "cgroup2", "debugfs", "devpts", "devtmpfs", "ext2", "ext3", "ext4", "f2fs", "mqueue",
        "nsfs", "overlay", "proc", "ramfs", "rootfs", "securityfs", "squashfs", "sysfs", "tmpfs", "tracefs", "xfs",
    }
)  # fmt: skip
"""File systems that answer by themselves. Another may be served by a program (FUSE), a container's own perhaps, or by
another machine: whoever asks it of a name can wait for ever."""

_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One line. `options` are the mount's, `super_options` the file system's (where overlay names its layers).

    `propagation`: the optional fields as they stand, `shared:3 master:1`, empty for a private mount.
    """

    id: int
    parent: int
    device: str
    root: str
    point: str
    options: str
    fstype: str
    source: str
    super_options: str
    propagation: str = ""


def own() -> tuple[Mount, ...]:
    """The mounts of this process's own mount namespace."""
    return parse(procfs.read("/proc/self/mountinfo", limit=_MAX_BYTES))


def parse(raw: bytes) -> tuple[Mount, ...]:
    """Every line, in the kernel's order. The optional fields vary in number and end at ` - `."""
    return tuple(parse_line(line) for line in raw.split(b"\n") if b" - " in line)


def parse_line(line: bytes) -> Mount:
    """One line, without its end."""
    before, _, after = line.partition(b" - ")
    fields = before.split(b" ")
    # An empty source is written as nothing at all, so that two spaces meet: split at each one
    fstype, source, super_options = (*after.split(b" "), b"", b"")[:3]
    return Mount(
        id=int(fields[0]),
        parent=int(fields[1]),
        device=fields[2].decode(),
        root=unescape(fields[3]),
        point=unescape(fields[4]),
        options=procfs.text(fields[5]),
        fstype=procfs.text(fstype),
        source=unescape(source),
        super_options=unescape(super_options),
        propagation=procfs.text(b" ".join(fields[6:])),
    )


def unescape(field: bytes) -> str:
    """Space, tab, newline and backslash are written as `\\040`, `\\011`, `\\012`, `\\134`."""
    if b"\\" in field:
        field = _OCTAL.sub(lambda match: bytes((int(match[1], 8) & 0xFF,)), field)
    return procfs.text(field)


def at_root(mounts: tuple[Mount, ...]) -> Mount | None:
    """What a process stands on: the last mount on `/` lies on top of the others."""
    return next((mount for mount in reversed(mounts) if mount.point == "/"), None)
