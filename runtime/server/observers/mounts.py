"""What PID 1's mount table gained and lost. The kernel tells that it changed, the next picture what changed.

A descriptor of mountinfo can be polled (proc_pid_mountinfo(5)), and it holds the mount namespace: the overlay of a
container that has ended, and the memory of its upper, would stay. So the end of PID 1 is waited for beside it, and
lets it go at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
from collections.abc import Callable
from dataclasses import dataclass

from runtime.kernel import pidfd
from runtime.kernel.target import Target
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event, Mount

MOST = 64  # mounts told of in one picture; of the rest how many


@dataclass(frozen=True, slots=True)
class _Watched:
    """What is open for one container."""

    table: int
    process: int


class MountObserver:
    """An `Observer`. One epoll for all containers: it costs nothing while nothing is mounted."""

    def __init__(self, tell: Callable[[str, Event], None], poke: Callable[[str], None]) -> None:
        self._tell = tell
        self._poke = poke
        self._watched: dict[str, _Watched] = {}
        self._ids: dict[int, str] = {}
        self._epoll: select.epoll | None = None

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
                table = os.open(f"/proc/{target.pid}/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
                if pidfd.starttime(target.pid) != target.starttime and target.starttime:
                    raise ProcessLookupError(3, "another process has its number")
                epoll = self._listen()
                epoll.register(table, select.EPOLLPRI)
                epoll.register(process, select.EPOLLIN)
            except OSError:
                for fd in (process, table):
                    if fd >= 0:
                        os.close(fd)
                return
            self._watched[id] = _Watched(table, process)
            self._ids |= {table: id, process: id}

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        """Tell what is new in PID 1's table, and what is not there any more."""
        old = before.walls.mounts if before and before.walls else None
        new = after.walls.mounts if after.walls else None
        if old is None or new is None or old.container is new.container or old.container == new.container:
            return
        if before is None or before.info.generation != after.info.generation:
            return
        gone = [mount for key, mount in old.container.items() if not _is(new.container.get(key), mount)]
        come = [mount for key, mount in new.container.items() if not _is(old.container.get(key), mount)]
        events = [
            *(Event(seq=0, at=0.0, kind="unmounted", path=mount.point, type=mount.fstype) for mount in reversed(gone)),
            *(Event(seq=0, at=0.0, kind="mounted", path=mount.point, type=mount.fstype) for mount in come),
        ]
        for event in events[:MOST]:
            self._tell(target.container.id, event)
        if len(events) > MOST:
            self._tell(target.container.id, Event(seq=0, at=0.0, kind="more", count=len(events) - MOST))

    def stop(self, id: str) -> None:
        """Let go of its table."""
        watched = self._watched.pop(id, None)
        if watched is None:
            return
        for fd in (watched.table, watched.process):
            self._ids.pop(fd, None)
            if self._epoll is not None:
                with contextlib.suppress(OSError):
                    self._epoll.unregister(fd)
            os.close(fd)

    def close(self) -> None:
        """Let go of every descriptor."""
        for id in list(self._watched):
            self.stop(id)
        if self._epoll is not None:
            with contextlib.suppress(RuntimeError):  # no loop runs any more
                asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _listen(self) -> select.epoll:
        if self._epoll is None:
            self._epoll = select.epoll()
            asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._heard)
        return self._epoll

    def _heard(self) -> None:
        if self._epoll is None:
            return
        for fd, _ in self._epoll.poll(0):
            id = self._ids.get(fd)
            if id is None:
                continue
            if fd == self._watched[id].process:
                self.stop(id)
            else:
                self._poke(id)


def _is(other: Mount | None, mount: Mount) -> bool:
    """Whether it is still that mount: numbers are used again."""
    return other is not None and (other.point, other.fstype, other.device) == (mount.point, mount.fstype, mount.device)
