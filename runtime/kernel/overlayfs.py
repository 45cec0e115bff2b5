"""What overlayfs notes beside a file of a layer: how it came there (Documentation/filesystems/overlayfs.rst).

Its marks are extended attributes `trusted.overlay.*`, for eyes with CAP_SYS_ADMIN in the first user namespace, and
character devices 0:0 for what was deleted. A mount with `userxattr` has them under `user.overlay.*`; ours has not.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass

from runtime.protocol.xray import FileType

PREFIX = "trusted.overlay."
_NO_XATTR = frozenset({errno.ENODATA, errno.EOPNOTSUPP})


@dataclass(frozen=True, slots=True)
class Marks:
    """`origin`: copied up from a lower layer. `opaque`: `y`, a directory that hides those below; `x`, one that may hold
    whiteouts in their other form. `redirect`: where layers below have what lies here under this name. `metacopy`: owner
    and mode were copied up, the data is still below: `st_size` is the whole file's, and the blocks are next to none.
    """

    whiteout: bool = False
    origin: bool = False
    opaque: str = ""
    redirect: bytes | None = None
    metacopy: bool = False


NONE = Marks()
WHITEOUT = Marks(whiteout=True)
_ORIGIN = Marks(origin=True)


def marks(where: int | bytes, info: os.stat_result, *, in_x: bool = False) -> Marks:
    """The marks of one entry of a layer, whose `lstat` is `info`. Raises `OSError`.

    `where`: a descriptor, `O_PATH` will do, or a path whose last component is not followed; `at` makes one that stays
    in its directory. `in_x`: its directory is opaque of the kind `x`.
    """
    if stat.S_ISCHR(info.st_mode) and info.st_rdev == 0:
        return WHITEOUT
    path, follow = (b"/proc/self/fd/%d" % where, True) if isinstance(where, int) else (where, False)
    try:
        names = os.listxattr(path, follow_symlinks=follow)
    except OSError as error:
        if error.errno in _NO_XATTR:
            return NONE
        raise
    found = {name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)}
    if not found:
        return NONE
    if found == {"origin"}:
        return _ORIGIN
    if in_x and "whiteout" in found and stat.S_ISREG(info.st_mode) and info.st_size == 0:
        return WHITEOUT
    return Marks(
        origin="origin" in found,
        opaque=_value(path, "opaque", follow).decode("ascii", "replace") if "opaque" in found else "",
        redirect=_value(path, "redirect", follow) if "redirect" in found else None,
        metacopy="metacopy" in found,
    )


def entry_type(mode: int) -> FileType:
    """What an entry of a layer is, by its `st_mode` (inode(7)); both kinds of device are one."""
    if stat.S_ISDIR(mode):
        return "dir"
    if stat.S_ISLNK(mode):
        return "symlink"
    if stat.S_ISFIFO(mode):
        return "fifo"
    if stat.S_ISSOCK(mode):
        return "socket"
    return "file" if stat.S_ISREG(mode) else "device"


def at(directory: int, name: str | bytes) -> bytes:
    """A path for `marks`: an entry of an open directory, by its descriptor.

    There is no listxattrat(2) before Linux 6.13, and opening what a stranger made (a fifo, a device) can block or act.
    So only the last name is looked up, and not followed.
    """
    return b"/proc/self/fd/%d/%s" % (directory, os.fsencode(name))


def _value(path: bytes, name: str, follow: bool) -> bytes:
    try:
        return os.getxattr(path, PREFIX + name, follow_symlinks=follow)
    except OSError as error:
        if error.errno in _NO_XATTR:  # gone since it was listed
            return b""
        raise
