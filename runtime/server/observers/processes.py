"""Births, programs and deaths as they happen, those between two pictures too: the kernel tells of each (connector).

One socket for the worker, open while any container is watched. It brings the whole host's news; a flood of them, of
whoever it be, is read in bounded gulps, so that terminals go on between.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from runtime.kernel import procfs
from runtime.kernel.connector import Connector
from runtime.kernel.target import Target
from runtime.probes.gaps import why
from runtime.protocol.model import Snapshot
from runtime.server.observers.lives import Lives

if TYPE_CHECKING:
    from runtime.server.observers import Tell

GULP = 256  # news read at once: about half a millisecond
GULPS = 4  # before a picture is compared; what comes later still fits
WINDOW = 0.05  # seconds
WAKES = 50  # in a window; then news are left to gather
PAUSE = 0.005  # seconds they gather, as long as more than a few come in such a time
FEW = 5
LINGER = 0.05  # seconds in which another thread of an ended one may become the process
PEEK = 0.004  # seconds between two looks at the runtime's children that are about to enter a container
RESYNC = 1.0  # seconds between two looks for who went while news were lost
GAP = "events.processes"

log = logging.getLogger(__name__)


class ProcessObserver:
    """As `Observer`."""

    def __init__(self, tell: Tell, proc: procfs.Proc | None = None) -> None:
        self.lives = Lives(tell, proc)
        self.gaps: dict[str, str] = {}
        self._connector: Connector | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._settle: asyncio.TimerHandle | None = None
        self._peek: asyncio.TimerHandle | None = None
        self._window = 0.0
        self._wakes = 0
        self._resynced = 0.0

    # --- as Observer -----------------------------------------------------------------------------------------------

    def start(self, target: Target) -> None:
        if not self.lives:
            self._open()
        self.lives.watch(target, _members(target))

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        if before is not None and before.container.processes is after.container.processes:
            return
        self.lives.pictured(target.container.id, after.container.processes)
        for _ in range(GULPS):
            if self._drain() < GULP:
                break
        self.lives.compare(target, before, after, blind=self._connector is None)

    def gaps_of(self, _id: str) -> dict[str, str]:
        return self.gaps

    def stop(self, id: str) -> None:
        self.lives.forget(id)
        if not self.lives:
            self.close()

    def close(self) -> None:
        connector, self._connector = self._connector, None
        for timer in (self._pause, self._settle, self._peek):
            if timer:
                timer.cancel()
        self._pause = self._settle = self._peek = None
        if connector:
            asyncio.get_running_loop().remove_reader(connector)
            connector.close()

    # --- the socket ------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.gaps = {}
        try:
            self._connector = Connector()
        except OSError as error:
            reason = why(error, "the proc connector")
            self.gaps = {GAP: f"{reason}: births and deaths are told from one picture to the next"}
            return
        self.lives.begin()
        asyncio.get_running_loop().add_reader(self._connector, self._ready)

    def _ready(self) -> None:
        count = self._drain()
        now = time.monotonic()
        if now - self._window > WINDOW:
            self._window, self._wakes = now, 0
        self._wakes += 1
        if self._connector and (self._wakes > WAKES or count == GULP):
            asyncio.get_running_loop().remove_reader(self._connector)
            self._rest()

    def _rest(self) -> None:
        self._pause = asyncio.get_running_loop().call_later(PAUSE, self._again)

    def _again(self) -> None:
        self._pause = None
        count = self._drain()
        if self._connector is None:
            return
        if count > FEW:
            self._rest()
        else:
            asyncio.get_running_loop().add_reader(self._connector, self._ready)

    def _drain(self) -> int:
        """Take a gulp of what waits; how many they were."""
        if self._connector is None:
            return 0
        try:
            news, lost = self._connector.read(GULP)
        except OSError as error:
            log.exception("the proc connector failed")
            self.close()
            self.gaps = {GAP: f"{why(error, 'the proc connector')}: births and deaths are told late"}
            return 0
        self.lives.take(news)
        if lost and time.monotonic() - self._resynced > RESYNC:
            self._resynced = time.monotonic()
            self.lives.lost()
        if self.lives.lingering and self._settle is None:
            self._settle = asyncio.get_running_loop().call_later(LINGER, self._settled)
        if self.lives.forked and self._peek is None:
            self._peek = asyncio.get_running_loop().call_later(PEEK, self._peeked)
        return len(news)

    def _peeked(self) -> None:
        self._peek = None
        self.lives.peek()
        if self.lives.forked:
            self._peek = asyncio.get_running_loop().call_later(PEEK, self._peeked)

    def _settled(self) -> None:
        self._settle = None
        self.lives.settle(time.monotonic_ns() - int(LINGER * 0.9e9))
        if self.lives.lingering:
            self._settle = asyncio.get_running_loop().call_later(LINGER, self._settled)


def _members(target: Target) -> list[int]:
    """Who is in its cgroups now, those of cgroup2 and one of v1's."""
    found: set[int] = set()
    paths = target.cgroup_paths
    for directory in (paths.get("unified"), paths.get("pids") or paths.get("memory")):
        try:
            found.update(procfs.read_numbers(f"{directory}/cgroup.procs") if directory else ())
        except (OSError, ValueError):
            continue
    return sorted(found)
