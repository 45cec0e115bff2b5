"""STATE, at most four a second; the last word is always said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

EVERY = 0.25


class Status:
    """`say` is called soon after something changed."""

    def __init__(self, say: Callable[[], None]) -> None:
        self._say = say
        self._said_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        if self._timer is None:
            wait = self._said_at + EVERY - time.monotonic()
            if wait <= 0:
                self._now()
            else:
                self._timer = asyncio.get_running_loop().call_later(wait, self._now)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _now(self) -> None:
        self._timer = None
        self._said_at = time.monotonic()
        self._say()
