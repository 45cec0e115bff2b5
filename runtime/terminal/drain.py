"""How far a pty is read while no visible viewer drives it.

For half a minute after the last driver left, no further than that driver could still be served from the ring: a lost
connection or a restarted server then costs no byte. After that at a rate: a forgotten `yes` must not burn a core, a
long build must go on.
"""

from __future__ import annotations

import time

from runtime.protocol.pty import RING_BYTES

LEASE = 30.0
LEASED = RING_BYTES // 2
RATE = 4 * 1024 * 1024  # bytes a second
BURST = 8 * 1024 * 1024


class Drain:
    """`head`: what a worker before this one had read. Then somebody may come back who saw less; never on a new pty."""

    def __init__(self, head: int) -> None:
        self._tokens = float(BURST)
        self._at = time.monotonic()
        self._base = head
        self._until = self._at + LEASE if head else 0.0

    def lease(self, acked: int) -> None:
        """The driver left, having seen what is before `acked`."""
        self._base, self._until = acked, time.monotonic() + LEASE

    def attended(self) -> None:
        """A driver is there, if hidden: nobody is waited for."""
        self._until = 0.0

    def room(self, head: int) -> int:
        now = time.monotonic()
        self._tokens = min(float(BURST), self._tokens + (now - self._at) * RATE)
        self._at = now
        if now < self._until:
            return min(self._base + LEASED - head, int(self._tokens))
        return int(self._tokens)

    def took(self, count: int) -> None:
        self._tokens -= count
