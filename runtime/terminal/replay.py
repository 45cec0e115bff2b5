"""From which byte on a viewer is served: exactly what it lacks, or a tail that leaves its screen right."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.protocol.pty import HISTORY, RING_BYTES, Hello, ReplayKind, clamp
from runtime.terminal.ear import Ear
from runtime.terminal.modes import Modes
from runtime.terminal.ring import Ring

_LEAST = 16 * 1024
_LINE_WITHIN = 64 * 1024
_ROOM_BEFORE = 8 * 1024  # no preamble is longer


@dataclass(frozen=True)
class Plan:
    """`preamble` goes out first, as if it were the bytes just before `start`: offsets stay without a gap.

    `redraw`: a full-screen program has the screen and must be asked to draw it again.
    """

    kind: ReplayKind
    start: int
    preamble: bytes = b""
    redraw: bool = False

    @property
    def begin(self) -> int:
        return self.start - len(self.preamble)


def plan(hello: Hello, ring: Ring, ear: Ear) -> Plan:
    """What to send a viewer that says HELLO."""
    if hello.have is not None and hello.epoch == ring.epoch and ring.tail <= hello.have <= ring.head:
        return Plan(ReplayKind.DELTA, hello.have)
    return tail(ring, ear, hello.history)


def tail(ring: Ring, ear: Ear, history: int = HISTORY) -> Plan:
    """The last of the output. A stream that is still there from its first byte needs no preamble."""
    history = clamp(history, (_LEAST, RING_BYTES))
    modes = ear.modes
    if ring.tail == 0 and ring.head <= history:
        return Plan(ReplayKind.TAIL, 0, redraw=modes.alternate)
    if modes.alternate:
        return Plan(ReplayKind.TAIL, ring.head, modes.preamble(), redraw=True)
    oldest = max(ring.tail, ring.head - history, _ROOM_BEFORE)
    line = ring.find_line(oldest, min(ring.head, oldest + _LINE_WITHIN))
    start = oldest if line is None else line
    if known := ear.start(start):
        return _from(*known)
    if oldest <= modes.left_alternate_at <= ring.head:
        return _from(modes.left_alternate_at, modes)
    return _from(
        start, modes
    )  # of what was before this worker no more is known: the end is right, if not the way to it


def _from(start: int, modes: Modes) -> Plan:
    return Plan(ReplayKind.TAIL, start, modes.preamble())
