"""Questions in a stream that is shown again: a terminal that parsed them would type its answers into the shell.

They are overwritten with NUL, which a terminal ignores, so that every offset stays. Which ones ask: xterm's ctlseqs,
kitty's protocols. Grammar as xterm.js parses it: controls may stand inside a CSI, and C1 characters (as UTF-8: 0xC2 and
a byte) begin and end sequences like their two-byte forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PIECE = 32 * 1024
_C0 = rb"[\x00-\x17\x19\x1c-\x1f\x7f]*+"
_BODY = rb"(?:[^\x18\x1a\x1b\xc2]++|\xc2(?![\x80-\x9f]))*+"  # of a DCS
_OSC_BODY = rb"(?:[^\x07\x18\x1a\x1b\xc2]++|\xc2(?![\x80-\x9f]))*+"
_ESC = rb"\x1b" + _C0
_CSI = rb"(?:" + _ESC + rb"\[|\xc2\x9b)"
_OSC = rb"(?:" + _ESC + rb"\]|\xc2\x9d)"
_DCS = rb"(?:" + _ESC + rb"(?P<dcs>[P_])|\xc2(?P<dcs1>[\x90\x9f]))"
_PARAMETERS = rb"[\x00-\x17\x19\x1c-\x3f\x7f]*+"
_ENDS = rb"(?:\x1b\\|\xc2\x9c|(?=[\x18\x1a\x1b]|\xc2[\x80-\x9b\x9d-\x9f]))"
_SEQUENCE = re.compile(
    _CSI + rb"(?P<csi>" + _PARAMETERS + rb"[cnuqptxywvSRm|])"
    rb"|" + _OSC + rb"(?P<osc>" + _OSC_BODY + rb")(?:\x07|" + _ENDS + rb")"
    rb"|" + _DCS + rb"(?P<body>" + _BODY + rb")" + _ENDS +
    rb"|" + _ESC + rb"(?P<id>Z)|(?P<id1>\xc2\x9a)"
)  # fmt: skip
_OPEN = re.compile(
    rb"(?:" + _CSI + _PARAMETERS + rb"|" + _OSC + rb"(?P<osc>" + _OSC_BODY + rb")(?:\x1b|\xc2)?"
    rb"|" + _DCS + _BODY + rb"(?:\x1b|\xc2)?|" + _ESC + rb"|\xc2)\Z"
)  # fmt: skip
_CONTROLS = bytes((*range(0x20), 0x7F))
_ASKING_CSI = re.compile(
    rb"[>=?]?[0-9;:]*c"  # DA1, DA2, DA3
    rb"|\??[0-9;:]*n"  # DSR
    rb"|\?[0-9;:]*[uSm]"  # kitty's keyboard flags, XTSMGRAPHICS, XTQMODKEYS
    rb"|>[0-9;:]*q"  # XTVERSION
    rb"|\??[0-9;:]*\$p"  # DECRQM
    rb"|(?:1[1345689]|2[01])[0-9;:]*t"  # window reports
    rb"|[0-9;:]*(?:x|\*y|\$w|&u|\"v|'\||\#[R|S])"  # DECREQTPARM, DECRQCRA, DECRQPSR, DECRQUPSS, DECRQDE, DECRQLP, …
)
_ASKING_OSC = re.compile(
    rb"(?:4|5|1[0-9]|21|22|50|52);.*\?.*|6[01](?:;.*)?|1337;(?:Report|Request).*|99;.*p=\?.*", re.DOTALL
)
_ASKING_DCS = re.compile(rb"[0-9;:]*(?:\$q|\+q|\+Q).*", re.DOTALL)
_ASKING_APC = re.compile(rb"G(?:[^;]*,)?a=q.*", re.DOTALL)
_LONG_END = (re.compile(rb"[\x18\x1a\x1b]|\xc2[\x80-\x9f]"), re.compile(rb"[\x07\x18\x1a\x1b]|\xc2[\x80-\x9f]"))


class QueryFilter:
    """Takes a stream in pieces; the end of a piece that a sequence's end might change is left for the next."""

    def __init__(self) -> None:
        self._long: re.Pattern[bytes] | None = None  # inside a string longer than a piece, up to this
        self._blank = False

    def take(self, data: bytes, *, last: bool) -> bytes:
        """What is to be shown of the beginning of `data`: as many bytes as are settled.

        All of it when it is the `last`, or when a whole piece of `PIECE` bytes is not enough to see an end.
        """
        if not data:
            return b""
        head = b""
        if self._long:
            end = self._long.search(data)
            stop = end.start() if end else len(data) - (data.endswith(b"\xc2") and not last and len(data) > 1)
            head = bytes(stop) if self._blank else data[:stop].translate(_NO_ENQUIRY)
            if end is None:
                return head
            self._long = None
            data = data[stop:]
        if b"\x1b" not in data and b"\xc2" not in data:
            return head + data.translate(_NO_ENQUIRY)
        if not last and (cut := self._cut(data)) is not None:
            if cut.start() > 0 or head or len(data) < PIECE:
                data = data[: cut.start()]
            else:
                asks = cut["osc"] is not None and not cut["osc"].translate(None, _CONTROLS).startswith(b"1337;File")
                self._long, self._blank = _LONG_END[asks or cut["osc"] is not None], asks or _asks_long(data)
                data = data[:-1] if data.endswith((b"\x1b", b"\xc2")) else data
                return bytes(len(data)) if self._blank else data.translate(_NO_ENQUIRY)
        return head + _SEQUENCE.sub(_quiet, data).translate(_NO_ENQUIRY)

    def _cut(self, data: bytes) -> re.Match[bytes] | None:
        return _OPEN.search(data)


_NO_ENQUIRY = bytes.maketrans(b"\x05", b"\x00")


def _quiet(found: re.Match[bytes]) -> bytes:
    asks = False
    if (csi := found["csi"]) is not None:
        asks = _ASKING_CSI.fullmatch(csi.translate(None, _CONTROLS)) is not None
    elif (osc := found["osc"]) is not None:
        asks = _ASKING_OSC.fullmatch(osc.translate(None, _CONTROLS)) is not None
    elif (body := found["body"]) is not None:
        dcs = found["dcs"] == b"P" or found["dcs1"] == b"\x90"
        asks = (_ASKING_DCS if dcs else _ASKING_APC).fullmatch(body) is not None
    else:
        asks = True
    return bytes(len(found[0])) if asks else found[0]


def _asks_long(data: bytes) -> bool:
    """Whether a DCS or APC that has no end in sight asks."""
    found = re.match(_DCS + rb"(?P<body>.*)", data, re.DOTALL)
    if found is None:
        return False
    dcs = found["dcs"] == b"P" or found["dcs1"] == b"\x90"
    return (_ASKING_DCS if dcs else _ASKING_APC).fullmatch(found["body"]) is not None


class Quieted:
    """A stretch of a ring, to be read once, in order, without its questions. Keeps a piece of it at a time."""

    def __init__(self, read: Callable[[int, int], bytes], start: int, end: int) -> None:
        self._read = read
        self._filter = QueryFilter()
        self._ready = b""
        self._at = start
        self._end = end

    def take(self, most: int) -> bytes:
        """The next bytes, at most `most`; at least one, before the end."""
        while not self._ready and self._at < self._end:
            stop = min(self._at + PIECE, self._end)
            self._ready = self._filter.take(self._read(self._at, stop), last=stop == self._end)
            self._at += len(self._ready)
        data, self._ready = self._ready[:most], self._ready[most:]
        return data
