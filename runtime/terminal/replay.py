"""From which byte on a viewer is served: exactly what it lacks, or a tail that leaves its screen right."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.protocol.pty import Hello, ReplayKind
from runtime.terminal.modes import Modes
from runtime.terminal.ring import Ring

MOST = 256 * 1024  # bytes of history shown on a reload
_LINE_WITHIN = 64 * 1024
_ROOM_BEFORE = 1024  # no preamble is longer


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


def plan(hello: Hello, ring: Ring, modes: Modes) -> Plan:
    """What to send a viewer that says HELLO."""
    if hello.have is not None and hello.epoch == ring.epoch and ring.tail <= hello.have <= ring.head:
        return Plan(ReplayKind.DELTA, hello.have)
    return tail(ring, modes)


def tail(ring: Ring, modes: Modes) -> Plan:
    """The last of the output. A stream that is still there from its first byte needs no preamble."""
    if ring.tail == 0 and ring.head <= MOST:
        return Plan(ReplayKind.TAIL, 0, redraw=modes.alternate)
    preamble = modes.preamble()
    if modes.alternate:
        return Plan(ReplayKind.TAIL, ring.head, preamble, redraw=True)
    oldest = max(ring.tail, ring.head - MOST, _ROOM_BEFORE)
    if oldest <= modes.left_alternate_at <= ring.head:
        return Plan(ReplayKind.TAIL, modes.left_alternate_at, preamble)
    line = ring.find_line(oldest, min(ring.head, oldest + _LINE_WITHIN))
    return Plan(ReplayKind.TAIL, oldest if line is None else line, preamble)
