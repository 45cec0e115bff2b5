"""Containers that have a deadline are stopped at it, though the web be gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

_LONGEST = 86_400.0  # a timer is set anew each day: loops do not take centuries


class Deadlines:
    """One timer a container; `stop` is called with its id."""

    def __init__(self, stop: Callable[[str], Awaitable[object]]) -> None:
        self._stop = stop
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    def set(self, id: str, at: float | None) -> None:
        """`at` in seconds since the epoch; None: none."""
        self.forget(id)
        if at is not None:
            delay = min(max(0.0, at - time.time()), _LONGEST)
            self._timers[id] = asyncio.get_running_loop().call_later(delay, self._due, id, at)

    def forget(self, id: str) -> None:
        if timer := self._timers.pop(id, None):
            timer.cancel()

    def close(self) -> None:
        for id in list(self._timers):
            self.forget(id)

    def _due(self, id: str, at: float) -> None:
        del self._timers[id]
        if time.time() < at:
            self.set(id, at)
            return
        task = asyncio.get_running_loop().create_task(self._end(id))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _end(self, id: str) -> None:
        log.info("deadline", container=id)
        try:
            await self._stop(id)
        except Exception as error:
            log.warning("deadline: not stopped", container=id, error=str(error))
