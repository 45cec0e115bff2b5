"""What PID 1's mount table gained and lost.

A descriptor of mountinfo can be polled (proc_pid_mountinfo(5)), and it holds the mount namespace: the overlay of a
container that has ended, and the memory of its upper, would stay. So the end of PID 1 is waited for beside it, and
lets it go at once.

Polled with each picture, which costs a microsecond. The event loop cannot wait for it: the descriptor is readable
always, and of an epoll within an epoll the outer one's question uses up the inner one's answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from runtime.kernel import mountinfo, pidfd
from runtime.kernel.target import Target
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event

MOST = 64  # mounts told of at once; of the rest how many
MAX_BYTES = 1024 * 1024  # of a table: one with thousands of mounts is compared as far as that


@dataclass(slots=True)
class _Watched:
    """What is open for one container, and its table as last told. `process`: a pidfd of PID 1."""

    table: int
    process: int
    poll: select.poll
    lines: frozenset[bytes]


class MountObserver:
    """An `Observer` (`runtime.server.observers`)."""

    def __init__(self, tell: Callable[[str, Event], None], poke: Callable[[str], None]) -> None:
        self._tell = tell
        self._poke = poke
        self._watched: dict[str, _Watched] = {}

    def start(self, target: Target) -> None:
        """Watch the table of this PID 1."""
        id = target.container.id
        self.stop(id)
        if target.pid is None:
            return
        with contextlib.suppress(OSError, ValueError):
            process = pidfd.open_pidfd(target.pid, target.starttime)
            if process is None:
                return
            table = -1
            try:
                table = _open_table(target.pid, target.starttime)
                lines = _read(table)
            except (OSError, ValueError):
                for fd in (process, table):
                    if fd >= 0:
                        os.close(fd)
                return
            poll = select.poll()
            poll.register(table, select.POLLPRI)
            self._watched[id] = _Watched(table, process, poll, lines)
            asyncio.get_running_loop().add_reader(process, self.stop, id)

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        """If the table changed, tell how, and ask for a picture that shows it."""
        del before, after
        id = target.container.id
        watched = self._watched.get(id)
        if watched is None or not watched.poll.poll(0):
            return
        with contextlib.suppress(OSError, ValueError):
            lines = _read(watched.table)
            events = _changes(watched.lines, lines)
            watched.lines = lines
            for event in events[:MOST]:
                self._tell(id, event)
            if len(events) > MOST:
                self._tell(id, Event(seq=0, at=0.0, kind="more", count=len(events) - MOST))
            self._poke(id)

    def gaps_of(self, _id: str) -> dict[str, str]:
        return {}  # what it looks at is in every picture

    def stop(self, id: str) -> None:
        """Let go of its table."""
        watched = self._watched.pop(id, None)
        if watched is None:
            return
        with contextlib.suppress(RuntimeError):  # no loop runs any more
            asyncio.get_running_loop().remove_reader(watched.process)
        os.close(watched.process)
        os.close(watched.table)

    def close(self) -> None:
        """Let go of every descriptor."""
        for id in list(self._watched):
            self.stop(id)


def _open_table(pid: int, starttime: int) -> int:
    """Its mountinfo. Raises `OSError` if the number is another process's."""
    table = os.open(f"/proc/{pid}/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
    if starttime and pidfd.starttime(pid) != starttime:
        os.close(table)
        raise ProcessLookupError(errno.ESRCH, "another process has its number")
    return table


def _read(table: int) -> frozenset[bytes]:
    """The lines of the table now, through the kept descriptor. Raises `OSError`."""
    os.lseek(table, 0, os.SEEK_SET)
    raw = b""
    while len(raw) < MAX_BYTES and (part := os.read(table, 64 * 1024)):
        raw += part
    return frozenset(raw.split(b"\n")[:-1])  # what follows the last line's end is nothing, or cut


def _changes(old: frozenset[bytes], new: frozenset[bytes]) -> list[Event]:
    """What went, the deepest first, and what came. One whose options alone changed did neither."""
    gone = {_identity(mount): mount for mount in map(mountinfo.parse_line, old - new)}
    come = {_identity(mount): mount for mount in map(mountinfo.parse_line, new - old)}
    left = [mount for key, mount in gone.items() if key not in come]
    made = [mount for key, mount in come.items() if key not in gone]
    return [
        *(_event("unmounted", mount) for mount in sorted(left, key=lambda mount: -len(mount.point))),
        *(_event("mounted", mount) for mount in sorted(made, key=lambda mount: len(mount.point))),
    ]


def _identity(mount: mountinfo.Mount) -> tuple[int, str, str, str]:
    """Numbers are used again."""
    return mount.id, mount.point, mount.fstype, mount.device


def _event(kind: Literal["mounted", "unmounted"], mount: mountinfo.Mount) -> Event:
    return Event(seq=0, at=0.0, kind=kind, path=mount.point, type=mount.fstype)
