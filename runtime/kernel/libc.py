"""System calls that Python 3.11 does not have, through libc. Each raises `OSError` naming the call."""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWNET = 0x4000_0000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_REC, MS_PRIVATE, MS_SLAVE = 0x4000, 1 << 18, 1 << 19
MNT_DETACH = 2
CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x0200_0000, 0x0400_0000, 0x0800_0000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, 0o2000000
MOVE_MOUNT_F_EMPTY_PATH = 4
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_IDMAP = 1, 2, 4, 0x0010_0000

# The same numbers on every architecture since Linux 5.1 (syscalls(2)).
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442

_libc = ctypes.CDLL(None, use_errno=True)


_CAPABILITY_VERSION_3 = 0x2008_0522  # two words of 32 bits a set (capget(2))


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def _checked(name: str, result: int, path: str | None = None) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}", path)
    return result


def prctl(option: int, value: int) -> None:
    """prctl(2)."""
    _checked("prctl", _libc.prctl(option, value, 0, 0, 0))


def unshare(flags: int) -> None:
    """unshare(2). Only for a process of one thread: with more, the kernel answers EINVAL."""
    _checked("unshare", _libc.unshare(flags))


def setns(fd: int, kind: int) -> None:
    """setns(2): this thread, and no other, is in that namespace from now on."""
    _checked("setns", _libc.setns(fd, kind))


def capset(mask: int) -> None:
    """This thread's effective and permitted capabilities, bit by number; none inheritable (capset(2))."""
    header = _CapHeader(_CAPABILITY_VERSION_3, 0)
    words = (mask & 0xFFFF_FFFF, mask >> 32)
    data = (_CapData * 2)(*(_CapData(word, word, 0) for word in words))
    _checked("capset", _libc.capset(ctypes.byref(header), data))


def link_open(fd: int, directory: int, name: bytes) -> None:
    """Give the file behind a descriptor, as of O_TMPFILE, a name (linkat(2), AT_EMPTY_PATH).

    Raises `OSError`: `EEXIST`; `ENOENT` before Linux 6.10 without CAP_DAC_READ_SEARCH on the host.
    """
    _checked("linkat", _libc.linkat(fd, b"", directory, name, AT_EMPTY_PATH))


def mount(source: str, target: str, fstype: str | None, flags: int = 0, data: str | None = None) -> None:
    """mount(2)."""
    _checked(
        "mount",
        _libc.mount(
            source.encode(),
            target.encode(),
            fstype.encode() if fstype else None,
            flags,
            data.encode() if data else None,
        ),
        target,
    )


def umount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    _checked("umount2", _libc.umount2(target.encode(), flags), target)


def open_tree(path: str) -> int:
    """A detached clone of the mount at `path`, as a descriptor (open_tree(2))."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
    return _checked("open_tree", _libc.syscall(_OPEN_TREE, AT_FDCWD, path.encode(), flags), path)


def mount_setattr(fd: int, attributes: int, userns_fd: int = 0) -> None:
    """Set attributes of a detached mount; with MOUNT_ATTR_IDMAP its files are seen through that user namespace."""
    attr = _MountAttr(attributes, 0, 0, userns_fd)
    _checked(
        "mount_setattr",
        _libc.syscall(_MOUNT_SETATTR, fd, b"", AT_EMPTY_PATH, ctypes.byref(attr), ctypes.sizeof(attr)),
    )


def move_mount(fd: int, target: str) -> None:
    """Attach a detached mount at `target` (move_mount(2))."""
    flags = MOVE_MOUNT_F_EMPTY_PATH
    _checked("move_mount", _libc.syscall(_MOVE_MOUNT, fd, b"", AT_FDCWD, target.encode(), flags), target)
