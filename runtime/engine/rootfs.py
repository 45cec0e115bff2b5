"""A container's root: shared layers seen through its id map, under an upper layer of its own, bounded.

Each piece has `ensure`, `undo` and `exists`; all may be called again. They block for the length of a few system calls.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from runtime.config import IDS_PER_CONTAINER
from runtime.engine.place import Place
from runtime.engine.record import Record
from runtime.errors import Code, Fault
from runtime.kernel import idmap, mounts

BYTES_PER_INODE = 8192
MIN_INODES = 1024
INODE_BYTES = 1024  # what the kernel keeps of one, about


def ensure_layers(place: Place, record: Record, lowerdirs: list[Path]) -> None:
    """Bind each layer, top first, read-only, root's files seen as the container's root's. The layers do not change."""
    _passable(place)
    mounted = set(mounts.points(place.mounts))
    missing = [n for n in range(len(lowerdirs)) if place.layer(n) not in mounted]
    if not missing:
        return
    userns = idmap.userns(record.host_id, IDS_PER_CONTAINER)
    try:
        for n in missing:
            os.makedirs(place.layer(n), mode=0o711, exist_ok=True)
            try:
                mounts.idmapped(str(lowerdirs[n]), place.layer(n), userns)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                    raise
                raise _cannot_map(place, error) from error
    finally:
        os.close(userns)


def _cannot_map(place: Place, error: OSError) -> Fault:
    """mount_setattr(2) answers EINVAL for a file system that cannot be seen through an id map."""
    return Fault(
        Code.UNSUPPORTED_KERNEL,
        f"the layers in {place.config.images_dir} cannot be mounted through an id map by Linux {os.uname().release}",
        hint="Keep images on ext4, xfs or btrfs (Linux 5.19 or later), or on tmpfs (6.3 or later).",
        op="mount_setattr",
        errno=errno.errorcode.get(error.errno or 0),
    )


def undo_layers(place: Place) -> None:
    mounts.unmount_below(f"{place.mounts}/layers")
    mounts.remove_directories(f"{place.mounts}/layers")
    with contextlib.suppress(FileNotFoundError, OSError):
        os.rmdir(place.mounts)


def ensure_disk(place: Place, record: Record) -> None:
    """The tmpfs for what the container writes; full, it answers ENOSPC, in bytes or in inodes."""
    if not os.path.ismount(place.disk):
        os.makedirs(place.disk, mode=0o700, exist_ok=True)
        size = record.limits.disk_bytes
        mounts.tmpfs(place.disk, size_bytes=size, inodes=_inodes(size), mode=0o700)
    for path, owner, mode in ((place.upper, record.host_id, 0o755), (place.work, 0, 0o700)):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
            os.chown(path, owner, owner)
            os.chmod(path, mode)


def _inodes(size_bytes: int) -> int:
    return max(MIN_INODES, size_bytes // BYTES_PER_INODE)


def resize_disk(place: Place, size_bytes: int) -> None:
    """Another size for the disk that is mounted. Raises `OSError`: `EINVAL` where more is in use."""
    mounts.resize_tmpfs(place.disk, size_bytes=size_bytes, inodes=_inodes(size_bytes))


def disk_size(place: Place) -> int | None:
    """How much the disk may hold, in whole pages; None when it is not mounted."""
    if not os.path.ismount(place.disk):
        return None
    room = os.statvfs(place.disk)
    return room.f_blocks * room.f_frsize


def undo_disk(place: Place) -> None:
    """What the container wrote is gone with it."""
    mounts.unmount(place.disk)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(place.disk)


def ensure_overlay(place: Place, layers: int) -> None:
    if not os.path.ismount(place.merged):
        os.makedirs(place.merged, mode=0o711, exist_ok=True)
        mounts.overlay(place.merged, lower=[place.layer(n) for n in range(layers)], upper=place.upper, work=place.work)


def undo_overlay(place: Place) -> None:
    mounts.unmount(place.merged)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(place.merged)


def stands(place: Place) -> bool:
    """Whether the root is mounted in this mount namespace: it is not after the keeper was replaced."""
    return os.path.ismount(place.merged)


def kept_bytes(place: Place) -> int:
    """Memory that the files take which the container wrote; 0 without its disk."""
    if not os.path.ismount(place.disk):
        return 0
    room = os.statvfs(place.disk)
    return (room.f_blocks - room.f_bfree) * room.f_frsize + (room.f_files - room.f_ffree) * INODE_BYTES


def _passable(place: Place) -> None:
    """Let the container's root, nobody on the host, walk to `merged`: search permission and no more."""
    os.makedirs(place.mounts, mode=0o711, exist_ok=True)
    for directory in (place.config.run_dir, place.config.mounts_dir, place.mounts):
        mode = os.stat(directory).st_mode & 0o7777
        if not mode & 0o001:
            os.chmod(directory, mode | 0o001)
