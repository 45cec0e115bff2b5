"""How fast a viewer parses, and how much may be under way to it."""

from __future__ import annotations

import time

from runtime.protocol import pty

MIN_WINDOW, MAX_WINDOW = 32 * 1024, 256 * 1024
_AIM = 0.025  # seconds of output that may be under way, beyond the path's own delay
_MEASURE = 64 * 1024


class Pace:
    """How fast a viewer parses, and the window that keeps 25 ms of that under way."""

    def __init__(self) -> None:
        self._since: float | None = None  # start of a stretch in which something was always under way
        self._bytes = 0
        self._probe: tuple[int, float] | None = None
        self._delay = 0.05  # seconds from sending a byte to its ack: the least seen, slowly forgotten

    def sending(self, offset: int) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since, self._bytes = now, 0
        if self._probe is None:
            self._probe = (offset, now)

    def window(self, window: int, count: int, offset: int, *, idle: bool) -> int:
        now = time.monotonic()
        if self._probe and offset >= self._probe[0]:
            self._delay = min(self._delay * 1.02 + 0.0001, now - self._probe[1])
            self._probe = None
        self._bytes += count
        if self._since is not None and self._bytes >= _MEASURE:
            rate = self._bytes / max(now - self._since, 1e-6)
            aim = pty.clamp(int(rate * (_AIM + self._delay)), (MIN_WINDOW, MAX_WINDOW))
            window = (window + aim) // 2
            self._since, self._bytes = now, 0
        if idle:
            self._since = None
        return window
