"""Finds, in a terminal's output, the control sequences that the worker heeds. Not a terminal emulator.

Sequences may be cut anywhere between two pieces. Text without ESC, BEL, SO or SI costs four memchr. Grammar: ECMA-48
and xterm's ctlseqs; a string (OSC, DCS, …) ends, as in xterm.js, at BEL (OSC alone), at any ESC, at CAN or SUB.
"""

from __future__ import annotations

import re
from typing import Protocol

LONGEST = 4096  # bytes of an OSC that are kept; of a longer one nothing is heeded but its end
_TOKEN = re.compile(
    rb"\x1b(?!\[[0-9;:]*+[@-Zm])(?:"  # no colours, no moves: they are most of what there is
    rb"\[(?:"
    rb"\?(?P<dec>[0-9;]{1,40})(?P<set>[hl])"
    rb"|(?P<cursor>[0-6]?) q"
    rb"|(?P<margins>[0-9]{0,5}+(?:;[0-9]{0,5}+)?)r"
    rb"|(?P<kitty>[<>=][0-9;]{0,20})u"
    rb"|>(?P<keys>[0-9;]{0,20}[mn])"
    rb"|(?P<soft>!)p"
    rb")"
    rb"|(?P<keypad>[=>])"
    rb"|(?P<ris>c)"
    rb"|(?P<charset>[()][ -/]?[0-~])"
    rb"|\](?P<osc>[^\x07\x18\x1a\x1b]*+)(?:\x07|\x1b\\|(?=\x1b[^\\]))"
    rb"|(?P<string>[PX^_][^\x18\x1a\x1b]*+(?=[\x18\x1a\x1b])|\][^\x07\x18\x1a\x1b]*+(?=[\x18\x1a]))"
    rb")"
)
_OPEN = re.compile(
    rb"\x1b(?:\[[<-?!]?[0-9;]{0,40} ?|[()][ -/]?"
    rb"|(?P<osc>\][^\x07\x18\x1a\x1b]*+)\x1b?|(?P<string>[PX^_][^\x18\x1a\x1b]*+))?"
)
_OSC_END = re.compile(rb"[\x07\x18\x1a\x1b]")
_STRING_END = re.compile(rb"[\x18\x1a\x1b]")


class Hearer(Protocol):
    def token(self, found: re.Match[bytes], at: int) -> None:
        """`found.lastgroup` names what it is; `at`: the offset after it."""

    def ground(self, data: bytes, start: int, stop: int, base: int) -> None:
        """Between two tokens, where BEL, SO or SI may be: `data[start:stop]`, whose first byte is at `base + start`."""


class Scanner:
    def __init__(self) -> None:
        self._rest = b""
        self._skipping: re.Pattern[bytes] | None = None  # inside a string too long to keep, up to this

    @property
    def pending(self) -> int:
        """Bytes at the end of what was fed that belong to a sequence not yet whole."""
        return len(self._rest)

    @property
    def open(self) -> bool:
        """Whether the end of what was fed is inside a sequence."""
        return bool(self._rest) or self._skipping is not None

    def feed(self, data: bytes, end: int, hearer: Hearer) -> None:
        """`end`: the offset after `data`."""
        controls = b"\x07" in data or b"\x0e" in data or b"\x0f" in data
        if b"\x1b" not in data and not controls and not self.open:
            return
        position = 0
        if self._skipping:
            stop = self._skipping.search(data)
            if stop is None:
                return
            self._skipping = None
            position = stop.start() + (data[stop.start()] != 0x1B)
        elif self._rest:
            data = self._rest + data
        base = end - len(data)
        for found in _TOKEN.finditer(data, position):
            if controls and position < found.start():
                hearer.ground(data, position, found.start(), base)
            position = found.end()
            hearer.token(found, base + position)
        start = self._unfinished(data, position)
        if controls and position < start:
            hearer.ground(data, position, start, base)
        self._keep(data[start:])

    def _unfinished(self, data: bytes, after: int) -> int:
        """Where the sequence begins that `data` may have cut; the end of `data` if none."""
        last = data.rfind(b"\x1b", after)
        if last < 0:
            return len(data)
        if last == len(data) - 1:  # it may end an OSC
            before = data.rfind(b"\x1b", after, last)
            if before >= 0 and data[before + 1 : before + 2] == b"]" and _OPEN.fullmatch(data, before):
                return before
        return last if _OPEN.fullmatch(data, last) else len(data)

    def _keep(self, rest: bytes) -> None:
        if len(rest) > LONGEST and (cut := _OPEN.fullmatch(rest)):
            osc, string = cut["osc"], cut["string"]
            if len(osc or string or b"") > LONGEST + 1:
                if not rest.endswith(b"\x1b"):
                    self._skipping = _OSC_END if osc else _STRING_END
                    rest = b""
                else:  # its end, or of its end the first byte
                    rest = b"\x1b"
        self._rest = rest
