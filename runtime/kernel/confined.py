"""Paths below a directory, resolved by the kernel so that they cannot lead out of it (openat2(2), Linux 5.6).

Whoever made the names may be changing them while we look: a check before the open is none. So the kernel is told the
rule with the open, and what comes next is done on the descriptor. Not in Python 3.11, so through libc.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re

RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT = 1, 2, 4, 8, 16
MAX_PATH = 4095  # PATH_MAX, less the byte that ends it

_OPENAT2 = 437  # the same on every architecture (syscalls(2))
_TRIES = 64
_ESCAPE = re.compile(rb"\\x([89a-f][0-9a-f])")  # a byte below 0x80 always is text
_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def root(path: str) -> int:
    """A descriptor of a directory whose path is our own, for the calls below. Raises `OSError`."""
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def beneath(directory: int, path: bytes, flags: int) -> int:
    """Open `path` below a directory: no symbolic link on the way, no other mount, no way out by `..`.

    The last component is not followed either. Raises `OSError`: `ELOOP` for a link on the way, `EXDEV` for a way out.
    """
    resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV
    return _open(directory, path, flags | os.O_NOFOLLOW, resolve)


def in_root(directory: int, path: bytes, flags: int) -> int:
    """Open `path` as a process would whose root is that directory: `/` and `..` end there, links lead back into it.

    Links of /proc and other mounts are refused (`ELOOP`, `EXDEV`). The last component is followed unless `flags` has
    `O_NOFOLLOW`. Raises `OSError`.
    """
    return _open(directory, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)


def inside(directory: int, path: bytes, flags: int) -> int:
    """As `in_root`, across mounts: for who is in the mount namespace already, where all mounts are the container's."""
    return _open(directory, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)


def reopen(fd: int, flags: int) -> int:
    """Open anew what an `O_PATH` descriptor stands for: that very file, whatever its name leads to by now.

    Look first what it is (`fstat`): to open a fifo may wait, to open a device may act. Raises `OSError`.
    """
    return os.open(f"/proc/self/fd/{fd}", flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)


def path_of(fd: int) -> bytes:
    """Where a descriptor's file is by now, as this process's mount namespace names it (proc_pid_fd(5)).

    One that was removed ends in ` (deleted)`, which could be a name as well: whoever relies on it opens it again.
    """
    return os.readlink(f"/proc/self/fd/{fd}".encode())


def parent(directory: int, path: bytes, *, links: bool) -> tuple[int, bytes, bytes]:
    """The directory that holds `path`: (an `O_PATH` descriptor, its own path from the root with all links resolved and
    no `/` at its end, the name in it). The name is empty for the root itself, and for a path that ends in `..`.

    `links`: follow those on the way, within the root. Raises `OSError`.
    """
    parts = components(path)
    name = parts.pop() if parts and parts[-1] != b".." else b""
    way = b"/".join(parts)
    flags = os.O_PATH | os.O_DIRECTORY
    fd = in_root(directory, way, flags) if links else beneath(directory, way, flags)
    try:
        return fd, _below(directory, fd), name
    except BaseException:
        os.close(fd)
        raise


def components(path: bytes) -> list[bytes]:
    """The names of a path, without those that lead nowhere."""
    return [part for part in path.split(b"/") if part not in (b"", b".")]


def spellings(path: str) -> tuple[bytes, ...]:
    r"""What a path that was shown may be on disk: these very characters, or bytes where it says `\xNN`, as
    `procfs.text` writes what is not UTF-8."""
    literal = path.encode("utf-8", "surrogateescape")
    escaped = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), literal)
    return (literal,) if escaped == literal else (literal, escaped)


def _below(directory: int, fd: int) -> bytes:
    """The path of `fd` from `directory` on. Raises `FileNotFoundError` for what was removed meanwhile."""
    top, path = path_of(directory), path_of(fd)
    if path == top:
        return b""
    relative = path.removeprefix(top.rstrip(b"/"))
    again = beneath(directory, relative, os.O_PATH | os.O_DIRECTORY)
    try:
        if relative == path or not os.path.samestat(os.fstat(again), os.fstat(fd)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fsdecode(relative))
    finally:
        os.close(again)
    return relative


def _open(directory: int, path: bytes, flags: int, resolve: int) -> int:
    if b"\0" in path:
        raise OSError(errno.EINVAL, "a path cannot hold a zero byte")
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    name = path.lstrip(b"/") or b"."
    for _ in range(_TRIES):
        fd: int = _libc.syscall(_OPENAT2, directory, name, ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            return fd
        # A rename or mount somewhere on the machine while `..` was walked: the kernel cannot vouch for it (man page)
        if (code := ctypes.get_errno()) not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(code, os.strerror(code), os.fsdecode(path))
