"""/dev on both sides: what the container's has, beside the nodes of the host that it has not.

The container's is written by whoever is root inside. It is read by descriptors, through PID 1's own root and with no
link followed, and what else could be mounted there is not touched: a file system served by a program of the container
could let this process wait for ever.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from typing import Literal

from runtime.kernel import mountinfo, procfs
from runtime.probes.gaps import Gaps, why
from runtime.protocol.xray import Device

MAX_ENTRIES = 256
DIRECTORIES = ("pts",)  # shown with what they hold
Kind = Literal["char", "block", "symlink", "dir", "file", "fifo", "socket"]
Entries = dict[str, tuple[os.stat_result, str | None]]
"""Name below /dev → what it is, and where a symbolic link points."""

_KINDS: dict[int, Kind] = {
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFLNK: "symlink",
    stat.S_IFDIR: "dir",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}


def of_container(
    process: int, mounts: tuple[mountinfo.Mount, ...], id_maps: tuple[procfs.IdMap, procfs.IdMap]
) -> tuple[dict[str, Device] | None, Gaps]:
    """What PID 1 sees. `process`: a descriptor of its /proc/PID; ids are as inside, by its uid_map and gid_map."""
    try:
        entries, gaps = read(process, mounts)
    except OSError as error:
        return None, {"walls.devices.container": why(error, "/proc/PID/root/dev")}
    bound = {mount.point for mount in mounts if mount.point.startswith("/dev/") and mount.root != "/"}
    uids, gids = id_maps
    found = {}
    for name, (info, target) in entries.items():
        uid, gid = procfs.inside(uids, info.st_uid), procfs.inside(gids, info.st_gid)
        found[name] = _device(info, target, f"/dev/{name}" in bound, uid, gid)
    return found, gaps


def of_host(directory: str = "/dev") -> tuple[dict[str, Device], Gaps]:
    """The host's nodes: of its top level, and nothing but nodes, since links there are named after serial numbers."""
    try:
        return {name: _device(info, None, False, info.st_uid, info.st_gid) for name, info in host_nodes(directory)}, {}
    except OSError as error:
        return {}, {"walls.devices.host": why(error, directory)}


def host_nodes(directory: str = "/dev") -> list[tuple[str, os.stat_result]]:
    """The host's nodes, by name. Raises `OSError`."""
    with _opened(directory) as fd:
        return [(name, info) for name, (info, _) in _entries(fd, nodes_only=True)]


def read(process: int, mounts: tuple[mountinfo.Mount, ...]) -> tuple[Entries, Gaps]:
    """The entries of the container's /dev, and of the directories in it that are told. Raises `OSError`."""
    gaps: Gaps = {}
    foreign = {mount.point for mount in mounts if mount.fstype not in mountinfo.SELF_SERVED}
    if "/" in foreign or "/dev" in foreign:
        raise OSError(95, "a file system is mounted over it that a program may serve")
    skipped = frozenset(name for point in foreign if (name := _below(point)))
    if skipped:
        gaps["walls.devices.container"] = f"not looked at, as a program may serve them: {', '.join(sorted(skipped))}"
    with _opened("root", process, follow=True) as root, _opened("dev", root) as dev:
        entries = dict(_entries(dev, skipped))
        for name in DIRECTORIES:
            if name in entries and stat.S_ISDIR(entries[name][0].st_mode) and name not in skipped:
                with contextlib.suppress(OSError), _opened(name, dev) as below:
                    entries |= {f"{name}/{entry}": found for entry, found in _entries(below)}
    if len(entries) >= MAX_ENTRIES:
        gaps["walls.devices.container"] = f"more than {MAX_ENTRIES} entries: the rest is not shown"
    return entries, gaps


def _below(point: str) -> str | None:
    """The name in /dev that a mount below it lies on or under."""
    return point.split("/")[2] if point.startswith("/dev/") else None


@contextlib.contextmanager
def _opened(name: str, dir_fd: int | None = None, *, follow: bool = False) -> Iterator[int]:
    """A directory by descriptor. `follow`: only for the kernel's own link to a process's root."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    fd = os.open(name, flags, dir_fd=dir_fd)
    try:
        yield fd
    finally:
        os.close(fd)


def _entries(
    directory: int, skipped: frozenset[str] = frozenset(), *, nodes_only: bool = False
) -> Iterator[tuple[str, tuple[os.stat_result, str | None]]]:
    """In order of name, up to `MAX_ENTRIES`: who fills a directory with a million names costs as much as a few."""
    names: list[str] = []
    with os.scandir(directory) as found:
        for entry in found:
            if entry.name not in skipped:
                names.append(entry.name)
            if len(names) >= MAX_ENTRIES * (4 if nodes_only else 1):
                break
    for name in sorted(names):
        with contextlib.suppress(OSError):  # gone meanwhile
            info = os.stat(name, dir_fd=directory, follow_symlinks=False)
            mode = info.st_mode
            if nodes_only and not (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)):
                continue
            link = os.readlink(name, dir_fd=directory) if stat.S_ISLNK(mode) else None
            yield procfs.text(os.fsencode(name)), (info, None if link is None else procfs.text(os.fsencode(link)))


def _device(info: os.stat_result, target: str | None, bound: bool, uid: int, gid: int) -> Device:
    kind = _KINDS.get(stat.S_IFMT(info.st_mode), "file")
    node = kind in ("char", "block")
    return Device(
        type=kind,
        major=os.major(info.st_rdev) if node else None,
        minor=os.minor(info.st_rdev) if node else None,
        mode=stat.S_IMODE(info.st_mode),
        uid=uid,
        gid=gid,
        target=target,
        bound=bound,
    )
