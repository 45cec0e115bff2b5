"""From a terminal to its recording: what happens, handed on as fast as it is taken, and never waited for.

Output is not copied into a queue without bound: while whoever writes is behind, only offsets are kept, and the bytes
are read from the ring later. What has left the ring by then is said to be missing.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Literal, Protocol

from runtime.protocol.pty import ExitBody, MarkBody, MarkKind, RecordingBody
from runtime.terminal.cast import Happened
from runtime.terminal.ring import Ring
from runtime.terminal.typed import MOST as LONGEST
from runtime.terminal.typed import typed

PIECE = 16 * 1024  # bytes of output in one event
MOST = 1024  # events kept while the writer is behind
FRESH = b"\x18\x1b[0m"  # how a preamble begins, and all of it that a fresh screen has
TOGETHER = 0.01  # seconds of output that become one event then

Why = Literal["stopped", "exit", "quota", "lost"]


class Sink(Protocol):
    """Who writes. `put` never blocks; with no `room`, `Recorder.drain` is called once there is some."""

    def room(self) -> bool: ...
    def put(self, event: Happened) -> None: ...


class Recorder:
    """A session's tape, until it is `over`. `given`: the offset up to which the sink has the output."""

    def __init__(self, body: RecordingBody, ring: Ring, sink: Sink, given: int) -> None:
        self.over = False
        self._body = body
        self._ring = ring
        self._sink = sink
        self._given = given
        self._command: int | None = None  # where one that is being typed begins
        self._waiting: deque[Happened] = deque()

    # --- as a session's tape ---------------------------------------------------------------------------------------

    def output(self, at: int, data: bytes) -> None:  # noqa: ARG002 -- the ring has it as well, and longer
        self.catch_up()

    def resized(self, at: int, cols: int, rows: int) -> None:
        self._add("size", at, f"{cols}x{rows}")

    def marked(self, at: int, kind: MarkKind, body: MarkBody) -> None:
        """A command began, or ended badly; where a shell cannot say that one begins, each when it ended.

        Whatever prints can make marks: while the writer is behind they are few.
        """
        label = ""
        if kind is MarkKind.COMMAND:
            self._command = at
            return
        if kind in (MarkKind.OUTPUT, MarkKind.DONE) and self._command is not None:
            label = self._typed(self._command, at)
            self._command = None
        if kind is MarkKind.DONE and body.status:
            label = f"{label} (exit {body.status})".lstrip()
        elif kind is not MarkKind.OUTPUT and not label:
            return
        if len(self._waiting) < MOST:
            self._add("mark", at, label)

    def ended(self, at: int, exit: ExitBody | None) -> None:
        """A signal is told as shells do, 128 and its number."""
        self.catch_up()
        status = None if exit is None else exit.code if exit.signal is None else 128 + exit.signal
        if status is not None:
            self._add("exit", at, str(status))
        self.end("exit")

    def told(self) -> RecordingBody | None:
        return None if self.over else self._body

    # --- beside it -------------------------------------------------------------------------------------------------

    def begin(self, preamble: bytes) -> None:
        """The player's screen starts fresh, this one may not have: the modes it is in come first."""
        if modes := preamble.removeprefix(FRESH):
            self._add("preamble", self._given, modes)

    def catch_up(self) -> None:
        """The ring has more than before, or the sink takes more again."""
        if self.over:
            return
        head, last = self._ring.head, self._waiting[-1] if self._waiting else None
        if head > (last.offset if last else self._given):
            now = time.time()
            if last and last.kind == "output" and (now - last.at < TOGETHER or len(self._waiting) >= MOST):
                self._waiting[-1] = last._replace(offset=head)
            else:
                self._waiting.append(Happened(now, head, "output", b""))
        self._hand_on()

    def end(self, why: Why) -> None:
        """Nothing more; all that was kept is handed on."""
        self.catch_up()
        self._add("end", self._ring.head, why)
        self.leave()

    def leave(self) -> None:
        """The ring goes away, or goes on without us; all that was kept is handed on."""
        if not self.over:
            self._hand_on(whole=True)
            self.over = True

    def _typed(self, start: int, end: int) -> str:
        start = max(start, self._ring.tail)
        return typed(self._ring.read(start, min(end, start + LONGEST))) if start < end else ""

    def _add(self, kind: Literal["size", "mark", "exit", "end", "preamble"], at: int, what: bytes | str) -> None:
        if self.over:
            return
        if kind == "size" and self._waiting and self._waiting[-1].kind == "size":
            self._waiting.pop()
        self._waiting.append(Happened(time.time(), at, kind, what))
        self._hand_on()

    def _hand_on(self, *, whole: bool = False) -> None:
        while self._waiting and (whole or self._sink.room()):
            event = self._waiting[0]
            if event.kind != "output":
                self._sink.put(event._replace(offset=self._given))
            elif self._give(event) < event.offset:
                continue
            self._waiting.popleft()

    def _give(self, event: Happened) -> int:
        """A piece of output. Returns the offset up to which the sink has it now."""
        tail = self._ring.tail
        if self._given < tail:
            self._sink.put(Happened(event.at, tail, "missing", tail - self._given))
            self._given = tail
        start, end = self._given, min(event.offset, self._given + PIECE)
        if start < end:
            self._sink.put(Happened(event.at, end, "output", self._ring.read(start, end)))
            self._given = end
        return self._given
