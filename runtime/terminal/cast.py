"""asciicast v3, output only: what happens to a terminal, as lines of a file (docs.asciinema.org/manual/asciicast/v3).

A header, then one JSON array a line: seconds since the line before, a letter, a text. `o` output, `r` a new size, `m` a
marker, `x` the exit status. What was typed (`i`) is never among them: it has the passwords that no screen shows.
"""

from __future__ import annotations

import codecs
from typing import Literal, NamedTuple

import msgspec

from runtime.protocol.terminals import Recording

TERM = "xterm-256color"
MAX_LABEL = 80  # characters of a marker's label


class Happened(NamedTuple):
    """Something that goes into a recording. `at`: seconds since the epoch; `offset`: of the output so far.

    `output` is bytes; `preamble` bytes too, which are not of the stream; `missing` a count of bytes that nobody has any
    more; the others are texts. `end` has the reason, and nothing follows it.
    """

    at: float
    offset: int
    kind: Literal["output", "preamble", "size", "mark", "missing", "exit", "end"]
    what: bytes | str | int


class Cast:
    """Writes lines. `elapsed`: milliseconds from the first event's zero to the last line."""

    def __init__(self, started_at: float, elapsed: int = 0) -> None:
        self.elapsed = elapsed
        self._started_at = started_at
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    @property
    def held(self) -> int:
        """Bytes of a character that has not come whole, and is in no line yet."""
        return len(self._decoder.getstate()[0])

    def lines(self, event: Happened) -> bytes:
        """Whole lines, or none: of a part of a character, of the end. Time never goes backwards."""
        match event.kind, event.what:
            case "output", bytes(data):
                return self._line(event.at, "o", text) if (text := self._decoder.decode(data)) else b""
            case "preamble", bytes(data):
                return self._line(event.at, "o", data.decode("utf-8", "replace"))
            case "missing", int(count):
                return self._rest(event.at) + self._line(event.at, "m", f"{count} bytes missing")
            case "size", str(text):
                return self._line(event.at, "r", text)
            case "mark", str(text):
                return self._line(event.at, "m", text[:MAX_LABEL])
            case "exit", str(text):
                return self._rest(event.at) + self._line(event.at, "x", text)
            case _:
                return self._rest(event.at)

    def _rest(self, at: float) -> bytes:
        """What is left of a character that will not come whole."""
        text = self._decoder.decode(b"", final=True)
        return self._line(at, "o", text) if text else b""

    def _line(self, at: float, code: str, text: str) -> bytes:
        # Differences of rounded times, not rounded differences: a million lines later the clock is still right.
        now = max(self.elapsed, round((at - self._started_at) * 1000))
        interval, self.elapsed = now - self.elapsed, now
        return f'[{interval / 1000:.3f},"{code}",'.encode() + msgspec.json.encode(text) + b"]\n"


def header(recording: Recording) -> bytes:
    """The first line."""
    title = recording.title or recording.container_name
    head = {
        "version": 3,
        "term": {"cols": recording.cols, "rows": recording.rows, "type": TERM},
        "timestamp": int(recording.started_at),
        "title": title,
    }
    return msgspec.json.encode(head) + b"\n"
