"""What whoever drives does to a pty: keys, signals; and the line's end. Owns the descriptors it is given."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

from runtime.errors import Code, Fault
from runtime.kernel import pty as kernel_pty
from runtime.protocol import pty
from runtime.protocol.pty import InputStatus
from runtime.terminal.keyboard import Keyboard
from runtime.terminal.meters import METERS


class Hand:
    """`master` None: nothing is there any more to type to. `typed` is called whenever somebody did something."""

    def __init__(self, master: int | None, typed: Callable[[], None]) -> None:
        self.master = -1
        self.typed_at: float | None = None  # seconds since the epoch
        self._typed = typed
        if master is not None:
            os.set_blocking(master, False)
            self.master = master
            self._peer = kernel_pty.open_peer(master)  # while we hold a slave, "nobody has it open" is never read
            self._keyboard = Keyboard(master, self._peer)

    def type(self, data: bytes, done: Callable[[InputStatus], None]) -> None:
        """`done` as `Keyboard.type` has it."""

        def counted(status: InputStatus) -> None:
            METERS.dropped += status is InputStatus.DROPPED
            done(status)

        if self.master < 0:
            counted(InputStatus.DROPPED)
        else:
            self._act()
            self._keyboard.type(data, counted)

    def signal(self, signum: int) -> None:
        """To the foreground, past all that was typed."""
        if self.master >= 0:
            self._act()
            with contextlib.suppress(OSError):
                kernel_pty.send_signal(self.master, signum)

    def hang_up(self) -> None:
        """SIGHUP to what runs in the foreground."""
        if self.master >= 0:
            kernel_pty.hang_up(self.master)

    def close(self) -> None:
        if self.master >= 0:
            self._keyboard.close()
            os.close(self._peer)
            os.close(self.master)
            self.master = -1

    def _act(self) -> None:
        self.typed_at = time.time()
        self._typed()


def signal_of(frame: bytes) -> int:
    """What a SIGNAL frame asks for. Raises `Fault(protocol-error)`."""
    signum = pty.byte_body(frame)
    if signum not in pty.SIGNALS:
        raise Fault(Code.PROTOCOL_ERROR, f"SIGNAL {signum} is not one of {pty.SIGNALS}")
    return signum
