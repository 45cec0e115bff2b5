"""Marks that a program leaves in its output: prompts and commands (OSC 133), title (OSC 0, 2), directory (OSC 7).

Never to be trusted: whatever a person prints can hold any of them. VS Code's OSC 633 is not heeded: it means something
only with the nonce that its own shell integration was started with.
"""

from __future__ import annotations

import re
import time
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from runtime.protocol.pty import MarkBody, MarkKind
from runtime.terminal.scan import LONGEST

MAX_TITLE = 256  # characters
MAX_PATH = 1024
AT_MOST_EVERY = 0.1  # seconds between two titles, two directories, two bells
BURST, RATE = 200, 100  # prompts and commands at once, and a second; a flood of them is not a person's work
_LETTERS = {b"A": MarkKind.PROMPT, b"B": MarkKind.COMMAND, b"C": MarkKind.OUTPUT, b"D": MarkKind.DONE}
_STATUS = re.compile(rb"-?[0-9]{1,9}")
_URL = re.compile(rb"(?:file|kitty-shell-cwd)://[^/]{0,255}(/.*)", re.DOTALL)


@dataclass(frozen=True)
class Mark:
    """`at`: the offset after the sequence that made it."""

    at: int
    kind: MarkKind
    body: MarkBody


def kind_of(osc: bytes) -> MarkKind | None:
    """What the content of an OSC would be as a mark; None for all else."""
    if osc.startswith((b"0;", b"2;")):
        return MarkKind.TITLE
    if osc.startswith(b"133;"):
        return _LETTERS.get(osc[4:5]) if osc[5:6] in (b"", b";") else None
    return MarkKind.CWD if osc.startswith(b"7;") else None


def body_of(kind: MarkKind, osc: bytes) -> MarkBody | None:
    """None: it says nothing."""
    match kind:
        case MarkKind.TITLE:
            return MarkBody(text=text(osc[2:], MAX_TITLE))
        case MarkKind.CWD:
            url = _URL.fullmatch(osc[2:])
            return MarkBody(text=text(unquote_to_bytes(url[1]), MAX_PATH)) if url else None
        case MarkKind.DONE:
            status = _STATUS.fullmatch(osc[6:].split(b";")[0])
            return MarkBody(status=int(status[0]) if status else None)
    return MarkBody()


def text(raw: bytes, most: int) -> str:
    """For a person to read: without control characters and those that turn the direction of writing."""
    said = raw[: 4 * most].decode("utf-8", "replace")
    kept = (one for one in said if unicodedata.category(one) not in ("Cc", "Zl", "Zp") and one not in _TURNS)
    return "".join(kept)[:most]


_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Marks:
    """Gathers marks and lets through as many as somebody can use: of titles, directories and bells the last."""

    def __init__(self) -> None:
        self._fresh: list[tuple[int, MarkKind, bytes]] = []
        self._last: dict[MarkKind, tuple[int, bytes]] = {}  # not let through yet
        self._said: dict[MarkKind, tuple[float, bytes]] = {}
        self._tokens = float(BURST)
        self._at = time.monotonic()

    def take(self, osc: bytes, at: int) -> bool:
        """Whether it is a title or a directory."""
        kind = kind_of(osc) if len(osc) <= LONGEST else None
        if kind is None:
            return False
        if kind is MarkKind.TITLE or kind is MarkKind.CWD:
            self._last[kind] = (at, osc)
            return True
        if len(self._fresh) < BURST:
            self._fresh.append((at, kind, osc))
        return False

    def bell(self, at: int) -> None:
        self._last[MarkKind.BELL] = (at, b"")

    def settle(self, head: int, *, last: bool = False) -> tuple[list[Mark], float | None]:
        """Those to be told now, by offset; and in how many seconds to ask again, if something waits.

        What had to wait is said of the present: it gets the offset `head`. Nothing waits for what never comes: `last`.
        """
        if not self._fresh and not self._last:
            return [], None
        now = time.monotonic()
        self._tokens = min(float(BURST), self._tokens + (now - self._at) * RATE)
        self._at = now
        found: list[tuple[int, MarkKind, bytes]] = []
        for mark in self._fresh:
            if self._tokens >= 1:
                self._tokens -= 1
                found.append(mark)
        self._fresh = []
        wait: float | None = None
        for kind, (at, osc) in list(self._last.items()):
            told_at, told = self._said.get(kind, (0.0, None))
            if kind is not MarkKind.BELL and told == osc:
                del self._last[kind]
            elif now - told_at < AT_MOST_EVERY and not last:
                wait = AT_MOST_EVERY
                self._last[kind] = (max(at, head), osc)
            else:
                del self._last[kind]
                self._said[kind] = (now, osc)
                found.append((at, kind, osc))
        found.sort()
        marks = [Mark(at, kind, body) for at, kind, osc in found if (body := body_of(kind, osc)) is not None]
        return marks, wait
