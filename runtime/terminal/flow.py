"""Reading the pty into the ring: as far as who governs has credit, else as far as the drain policy goes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from runtime.protocol import pty
from runtime.terminal.drain import Drain
from runtime.terminal.meters import METERS
from runtime.terminal.ring import Ring
from runtime.terminal.viewer import Viewer

TURN = 64 * 1024  # bytes read before others get their turn, about a millisecond
PAUSE_BELOW, RESUME_AT = 4096, 32 * 1024
COALESCE = 0.003
AFTER_INPUT = 0.05  # seconds in which output is an answer to a key, and is not kept waiting
SPARSE = 1024  # after so small a read the next one would only say EAGAIN
RECHECK = 0.05
LAST_BYTES = 256 * 1024
PIECES = (4000, 16 * 1024)  # bytes that are understood at a time, one read at the least
LONG_TURN = 0.002  # seconds that understanding a turn's output may take
HELD = 0.3  # seconds
NO_ANSWER = 10.0  # seconds after which output is no answer to a key any more


class Flow:
    """`governor`: whose credit counts now; `heard(from)`: bytes from there on are new; `flush`: send what there is.

    `held`: for a while now nothing was read, as who governs is behind; `changed` is called when that changes.
    """

    def __init__(
        self,
        ring: Ring,
        *,
        governor: Callable[[], Viewer | None],
        heard: Callable[[int], None],
        flush: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._ring = ring
        self._governor = governor
        self._heard = heard
        self._send = flush
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self.drain = Drain(ring.head)
        self.reading = False
        self._master = -1
        self._later: asyncio.TimerHandle | None = None  # the next flush
        self._recheck: asyncio.TimerHandle | None = None
        self._last_input = self._last_flush = 0.0
        self._flushed = ring.head
        self._piece = PIECES[1]
        self._asked: float | None = None  # when a key was typed that has no answer yet
        self.held = False
        self._held_since: float | None = None
        self._holding: asyncio.TimerHandle | None = None

    def open(self, master: int) -> None:
        """Read from there from now on; the descriptor stays the caller's."""
        self._master = master
        self.consider()

    def close(self) -> None:
        for handle in (self._later, self._recheck, self._holding):
            if handle:
                handle.cancel()
        self._later = self._recheck = self._holding = None
        self._pause()
        self._let_go()
        self._master = -1

    def typed(self) -> None:
        """What comes now is an answer."""
        self._last_input = time.monotonic()
        if self._asked is None:
            self._asked = self._last_input

    def consider(self) -> None:
        """Read again when there is room for it; without a governor, look again in a while."""
        if self._master < 0 or self.reading:
            return
        governor = self._governor()
        if self._room() >= (min(RESUME_AT, governor.window // 2) if governor else RESUME_AT):
            self.reading = True
            self._let_go()
            self._loop.add_reader(self._master, self._read)
        elif governor is None and self._recheck is None:
            self._recheck = self._loop.call_later(RECHECK, self._consider_again)

    def read_on(self) -> None:
        """Read what is there, within one turn and the room there is."""
        if not self.reading:
            return
        before = heard = self._ring.head
        until = time.monotonic() + LONG_TURN
        try:
            while self._ring.head - before < TURN:
                room = self._room()
                if room < PAUSE_BELOW:
                    self._pause()
                    self._hold()
                    self.consider()
                    break
                if self._ring.fill(self._master, room) < SPARSE:
                    break
                if self._ring.head - heard >= self._piece:
                    self._understand(heard)
                    heard = self._ring.head
                    if time.monotonic() > until:
                        break
        except BlockingIOError:
            pass
        except OSError:
            self._pause()  # EIO: nobody has the slave open; with a peer of our own it does not come
        if self._ring.head > before and self._governor() is None:
            self.drain.took(self._ring.head - before)
        if self._ring.head > heard:
            self._understand(heard)

    def read_out(self) -> None:
        """The last there is, without regard to credit: its writer is dead."""
        before = self._ring.head
        with contextlib.suppress(OSError):
            while self._ring.head - before < LAST_BYTES and self._ring.fill(self._master, TURN):
                pass
        self._heard(before)

    def flush(self) -> None:
        if self._later:
            self._later.cancel()
            self._later = None
        self._last_flush = time.monotonic()
        self._flushed = self._ring.head
        self._send()

    def _understand(self, before: int) -> None:
        """Output made of nothing but control sequences takes long to understand: then less of it is taken at a time."""
        began = time.monotonic()
        if self._asked is not None:
            if began - self._asked < NO_ANSWER:
                METERS.echo.observe(began - self._asked)
            self._asked = None
        self._heard(before)
        slow = time.monotonic() - began > LONG_TURN
        self._piece = max(PIECES[0], self._piece // 2) if slow else min(PIECES[1], self._piece * 2)

    def _read(self) -> None:
        """Bytes are there. Kept for 3 ms for more to come, unless they answer a key or fill a frame."""
        self.read_on()
        now = time.monotonic()
        since = now - self._last_flush
        fresh = self._ring.head - self._flushed
        if fresh >= pty.MAX_OUTPUT or now - self._last_input < AFTER_INPUT or since >= COALESCE:
            self.flush()
        elif self._later is None:
            self._later = self._loop.call_later(COALESCE - since, self.flush)

    def _room(self) -> int:
        """How many bytes may be read now."""
        if governor := self._governor():
            return governor.window - (self._ring.head - governor.acked)
        return self.drain.room(self._ring.head)

    def _pause(self) -> None:
        if self.reading:
            self._loop.remove_reader(self._master)
            self.reading = False

    def _hold(self) -> None:
        if self.reading or self._governor() is None or self._held_since is not None:
            return
        self._held_since = time.monotonic()
        if self._holding is None:
            self._holding = self._loop.call_later(HELD, self._say_held)

    def _let_go(self) -> None:
        if self._held_since is None:
            return
        METERS.paused += time.monotonic() - self._held_since
        self._held_since = None
        if self.held:
            self.held = False
            self._changed()

    def _say_held(self) -> None:
        """The timer of one pause serves the next as well: a flood pauses a thousand times a second."""
        self._holding = None
        if self._held_since is None:
            return
        left = self._held_since + HELD - time.monotonic()
        if left > 0.001:
            self._holding = self._loop.call_later(left, self._say_held)
        else:
            self.held = True
            self._changed()

    def _consider_again(self) -> None:
        self._recheck = None
        self.consider()
