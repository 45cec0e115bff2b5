"""What the output says about itself: modes, marks, and from where on it can be read again."""

from __future__ import annotations

import re
from collections import deque

from runtime.terminal.marks import Mark, Marks, body_of, kind_of
from runtime.terminal.modes import Modes
from runtime.terminal.ring import Ring
from runtime.terminal.scan import LONGEST, Scanner

CHECKPOINT = 64 * 1024
_PIECE = 64 * 1024


class Ear:
    """`modes`: of the end of the output. Begins with what an earlier worker noted beside the ring."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._scanner = Scanner()
        self._marks = Marks()
        self._changed = False
        self.modes, known = Modes.load(ring.note())
        if ring.tail < ring.head:
            walk = _Walk(self.modes)
            start = max(ring.tail, min(known, ring.head))
            self._scanner.feed(ring.read(start, ring.head), ring.head, walk)
        self._began = ring.head
        self._checkpoints: deque[tuple[int, Modes]] = deque([(ring.head, self.modes.copy())])

    def heed(self, data: bytes, end: int) -> None:
        """`data` was read; `end` is the offset after it."""
        self._changed = False
        self._scanner.feed(data, end, self)
        if self._changed:
            self._ring.write_note(self.modes.dump(end - self._scanner.pending))
        if end - self._checkpoints[-1][0] >= CHECKPOINT and not self._scanner.open:
            self._checkpoints.append((end, self.modes.copy()))
            while self._checkpoints[0][0] < self._ring.tail:
                self._checkpoints.popleft()

    def settle(self, *, last: bool = False) -> tuple[list[Mark], float | None]:
        """See `Marks.settle`."""
        return self._marks.settle(self._ring.head, last=last)

    def start(self, wanted: int) -> tuple[int, Modes] | None:
        """The first offset from `wanted` on at which a reset terminal can begin, and the modes there.

        That is: on the normal screen, outside a synchronized update, outside a string. If there is none such, `wanted`
        itself. None: it is not known what was set there.
        """
        known = next((point for point in reversed(self._checkpoints) if point[0] <= wanted), None)
        if known is None or known[0] < self._ring.tail:
            return None
        scanner, walk = Scanner(), _Walk(known[1].copy())
        scanner.feed(self._ring.read(known[0], wanted), wanted, walk)
        if walk.modes.calm and not scanner.open:
            return wanted, walk.modes
        there = walk.modes.copy()
        walk.seeking, at = True, wanted
        while walk.found is None and at < self._ring.head:
            data = self._ring.read(at, min(at + _PIECE, self._ring.head))
            at += len(data)
            scanner.feed(data, at, walk)
        return walk.found or (wanted, there)

    def recall(self) -> list[Mark]:
        """The newest marks of the output that was there before this worker."""
        walk, end = _Recall(), self._began
        start = max(self._ring.tail, end - _Recall.WITHIN)
        if start < end:
            Scanner().feed(self._ring.read(start, end), end, walk)
        return list(walk.marks)

    # Hearer

    def token(self, found: re.Match[bytes], at: int) -> None:
        if found.lastgroup == "osc" and not self._marks.take(found["osc"], at):
            return
        self._changed |= self.modes.token(found, at)

    def ground(self, data: bytes, start: int, stop: int, base: int) -> None:
        bell = data.rfind(b"\x07", start, stop)
        if bell >= 0:
            self._marks.bell(base + bell + 1)
        self._changed |= self.modes.ground(data, start, stop)


class _Walk:
    """Modes alone; when `seeking`, `found` becomes the first calm place."""

    def __init__(self, modes: Modes) -> None:
        self.modes = modes
        self.seeking = False
        self.found: tuple[int, Modes] | None = None

    def token(self, found: re.Match[bytes], at: int) -> None:
        if self.found is None:
            self.modes.token(found, at)
            if self.seeking and self.modes.calm:
                self.found = (at, self.modes.copy())

    def ground(self, data: bytes, start: int, stop: int, base: int) -> None:
        del base
        if self.found is None:
            self.modes.ground(data, start, stop)


class _Recall:
    WITHIN = 512 * 1024
    MOST = 1000

    def __init__(self) -> None:
        self.marks: deque[Mark] = deque(maxlen=self.MOST)
        self._said: dict[int, bytes] = {}

    def token(self, found: re.Match[bytes], at: int) -> None:
        osc = found["osc"]
        if osc is None or len(osc) > LONGEST or (kind := kind_of(osc)) is None or self._said.get(kind) == osc:
            return
        if osc.startswith((b"0;", b"2;", b"7;")):
            self._said[kind] = osc
        if (body := body_of(kind, osc)) is not None:
            self.marks.append(Mark(at, kind, body))

    def ground(self, data: bytes, start: int, stop: int, base: int) -> None:
        """A bell that rang before is nobody's concern."""
