"""One browser looking at a terminal: two offsets into the ring, and credit. It owns no copy of the output."""

from __future__ import annotations

import struct
import time
from typing import Literal, Protocol

from runtime.protocol import pty
from runtime.protocol.framing import framed
from runtime.protocol.pty import Kind, ReplayKind
from runtime.terminal.meters import METERS
from runtime.terminal.pace import Pace
from runtime.terminal.queries import Quieted
from runtime.terminal.replay import Plan, tail
from runtime.terminal.ring import Ring
from runtime.terminal.stream import Stream

SMALLEST = 4096  # no frame below this while more is waiting for credit
MAX_BACKLOG = 64 * 1024
TURN = 0.002  # seconds for which questions are looked for in a replay before others get their turn
_PIXELS = (0, 0xFFFF)
_OUTPUT = struct.Struct(">IBQ")


class Outlet(Protocol):
    """The viewer's socket. `write` takes framed bytes and never blocks."""

    def write(self, data: bytes) -> None: ...
    def backlog(self) -> int: ...
    def close(self) -> None: ...


class Viewer:
    """`sent`, `acked`: offsets. `rank`: of the owner's visible viewers the one of the highest rank drives."""

    def __init__(self, ident: int, user: str, role: Literal["rw", "ro"], hello: pty.Hello, outlet: Outlet) -> None:
        self.id = ident
        self.user = self.name = user
        self.role = role
        self.guest = self.asking = self.granted = False
        self.visible = hello.visible
        self.lease = hello.lease
        self.size = (
            pty.clamp(hello.cols, pty.COLS),
            pty.clamp(hello.rows, pty.ROWS),
            pty.clamp(hello.xpx, _PIXELS),
            pty.clamp(hello.ypx, _PIXELS),
        )
        self.rank = ident
        self.heard = 0.0  # when it last said something, CLOCK_MONOTONIC
        self.unread: bytes | None = None  # the last STATE, until the socket takes it
        self.queued = False  # what it is to be sent goes on in a later turn of the loop
        self.redraw = False  # it was given the modes of a full screen, and nothing of what is on it
        self.window = pty.WINDOW
        self.sent = 0
        self.acked = 0
        self._outlet = outlet
        self._place = 0  # in the band
        self._replay: Plan | None = None
        self._replay_end = 0
        self._quieted: Quieted | None = None
        self._begun = self._over = False
        self._pace = Pace()

    @property
    def owns(self) -> bool:
        """It may drive whenever it wants to."""
        return self.role == "rw" and not self.guest

    def told(self, head: int) -> pty.ViewerBody:
        """As the others are told of it."""
        return pty.ViewerBody(
            id=self.id,
            name=self.name,
            role=self.role,
            owner=not self.guest,
            visible=self.visible,
            asking=self.asking,
            granted=self.granted,
            lag=max(0, head - self.acked),
        )

    def say(self, frame: bytes) -> None:
        if not self._over:
            self._outlet.write(framed(frame))

    def say_state(self, frame: bytes) -> None:
        """The newest word is enough: what the socket does not take now is said later, or never."""
        if not self._begun:
            return  # WELCOME comes first
        self.unread = frame
        if self._outlet.backlog() < MAX_BACKLOG:
            self.unread = None
            self.say(frame)

    def hang_up(self, error: pty.ErrorBody | None = None) -> None:
        """Tell why, and close once that is out."""
        if error:
            self.say(pty.json_frame(Kind.ERROR, error))
        self._over = True
        self._outlet.close()

    def replay(self, plan: Plan, stream: Stream) -> None:
        """Begin to serve from `plan.start`; `pump` does the rest and tells the end."""
        end, self._begun = stream.ring.head, True
        self._replay, self._replay_end = plan, end
        self.acked, self.sent = plan.begin, plan.start
        self.say(pty.replay_frame(Kind.REPLAY_BEGIN, plan.kind, plan.begin, end))
        whole = plan.kind is ReplayKind.TAIL
        self._quieted = Quieted(stream.ring.read, plan.start, end) if whole else None
        self._place, frames = stream.band.seek(plan.start, plan.begin, fresh=whole)
        for frame in frames:
            self.say(frame)
        if plan.preamble:
            self.say(pty.output_frame(plan.begin, plan.preamble))
        self.redraw = plan.redraw
        self._close_replay()

    def pump(self, stream: Stream, *, governs: bool, exit: pty.ExitBody | None) -> bool:
        """Send what credit and socket allow; after the last byte EXIT, and close. Whether there is more to do now."""
        if self._over or not self._begun:
            return False
        head = stream.ring.head
        if self.sent < stream.ring.tail or (not governs and head - self.sent > pty.RING_BYTES // 2):
            if self.sent - self.acked > self.window // 2:
                return False  # it reads nothing at all; later it gets the newest instead of the oldest
            METERS.gaps += 1
            plan = tail(stream.ring, stream.ear)
            self.say(pty.gap_frame(self.sent, plan.begin))
            self.replay(plan, stream)
        until = time.monotonic() + TURN
        while self._outlet.backlog() < MAX_BACKLOG:
            if self._quieted and time.monotonic() > until:
                return True
            limit = (self._replay_end if self._replay else head) - self.sent
            if event := stream.band.next(self._place):
                if event.at <= self.sent:
                    self.say(event.frame)
                    self._place = stream.band.after(self._place)
                    continue
                limit = min(limit, event.at - self.sent)
            if not self._send(stream.ring, limit):
                break
        if self.unread is not None and self._outlet.backlog() < MAX_BACKLOG:
            self.say_state(self.unread)
        if exit and self.sent == head and not self._replay and stream.band.next(self._place) is None:
            self.say(pty.json_frame(Kind.EXIT, exit))
            self.hang_up()
        return False

    def _send(self, ring: Ring, limit: int) -> bool:
        """One frame of at most `limit` bytes, if credit is there for one worth it."""
        most = pty.MAX_REPLAY_OUTPUT if self._replay else pty.MAX_OUTPUT
        count = min(limit, most, self.acked + self.window - self.sent)
        if count <= 0 or (count < SMALLEST and count < limit):
            return False
        start = self.sent
        if self._quieted:
            parts = [memoryview(self._quieted.take(count))]
            count = len(parts[0])
        else:
            parts = ring.stretch(start, start + count)
        self.sent = start + count
        self._outlet.write(b"".join((_OUTPUT.pack(9 + count, Kind.OUTPUT, start), *parts)))
        METERS.sent += count
        if self._replay:
            METERS.replayed += count
        self._pace.sending(self.sent)
        self._close_replay()
        return True

    def ack(self, offset: int) -> None:
        """The viewer has parsed up to `offset`; never more than was sent, never backwards."""
        offset = min(offset, self.sent)
        if offset <= self.acked:
            return
        METERS.unacked.observe(self.sent - self.acked)
        count, self.acked = offset - self.acked, offset
        self.window = self._pace.window(self.window, count, offset, idle=offset == self.sent)

    def _close_replay(self) -> None:
        if self._replay and self.sent >= self._replay_end:
            kind: ReplayKind = self._replay.kind
            self.say(pty.replay_frame(Kind.REPLAY_END, kind, self._replay.begin, self._replay_end))
            self._replay = self._quieted = None
