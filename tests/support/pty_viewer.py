"""A viewer without a browser: it speaks `pty.v1` as the page does, and remembers every byte."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

import msgspec

from runtime.protocol import pty
from runtime.protocol.framing import MAX_PTY_FRAME, Deframer
from runtime.protocol.pty import Kind


class Screen:
    """What the page would hold. `feed` takes frames; `parsed` is the offset after the last byte."""

    def __init__(self) -> None:
        self.frames: list[tuple[Kind, bytes]] = []
        self.output = bytearray()  # of the stream; what precedes a tail is left out
        self.parsed: int | None = None
        self.welcome: pty.Welcome | None = None
        self.exit: pty.ExitBody | None = None
        self.error: pty.ErrorBody | None = None
        self.state: pty.StateBody | None = None
        self.inputs: dict[int, list[int]] = {}
        self.gaps = 0
        self.closed = False

    def feed(self, frame: bytes) -> None:
        kind = Kind(frame[0])
        self.frames.append((kind, frame if kind is not Kind.OUTPUT else b""))
        match kind:
            case Kind.WELCOME:
                self.welcome = msgspec.json.decode(frame[1:], type=pty.Welcome)
                self.parsed = self.welcome.replay.start
            case Kind.OUTPUT:
                offset, data = pty.output_body(frame)
                assert offset == self.parsed, f"output at {offset}, expected {self.parsed}"
                self.output += data
                self.parsed = offset + len(data)
            case Kind.REPLAY_BEGIN:
                start = int.from_bytes(frame[2:10], "big")
                if frame[1] == pty.ReplayKind.TAIL:
                    self.output.clear()
                    self.parsed = start
            case Kind.EXIT:
                self.exit = msgspec.json.decode(frame[1:], type=pty.ExitBody)
            case Kind.ERROR:
                self.error = msgspec.json.decode(frame[1:], type=pty.ErrorBody)
            case Kind.STATE:
                self.state = msgspec.json.decode(frame[1:], type=pty.StateBody)
            case Kind.INPUT_ACK:
                self.inputs.setdefault(int.from_bytes(frame[1:5], "big"), []).append(frame[5])
            case Kind.GAP:
                self.gaps += 1

    @property
    def drives(self) -> bool:
        if self.welcome is None:
            return False
        return self.welcome.driver if self.state is None else self.state.driver == self.welcome.viewer


class FakeOutlet:
    """A socket whose other end is a `Screen`; `stuck` is a peer that reads nothing."""

    def __init__(self) -> None:
        self.screen = Screen()
        self.stuck = False
        self.unread: deque[bytes] = deque()
        self.heard: Callable[[], None] = lambda: None
        self._deframer = Deframer(MAX_PTY_FRAME)

    def write(self, data: bytes) -> None:
        assert not self.screen.closed
        self.unread.append(data)
        if not self.stuck:
            self.take()

    def take(self) -> None:
        while self.unread:
            for frame in self._deframer.feed(self.unread.popleft()):
                self.screen.feed(frame)
        self.heard()

    def backlog(self) -> int:
        return sum(map(len, self.unread))

    def close(self) -> None:
        self.screen.closed = True


async def until(condition: Callable[[], object], what: str, *, within: float = 10.0) -> None:
    """Wait for something to be so; fail naming it."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.002)
