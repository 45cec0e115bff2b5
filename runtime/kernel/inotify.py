"""inotify(7): the kernel tells what happens to the entries of a directory. Not in Python 3.11, so through libc.

One descriptor has many watches; each is a number (`wd`) for an inode, not for a path. A descriptor counts against the
user's `max_user_instances` (128 by default), a watch against `max_user_watches`: have one descriptor, and few watches.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

IN_MODIFY, IN_ATTRIB = 0x2, 0x4
IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x40, 0x80, 0x100, 0x200
IN_DELETE_SELF, IN_MOVE_SELF = 0x400, 0x800
IN_UNMOUNT, IN_Q_OVERFLOW, IN_IGNORED = 0x2000, 0x4000, 0x8000
IN_ONLYDIR, IN_EXCL_UNLINK, IN_ISDIR = 0x0100_0000, 0x0400_0000, 0x4000_0000

# From include/uapi/linux/inotify.h; the flags of inotify_init1(2) are those of open(2)
_HEADER = struct.Struct("iIII")  # wd, mask, cookie, length of the name with its padding
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Record:
    """One `struct inotify_event`. `name` is empty for the watched directory itself; `cookie` pairs the two of a
    rename. `wd` is -1 for IN_Q_OVERFLOW."""

    wd: int
    mask: int
    cookie: int
    name: bytes


class Inotify:
    """A descriptor, non-blocking. Raises `OSError` (`EMFILE`: the user has no instance left)."""

    def __init__(self) -> None:
        self.fd = _checked("inotify_init1", _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))

    def watch(self, path: str, mask: int) -> int:
        """Watch what `path` leads to. The same inode again gives the same number, with the new mask.

        To watch an open directory, whatever its name leads to by now: `/proc/self/fd/N`. Raises `OSError` (`ENOSPC`:
        the user has no watch left).
        """
        return _checked("inotify_add_watch", _libc.inotify_add_watch(self.fd, os.fsencode(path), mask), path)

    def unwatch(self, wd: int) -> None:
        """End a watch; one that ended by itself, as its directory was removed, is no error."""
        if _libc.inotify_rm_watch(self.fd, wd) < 0 and (code := ctypes.get_errno()) != errno.EINVAL:
            raise OSError(code, f"inotify_rm_watch: {os.strerror(code)}")

    def read(self, limit: int = 64 * 1024) -> list[Record]:
        """What waits, at most `limit` bytes of it (a record has 16 and its name's). Nothing waits: an empty list."""
        try:
            return list(parse(os.read(self.fd, limit)))
        except BlockingIOError:
            return []

    def close(self) -> None:
        """Let go of it and of all its watches."""
        os.close(self.fd)


def parse(raw: bytes) -> Iterator[Record]:
    """The records of one read(2), which gives whole ones only."""
    at = 0
    while at + _HEADER.size <= len(raw):
        wd, mask, cookie, length = _HEADER.unpack_from(raw, at)
        at += _HEADER.size
        yield Record(wd, mask, cookie, raw[at : at + length].rstrip(b"\0"))
        at += length


def _checked(name: str, result: int, path: str | None = None) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}", path)
    return result
