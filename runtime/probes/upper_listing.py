"""The upper layer as find(1) would print it."""

from __future__ import annotations

import os
import stat
import time

from runtime.kernel import procfs

FORMAT = r"%M %s %b %P\n"  # mode, bytes, blocks of 512, path
SECONDS = 0.05
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def listing(upperdir: str, limit: int) -> tuple[str, bool]:
    """`find upperdir -mindepth 1 -printf FORMAT`, at most `limit` bytes; and whether it was cut. Raises `OSError`.

    Names were made inside the container: no link is followed, and only directories are opened.
    """
    lines: list[str] = []
    deadline = time.thread_time() + SECONDS
    room = limit
    stack = [(os.open(upperdir, _FLAGS), "")]
    try:
        while stack:
            directory, path = stack.pop()
            try:
                room = _list(directory, path, lines, room, deadline, stack)
            finally:
                os.close(directory)
            if room < 0:
                break
    finally:
        for directory, _ in stack:
            os.close(directory)
    return "".join(lines), room < 0


def _list(directory: int, path: str, lines: list[str], room: int, deadline: float, stack: list[tuple[int, str]]) -> int:
    with os.scandir(directory) as entries:
        for entry in entries:
            below = f"{path}{entry.name}"
            try:
                info = os.stat(entry.name, dir_fd=directory, follow_symlinks=False)
                line = f"{stat.filemode(info.st_mode)} {info.st_size} {info.st_blocks} {_shown(below)}\n"
                room -= len(line.encode())
                if room < 0 or time.thread_time() > deadline or len(stack) > 256:
                    return -1
                lines.append(line)
                if stat.S_ISDIR(info.st_mode):
                    stack.append((os.open(entry.name, _FLAGS, dir_fd=directory), f"{below}/"))
            except (FileNotFoundError, NotADirectoryError):  # removed or replaced under our eyes
                continue
    return room


def _shown(path: str) -> str:
    return procfs.text(os.fsencode(path))
