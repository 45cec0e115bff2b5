"""What a control group tells: frozen or thawed, forks refused, processor time used up.

cgroup2 wakes whoever polls cgroup.events when the group is frozen, thawed or empty (cgroups(7)); the rest, and all of
v1, is seen by comparing pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass

from runtime.kernel.cgroups import UNIFIED, Group
from runtime.kernel.target import Target
from runtime.protocol.model import Cgroup, Snapshot
from runtime.protocol.xray import Event

THROTTLED_SECONDS = 5.0
"""One that uses up its quota does so ten times a second: told at once when it begins, then now and then."""


@dataclass
class _Known:
    """What was told of one container, or was so when the watching began. Counters: None before the first picture."""

    frozen: bool
    throttled: int | None = None
    refused: int | None = None
    untold: int = 0  # periods throttled since the event
    told_at: float = -THROTTLED_SECONDS
    fd: int = -1


class CgroupObserver:
    """An `Observer` (`runtime.server.observers`)."""

    def __init__(
        self,
        tell: Callable[[str, Event], None],
        poke: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._poke = poke
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._ids: dict[int, str] = {}
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, target: Target) -> None:
        """Poll its cgroup.events, where there is one; what was counted before is no news."""
        id = target.container.id
        self.stop(id)
        known = self._known[id] = _Known(target.container.frozen)
        if UNIFIED not in target.cgroup_paths or target.pid is None:
            return
        with contextlib.suppress(OSError):
            known.fd = os.open(f"{target.cgroup_paths[UNIFIED]}/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
            os.pread(known.fd, 256, 0)  # what changes from this read on wakes the poll
            self._ids[known.fd] = id
            self._poller().register(known.fd, select.EPOLLPRI)

    def told(self, id: str, *, frozen: bool) -> bool:
        """Whoever did it says so itself, and no picture of it is news. False: a picture was quicker, and it is told."""
        known = self._known.get(id)
        if known is None:
            return True
        news, known.frozen = known.frozen != frozen, frozen
        return news

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        """Tell what differs from what was known."""
        known = self._known.get(target.container.id)
        if known is None:
            return
        frozen = after.info.frozen
        # A picture made in a thread may be older than what was told meanwhile: the kernel knows
        if frozen != known.frozen and Group(target.cgroup_mode, target.cgroup_paths).frozen() == frozen:
            known.frozen = frozen
            self._tell(target.container.id, Event(seq=0, at=0.0, kind="frozen" if frozen else "thawed"))
        if before is None or after.container.cgroup is not before.container.cgroup or known.untold:
            self._counted(target.container.id, known, after.container.cgroup)

    def gaps_of(self, _id: str) -> dict[str, str]:
        return {}  # what it looks at is in every picture

    def stop(self, id: str) -> None:
        """Let go of its file."""
        known = self._known.pop(id, None)
        if known is not None:
            self._close(known.fd)

    def close(self) -> None:
        """Let go of all."""
        for id in list(self._known):
            self.stop(id)
        if self._epoll is not None:
            if self._loop is not None:
                self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _counted(self, id: str, known: _Known, cgroup: Cgroup) -> None:
        events = cgroup.pids.get("pids.events")
        refused = events.get("max") if isinstance(events, dict) else None
        if isinstance(refused, int):
            if known.refused is not None and refused > known.refused:
                count, limit = refused - known.refused, cgroup.summary.pids_max
                self._tell(id, Event(seq=0, at=0.0, kind="refused-fork", count=count, limit=limit))
            known.refused = refused
        throttled = cgroup.summary.nr_throttled
        if throttled is not None:
            if known.throttled is not None:
                known.untold += max(0, throttled - known.throttled)
            known.throttled = throttled
        now = self._clock()
        if known.untold and now - known.told_at >= THROTTLED_SECONDS:
            count, limit = known.untold, cgroup.summary.cpu_quota_usec
            known.untold, known.told_at = 0, now
            self._tell(id, Event(seq=0, at=0.0, kind="throttled", count=count, limit=limit))

    def _poller(self) -> select.epoll:
        """An epoll of its own within the event loop's: a kernfs file is always readable, and only EPOLLPRI is news."""
        if self._epoll is None:
            self._epoll = select.epoll()
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._epoll.fileno(), self._changed)
        return self._epoll

    def _changed(self) -> None:
        if self._epoll is None:
            return
        for fd, _ in self._epoll.poll(0):
            try:
                os.pread(fd, 256, 0)
            except OSError:  # ENODEV: the group is gone, and would wake us for ever
                self._close(fd)
            if id := self._ids.get(fd):
                self._poke(id)

    def _close(self, fd: int) -> None:
        if self._ids.pop(fd, None) is not None:
            if self._epoll is not None:
                with contextlib.suppress(OSError):
                    self._epoll.unregister(fd)
            os.close(fd)
