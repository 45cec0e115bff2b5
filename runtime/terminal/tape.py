"""What a terminal tells whoever records it."""

from __future__ import annotations

from typing import Protocol

from runtime.protocol import pty


class Tape(Protocol):
    """Called in the order of the stream, on the loop, as it happens; must not raise and must not block for long.

    Offsets are the ring's. What happens at one offset is told after the bytes before it.
    """

    def output(self, at: int, data: bytes) -> None:
        """`data` was read; its first byte has the offset `at`."""

    def resized(self, at: int, cols: int, rows: int) -> None: ...

    def marked(self, at: int, kind: pty.MarkKind, body: pty.MarkBody) -> None: ...

    def ended(self, at: int, exit: pty.ExitBody | None) -> None:
        """Nothing follows. `exit` None: the terminal is closed, or this worker ends, and the process goes on."""

    def told(self) -> pty.RecordingBody | None:
        """As STATE carries it; None: it records no more."""
