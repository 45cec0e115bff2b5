"""The pty's size: the driver's."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from runtime.kernel import pty as kernel_pty
from runtime.kernel.pty import Winsize
from runtime.protocol import pty

WIGGLE = 0.05
BURST, RATE = (
    5,
    5.0,
)  # changes at once, and a second: for each a program draws its screen anew


class Sizing:
    """`changed` is called after the pty has another size."""

    def __init__(self, changed: Callable[[Winsize], None]) -> None:
        self.size = Winsize(80, 24)
        self._asked = self.size
        self._changed = changed
        self._master = -1
        self._tokens = float(BURST)
        self._at = time.monotonic()
        self._later: asyncio.TimerHandle | None = None
        self._wiggling: asyncio.TimerHandle | None = None

    def open(self, master: int) -> None:
        """The descriptor stays the caller's. What is inside may have given its terminal any size, or none."""
        self._master = master
        found = kernel_pty.winsize(master)
        self.size = self._asked = Winsize(pty.clamp(found.cols, pty.COLS), pty.clamp(found.rows, pty.ROWS))

    def close(self) -> None:
        for handle in (self._later, self._wiggling):
            if handle:
                handle.cancel()
        self._later = self._wiggling = None
        self._master = -1

    def resize(self, size: Winsize) -> None:
        """At once, or a little later when there were many; of those the last."""
        self._asked = size
        if self._later is None:
            self._resize()

    def wiggle(self) -> None:
        """The kernel sends SIGWINCH only when the size changes: one row less, and back."""
        if self._wiggling or self._master < 0:
            return
        rows = self.size.rows - 1 if self.size.rows > pty.ROWS[0] else self.size.rows + 1
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, Winsize(self.size.cols, rows))
        self._wiggling = asyncio.get_running_loop().call_later(WIGGLE, self._unwiggle)

    def _resize(self) -> None:
        self._later = None
        if self._asked == self.size or self._master < 0:
            return
        now = time.monotonic()
        self._tokens = min(float(BURST), self._tokens + (now - self._at) * RATE)
        self._at = now
        if self._tokens < 1:
            self._later = asyncio.get_running_loop().call_later((1 - self._tokens) / RATE, self._resize)
            return
        self._tokens -= 1
        self.size = self._asked
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, self.size)
        self._changed(self.size)

    def _unwiggle(self) -> None:
        self._wiggling = None
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, self.size)
