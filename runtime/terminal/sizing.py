"""The pty's size: the driver's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from runtime.kernel import pty as kernel_pty
from runtime.kernel.pty import Winsize
from runtime.protocol import pty

WIGGLE = 0.05


class Sizing:
    """`changed` is called after the pty has another size."""

    def __init__(self, changed: Callable[[Winsize], None]) -> None:
        self.size = Winsize(80, 24)
        self._changed = changed
        self._master = -1
        self._wiggling: asyncio.TimerHandle | None = None

    def open(self, master: int) -> None:
        """The descriptor stays the caller's."""
        self._master = master
        self.size = kernel_pty.winsize(master)

    def close(self) -> None:
        if self._wiggling:
            self._wiggling.cancel()
            self._wiggling = None
        self._master = -1

    def resize(self, size: Winsize) -> None:
        if size == self.size or self._master < 0:
            return
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, size)
        self.size = size
        self._changed(size)

    def wiggle(self) -> None:
        """The kernel sends SIGWINCH only when the size changes: one row less, and back."""
        if self._wiggling or self._master < 0:
            return
        rows = self.size.rows - 1 if self.size.rows > pty.ROWS[0] else self.size.rows + 1
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, Winsize(self.size.cols, rows))
        self._wiggling = asyncio.get_running_loop().call_later(WIGGLE, self._unwiggle)

    def _unwiggle(self) -> None:
        self._wiggling = None
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, self.size)
