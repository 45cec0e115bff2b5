"""What a screen must be told before it sees the tail of a stream: the modes that were set before it.

Not a terminal emulator: it looks for the few sequences that set a mode and keeps their last word. Text without ESC
costs one memchr.
"""

from __future__ import annotations

import json
import re

# DECSET/DECRST numbers kept, with the state of a fresh terminal (xterm's ctlseqs)
_FRESH = {
    1: False, 6: False, 7: True, 9: False, 25: True, 45: False, 66: False, 1000: False, 1002: False, 1003: False,
    1004: False, 1005: False, 1006: False, 1015: False, 1016: False, 2004: False, 2031: False,
}  # fmt: skip
_ALTERNATE = (47, 1047, 1049)
_SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[\?(?P<dec>[0-9;]{1,40})(?P<set>[hl])"
    rb"|\[(?P<cursor>[0-6]?) q"
    rb"|(?P<keypad>[=>])"
    rb"|(?P<ris>c)"
    rb"|\[!(?P<soft>p)"
    rb"|\][02];(?P<title>[^\x00-\x1f]{0,256})(?:\x07|\x1b\\)"
    rb")"
)
_UNFINISHED = 300  # bytes: no sequence above is longer


class Modes:
    """`feed` the output as it comes; `alternate` tells whether a full-screen program has the screen."""

    def __init__(self) -> None:
        self.alternate = False
        self.left_alternate_at = 0  # offset after the last switch back to the normal screen
        self._set: dict[int, bool] = {}
        self._cursor = b""
        self._keypad = False
        self._title = b""
        self._rest = b""

    def feed(self, data: bytes, end: int) -> bool:
        """`end` is the offset after `data`. True when something changed."""
        if b"\x1b" not in data and not self._rest:
            return False
        data = self._rest + data
        changed = False
        position = 0
        for found in _SEQUENCE.finditer(data):
            position = found.end()
            changed |= self._take(found, end - len(data) + position)
        last = data.rfind(b"\x1b", max(position, len(data) - _UNFINISHED))
        self._rest = data[last:] if last >= 0 and not _closed(data[last:]) else b""
        return changed

    def preamble(self) -> bytes:
        """Bytes that bring a reset terminal to these modes. CAN first: whatever was half sent ends there."""
        parts = [b"\x18\x1b[0m"]
        if self.alternate:
            parts.append(b"\x1b[?1049h\x1b[2J\x1b[H")
        for mode, fresh in _FRESH.items():
            if (on := self._set.get(mode, fresh)) != fresh:
                parts.append(b"\x1b[?%d%c" % (mode, b"h" if on else b"l"))
        if self._cursor:
            parts.append(b"\x1b[%s q" % self._cursor)
        if self._keypad:
            parts.append(b"\x1b=")
        if self._title:
            parts.append(b"\x1b]2;%s\x07" % self._title)
        return b"".join(parts)

    def dump(self, head: int) -> bytes:
        """`head`: the offset up to which the output was fed."""
        state = [
            head,
            self.alternate,
            self.left_alternate_at,
            {str(mode): on for mode, on in self._set.items()},
            self._cursor.decode("latin-1"),
            self._keypad,
            self._title.decode("latin-1"),
        ]
        return json.dumps(state, separators=(",", ":")).encode()

    @classmethod
    def load(cls, dumped: bytes) -> tuple[Modes, int]:
        """From `dump`, with the offset from which on output must be fed again; unreadable: a fresh one, and 0."""
        modes = cls()
        try:
            head, alternate, left, set_, cursor, keypad, title = json.loads(dumped)
            modes.alternate, modes.left_alternate_at = bool(alternate), int(left)
            modes._set = {int(mode): bool(on) for mode, on in set_.items()}
            modes._cursor, modes._keypad = str(cursor).encode("latin-1"), bool(keypad)
            modes._title = str(title).encode("latin-1")
        except (ValueError, TypeError, AttributeError):
            return cls(), 0
        return modes, int(head)

    def _take(self, found: re.Match[bytes], at: int) -> bool:
        match found.lastgroup:
            case "set":
                on = found["set"] == b"h"
                changes = [self._mode(int(number), on, at) for number in found["dec"].split(b";") if number]
                return any(changes)
            case "cursor":
                self._cursor = found["cursor"] or b"0"
            case "keypad":
                self._keypad = found["keypad"] == b"="
            case "title":
                self._title = found["title"]
            case _:
                self._set, self._cursor, self._keypad = {}, b"", False
                if found.lastgroup == "ris":
                    self.alternate, self.left_alternate_at = False, at
        return True

    def _mode(self, number: int, on: bool, at: int) -> bool:
        if number in _ALTERNATE:
            if self.alternate and not on:
                self.left_alternate_at = at
            self.alternate = on
            return True
        if number in _FRESH:
            changed = self._set.get(number, _FRESH[number]) != on
            self._set[number] = on
            return changed
        return False


def _closed(piece: bytes) -> bool:
    """Whether what begins with ESC can no longer become one of our sequences."""
    if len(piece) < 2:
        return False
    if piece[1:2] == b"]":
        return piece[2:3] not in (b"", b"0", b"2") or piece.endswith((b"\x07", b"\n"))
    if piece[1:2] == b"[":
        return re.fullmatch(rb"\x1b\[[?!]?[0-9;]{0,40} ?", piece) is None
    return True
