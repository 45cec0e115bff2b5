"""What all viewers of a terminal, and its recorder, are served from: the bytes, and what stands between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runtime.protocol import pty
from runtime.terminal.band import Band
from runtime.terminal.ear import Ear
from runtime.terminal.meters import METERS
from runtime.terminal.ring import Ring
from runtime.terminal.tape import Tape


class Stream:
    """`late` is called when marks came to be told some time after the output they were in."""

    def __init__(self, ring: Ring, late: Callable[[], None]) -> None:
        self.ring = ring
        self.ear = Ear(ring)
        self.band = Band(80, 24)
        self.tape: Tape | None = None
        self._late = late
        self._later: asyncio.TimerHandle | None = None
        self._recalled = ring.head == 0

    def begin(self, cols: int, rows: int) -> None:
        """The size that the terminal has had so far."""
        self.band = Band(cols, rows)

    def heed(self, before: int) -> None:
        """The ring has more, from `before` on."""
        start = max(before, self.ring.tail)
        data = self.ring.read(start, self.ring.head)
        METERS.read += len(data)
        if self.tape:
            self.tape.output(start, data)
        self.ear.heed(data, self.ring.head)
        self._settle()

    def resized(self, cols: int, rows: int) -> None:
        self.band.size(self.ring.head, cols, rows)
        if self.tape:
            self.tape.resized(self.ring.head, cols, rows)

    def recall(self) -> None:
        """For the first who comes: the marks of what an earlier worker read."""
        if not self._recalled:
            self._recalled = True
            self.band.recall(self.ear.recall())

    def end(self, exit: pty.ExitBody | None) -> None:
        """Nothing follows, or not here."""
        if self._later:
            self._later.cancel()
            self._later = None
        self._settle(last=True)
        tape, self.tape = self.tape, None
        if tape:
            tape.ended(self.ring.head, exit)

    def _settle(self, *, last: bool = False) -> None:
        marks, wait = self.ear.settle(last=last)
        for mark in marks:
            self.band.mark(mark)
            if self.tape:
                self.tape.marked(mark.at, mark.kind, mark.body)
        if wait is not None and self._later is None:
            self._later = asyncio.get_running_loop().call_later(wait, self._settle_later)

    def _settle_later(self) -> None:
        self._later = None
        self._settle()
        self._late()
