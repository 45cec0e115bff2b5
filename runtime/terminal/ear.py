"""What the output says about itself: modes, marks, and from where on it can be read again."""

from __future__ import annotations

import re
from collections import deque

from runtime.protocol.pty import MarkKind
from runtime.terminal.marks import Mark, Marks, body_of, kind_of
from runtime.terminal.modes import Modes
from runtime.terminal.ring import Ring
from runtime.terminal.scan import LONGEST, Scanner

CHECKPOINT = 16 * 1024
SEEK = (
    32 * 1024
)  # bytes of nothing but sequences take a hundredth of a second, and whoever prints them may attach often


class Ear:
    """`modes`: of the end of the output. Begins with what an earlier worker noted beside the ring."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._scanner = Scanner()
        self._marks = Marks()
        self._changed = self._altered = False  # by what was heeded last; since the last checkpoint
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
        self._altered |= self._changed
        point, modes = self._checkpoints[-1]
        due = end - point >= CHECKPOINT and not self._scanner.open
        if self._changed or due:  # also when due: the next worker has no more to read again than what came since
            self._ring.write_note(self.modes.dump(end - self._scanner.pending))
        if due:
            self._checkpoints.append((end, self.modes.copy() if self._altered else modes))
            self._altered = False
            while self._checkpoints[0][0] < self._ring.tail:
                self._checkpoints.popleft()

    def settle(self, *, last: bool = False) -> tuple[list[Mark], float | None]:
        """See `Marks.settle`."""
        return self._marks.settle(self._ring.head, last=last)

    def start(self, wanted: int) -> tuple[int, Modes] | None:
        """An offset from `wanted` on at which a reset terminal can begin, and the modes there.

        That is: on the normal screen, outside a synchronized update, outside a string. The first such within `SEEK`,
        else the first checkpoint that is; if there is none, `wanted` itself. None: it is not known what was set there.
        """
        known = next((point for point in reversed(self._checkpoints) if point[0] <= wanted), None)
        if known is None or known[0] < self._ring.tail:
            return None
        scanner, walk = Scanner(), _Walk(known[1].copy())
        scanner.feed(self._ring.read(known[0], wanted), wanted, walk)
        if walk.modes.calm and not scanner.open:
            return wanted, walk.modes
        there, stop = walk.modes.copy(), min(wanted + SEEK, self._ring.head)
        walk.seeking = True
        scanner.feed(self._ring.read(wanted, stop), stop, walk)
        later = (point for point in self._checkpoints if point[0] >= stop and point[1].calm)
        return walk.found or next(later, (wanted, there))

    def recall(self) -> list[Mark]:
        """The newest marks of the output that was there before this worker."""
        walk, end = _Recall(), self._began
        start = max(self._ring.tail, end - _Recall.WITHIN)
        if start < end:
            Scanner().feed(self._ring.read(start, end), end, walk)
        return [Mark(at, kind, body) for at, kind, osc in walk.found if (body := body_of(kind, osc)) is not None]

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
    WITHIN = 256 * 1024
    MOST = 1000

    def __init__(self) -> None:
        self.found: deque[tuple[int, MarkKind, bytes]] = deque(maxlen=self.MOST)
        self._said: dict[int, bytes] = {}

    def token(self, found: re.Match[bytes], at: int) -> None:
        osc = found["osc"]
        if osc is None or len(osc) > LONGEST or (kind := kind_of(osc)) is None or self._said.get(kind) == osc:
            return
        if osc.startswith((b"0;", b"2;", b"7;")):
            self._said[kind] = osc
        self.found.append((at, kind, osc))

    def ground(self, data: bytes, start: int, stop: int, base: int) -> None:
        """A bell that rang before is nobody's concern."""
