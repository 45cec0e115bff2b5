"""The mounts a container stands on, in the caller's mount namespace."""

from __future__ import annotations

import contextlib
import errno
import os

from runtime.kernel import libc, mountinfo


def points(below: str = "/") -> list[str]:
    """Mount points at or below a directory, in the order they were made (proc(5), mountinfo)."""
    inside = below.rstrip("/") + "/"
    return [mount.point for mount in mountinfo.own() if mount.point == below or mount.point.startswith(inside)]


def tmpfs(target: str, *, size_bytes: int, inodes: int, mode: int) -> None:
    """A tmpfs with hard limits of bytes and inodes (tmpfs(5))."""
    libc.mount(
        "tmpfs",
        target,
        "tmpfs",
        libc.MS_NOSUID | libc.MS_NODEV,
        f"size={size_bytes},nr_inodes={inodes},mode={mode:o}",
    )


def resize_tmpfs(target: str, *, size_bytes: int, inodes: int) -> None:
    """Other limits for a mounted tmpfs. Raises `OSError`: `EINVAL` where it holds more than that already."""
    flags = libc.MS_REMOUNT | libc.MS_NOSUID | libc.MS_NODEV
    libc.mount("tmpfs", target, "tmpfs", flags, f"size={size_bytes},nr_inodes={inodes}")


def overlay(target: str, *, lower: list[str], upper: str, work: str) -> None:
    """Layers, top first, under a writable upper. Redirects and metacopy off: what the upper holds is whole."""
    options = f"lowerdir={':'.join(lower)},upperdir={upper},workdir={work},redirect_dir=off,metacopy=off,index=off"
    if len(options) >= 4096:
        raise OSError(errno.E2BIG, "too many layers for one overlay", target)
    libc.mount("overlay", target, "overlay", 0, options)


def idmapped(source: str, target: str, userns_fd: int) -> None:
    """Bind `source` at `target`, read-only, its owners seen through the user namespace (mount_setattr(2))."""
    tree = libc.open_tree(source)
    try:
        attributes = libc.MOUNT_ATTR_IDMAP | libc.MOUNT_ATTR_RDONLY | libc.MOUNT_ATTR_NODEV
        libc.mount_setattr(tree, attributes, userns_fd)
        libc.move_mount(tree, target)
    finally:
        os.close(tree)


def unmount(target: str) -> None:
    """Take off whatever is mounted at `target`, however often. Not mounted or not there: no error.

    Detached where it is busy: it is gone from this namespace at once, and freed when its last user goes.
    """
    for _ in range(16):
        try:
            libc.umount(target)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return
            if error.errno != errno.EBUSY:
                raise
            libc.umount(target, libc.MNT_DETACH)


def unmount_below(directory: str) -> None:
    """All mounts at and below `directory`, last made first."""
    for point in reversed(points(directory)):
        unmount(point)


def remove_directories(top: str) -> None:
    """Remove a tree of empty directories that were mount points. Never follows a mount: rmdir(2) would say EBUSY."""
    with contextlib.suppress(FileNotFoundError):
        for entry in list(os.scandir(top)):
            if entry.is_dir(follow_symlinks=False):
                remove_directories(entry.path)
            else:
                os.unlink(entry.path)
        os.rmdir(top)
