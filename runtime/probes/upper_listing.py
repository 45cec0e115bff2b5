"""The upper layer as find(1) would print it, and its marks as getfattr(1) would."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable

from runtime.kernel import overlayfs, procfs

FORMAT = r"%M %s %b %P\n"  # mode, bytes, blocks of 512, path
SECONDS = 0.05
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_Line = Callable[[int, str, str, os.stat_result], str]
"""(directory, name in it, path from the upper on, lstat) → what is printed of it."""


def listing(upperdir: str, limit: int) -> tuple[str, bool]:
    """`find upperdir -mindepth 1 -printf FORMAT`, at most `limit` bytes; and whether it was cut. Raises `OSError`."""
    return _walk(upperdir, limit, _found)


def marks(upperdir: str, shown: str, limit: int) -> tuple[str, bool]:
    """`getfattr -R -P -d -h -m trusted.overlay -e hex --absolute-names shown`, likewise."""

    def attributes(directory: int, name: str, below: str, _info: os.stat_result) -> str:
        path = overlayfs.at(directory, name)
        names = sorted(one for one in os.listxattr(path, follow_symlinks=False) if one.startswith(overlayfs.PREFIX))
        lines = (f"{one}=0x{os.getxattr(path, one, follow_symlinks=False).hex()}\n" for one in names)
        return f"# file: {_shown(f'{shown}/{below}')}\n{''.join(lines)}\n" if names else ""

    return _walk(upperdir, limit, attributes)


def _walk(upperdir: str, limit: int, line: _Line) -> tuple[str, bool]:
    """Names were made inside the container: no link is followed, and only directories are opened."""
    lines: list[str] = []
    deadline = time.thread_time() + SECONDS
    room = limit
    stack = [(os.open(upperdir, _FLAGS), "")]
    try:
        while stack:
            directory, path = stack.pop()
            try:
                room = _list(directory, path, line, lines, room, deadline, stack)
            finally:
                os.close(directory)
            if room < 0:
                break
    finally:
        for directory, _ in stack:
            os.close(directory)
    return "".join(lines), room < 0


def _list(
    directory: int, path: str, line: _Line, lines: list[str], room: int, deadline: float, stack: list[tuple[int, str]]
) -> int:
    with os.scandir(directory) as entries:
        for entry in entries:
            below = f"{path}{entry.name}"
            try:
                info = os.stat(entry.name, dir_fd=directory, follow_symlinks=False)
                text = line(directory, entry.name, below, info)
                room -= len(text.encode())
                if room < 0 or time.thread_time() > deadline or len(stack) > 256:
                    return -1
                lines.append(text)
                if stat.S_ISDIR(info.st_mode):
                    stack.append((os.open(entry.name, _FLAGS, dir_fd=directory), f"{below}/"))
            except (FileNotFoundError, NotADirectoryError):  # removed or replaced under our eyes
                continue
    return room


def _found(_directory: int, _name: str, below: str, info: os.stat_result) -> str:
    return f"{stat.filemode(info.st_mode)} {info.st_size} {info.st_blocks} {_shown(below)}\n"


def _shown(path: str) -> str:
    return procfs.text(os.fsencode(path))
