"""Namespaces by descriptor: who owns one, what it lies in (ioctl_nsfs(2)).

The numbers are written down here, as the headers of a distribution are often older than its kernel. What is asked of an
open descriptor is asked of that very namespace, whatever its processes do meanwhile: a link read before and opened
later may be another's.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

NS_GET_USERNS = 0xB701
NS_GET_PARENT = 0xB702
NS_GET_OWNER_UID = 0xB704

INITIAL = frozenset(
    {
        "cgroup:[4026531835]",
        "ipc:[4026531839]",
        "pid:[4026531836]",
        "time:[4026531834]",
        "user:[4026531837]",
        "uts:[4026531838]",
    }
)
"""The first namespaces of any kernel (include/linux/proc_ns.h); those of mnt and net have no fixed number."""

# "It is the first one" and "you may not know" are the same error; EINVAL: that kind has no such relation
_NONE = frozenset({errno.EPERM, errno.EINVAL, errno.ENOTTY})


def kind_of(key: str) -> str:
    """`net` of `net:[4026531840]`."""
    return key.partition(":")[0]


def key(kind: str, fd: int) -> str:
    """What readlink(1) prints of the namespace behind `fd`."""
    return f"{kind}:[{os.fstat(fd).st_ino}]"


def open_file(path: str, *, dir_fd: int | None = None) -> int:
    """Open a namespace's own file, such as `ns/net` below a descriptor of /proc/PID. Raises `OSError`.

    Only for links of /proc that no container chooses: what is opened must be a namespace's file already.
    """
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=dir_fd)


def owner(fd: int) -> int | None:
    """A descriptor of the user namespace that owns it; None for the first one, or one outside our view."""
    return _related(fd, NS_GET_USERNS)


def parent(fd: int) -> int | None:
    """A descriptor of the namespace it was made in: of pid and user. None as for `owner`, and for other kinds."""
    return _related(fd, NS_GET_PARENT)


def owner_uid(fd: int) -> int | None:
    """The user who made a user namespace, as our own user namespace counts; None for other kinds."""
    answer = bytearray(4)
    try:
        fcntl.ioctl(fd, NS_GET_OWNER_UID, answer)
    except OSError as error:
        if error.errno in _NONE:
            return None
        raise
    return int(struct.unpack("=I", answer)[0])


def _related(fd: int, request: int) -> int | None:
    try:
        return fcntl.ioctl(fd, request)  # close-on-exec, by the kernel
    except OSError as error:
        if error.errno in _NONE:
            return None
        raise
