"""One browser looking at a terminal: two offsets into the ring, and credit. It owns no copy of the output."""

from __future__ import annotations

import struct
import time
from typing import Literal, Protocol

from runtime.protocol import pty
from runtime.protocol.framing import framed
from runtime.protocol.pty import Kind, ReplayKind
from runtime.terminal.modes import Modes
from runtime.terminal.replay import Plan, tail
from runtime.terminal.ring import Ring

MIN_WINDOW, MAX_WINDOW = 32 * 1024, 256 * 1024
SMALLEST = 4096  # no frame below this while more is waiting for credit
MAX_BACKLOG = 64 * 1024
_AIM = 0.025  # seconds of output that may be under way, beyond the path's own delay
_MEASURE = 64 * 1024
_OUTPUT = struct.Struct(">IBQ")


class Outlet(Protocol):
    """The viewer's socket. `write` takes framed bytes and never blocks."""

    def write(self, data: bytes) -> None: ...
    def backlog(self) -> int: ...
    def close(self) -> None: ...


class Viewer:
    """`sent`, `acked`: offsets. `rank`: the viewer of the highest rank drives."""

    def __init__(self, ident: int, user: str, role: Literal["rw", "ro"], hello: pty.Hello, outlet: Outlet) -> None:
        self.id = ident
        self.user = self.name = user
        self.role = role
        self.guest = False
        self.welcomed = False
        self.visible = hello.visible
        self.size = (pty.clamp(hello.cols, pty.COLS), pty.clamp(hello.rows, pty.ROWS), hello.xpx, hello.ypx)
        self.rank = ident
        self.window = pty.WINDOW
        self.sent = 0
        self.acked = 0
        self._outlet = outlet
        self._replay: Plan | None = None
        self._replay_end = 0
        self._over = False
        self._pace = _Pace()

    def told(self) -> pty.ViewerBody:
        """As the others are told of it."""
        return pty.ViewerBody(id=self.id, name=self.name, role=self.role, owner=not self.guest, visible=self.visible)

    def say(self, frame: bytes) -> None:
        if not self._over:
            self._outlet.write(framed(frame))

    def hang_up(self, error: pty.ErrorBody | None = None) -> None:
        """Tell why, and close once that is out."""
        if error:
            self.say(pty.json_frame(Kind.ERROR, error))
        self._over = True
        self._outlet.close()

    def replay(self, plan: Plan, end: int) -> None:
        """Begin to serve from `plan.start`; `pump` does the rest and tells the end."""
        self._replay, self._replay_end = plan, end
        self.acked, self.sent = plan.begin, plan.start
        self.say(pty.replay_frame(Kind.REPLAY_BEGIN, plan.kind, plan.begin, end))
        if plan.preamble:
            self.say(pty.output_frame(plan.begin, plan.preamble))
        self._close_replay()

    def pump(self, ring: Ring, modes: Modes, *, governs: bool, exit: pty.ExitBody | None) -> None:
        """Send what credit and socket allow; after the last byte EXIT, and close."""
        if self._over:
            return
        head = ring.head
        if self.sent < ring.tail or (not governs and head - self.sent > pty.RING_BYTES // 2):
            if self.sent - self.acked > self.window // 2:
                return  # it reads nothing at all; later it gets the newest instead of the oldest
            plan = tail(ring, modes)
            self.say(pty.gap_frame(self.sent, plan.begin))
            self.replay(plan, head)
        while self._outlet.backlog() < MAX_BACKLOG:
            waiting = head - self.sent
            most = pty.MAX_OUTPUT
            if self._replay:
                waiting, most = self._replay_end - self.sent, pty.MAX_REPLAY_OUTPUT
            credit = self.acked + self.window - self.sent
            count = min(waiting, most, credit)
            if count <= 0 or (count < SMALLEST and count < waiting):
                break
            start, self.sent = self.sent, self.sent + count
            parts = ring.stretch(start, self.sent)
            self._outlet.write(b"".join((_OUTPUT.pack(9 + count, Kind.OUTPUT, start), *parts)))
            self._pace.sending(self.sent)
            self._close_replay()
        if exit and self.sent == head and not self._replay:
            self.say(pty.json_frame(Kind.EXIT, exit))
            self.hang_up()

    def ack(self, offset: int) -> None:
        """The viewer has parsed up to `offset`; never more than was sent, never backwards."""
        offset = min(offset, self.sent)
        if offset <= self.acked:
            return
        count, self.acked = offset - self.acked, offset
        self.window = self._pace.window(self.window, count, offset, idle=offset == self.sent)

    def _close_replay(self) -> None:
        if self._replay and self.sent >= self._replay_end:
            kind: ReplayKind = self._replay.kind
            self.say(pty.replay_frame(Kind.REPLAY_END, kind, self._replay.begin, self._replay_end))
            self._replay = None


class _Pace:
    """How fast a viewer parses, and the window that keeps 25 ms of that under way."""

    def __init__(self) -> None:
        self._since: float | None = None  # start of a stretch in which something was always under way
        self._bytes = 0
        self._probe: tuple[int, float] | None = None
        self._delay = 0.05  # seconds from sending a byte to its ack: the least seen, slowly forgotten

    def sending(self, offset: int) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since, self._bytes = now, 0
        if self._probe is None:
            self._probe = (offset, now)

    def window(self, window: int, count: int, offset: int, *, idle: bool) -> int:
        now = time.monotonic()
        if self._probe and offset >= self._probe[0]:
            self._delay = min(self._delay * 1.02 + 0.0001, now - self._probe[1])
            self._probe = None
        self._bytes += count
        if self._since is not None and self._bytes >= _MEASURE:
            rate = self._bytes / max(now - self._since, 1e-6)
            aim = pty.clamp(int(rate * (_AIM + self._delay)), (MIN_WINDOW, MAX_WINDOW))
            window = (window + aim) // 2
            self._since, self._bytes = now, 0
        if idle:
            self._since = None
        return window
