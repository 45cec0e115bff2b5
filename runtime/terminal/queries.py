"""Questions in a stream that is shown again: a terminal that parsed them would type its answers into the shell.

They are overwritten with ST and NULs, which a terminal ignores, so that every offset stays (a question's first byte
may have ended a string). So is what writes the clipboard: once is enough. Which ones ask: xterm's ctlseqs,
kitty's protocols. Grammar as xterm.js parses it: controls may stand inside a CSI, and C1 characters (as UTF-8: 0xC2 and
a byte) begin and end sequences like their two-byte forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PIECE = 16 * 1024
_C0 = rb"[\x00-\x17\x19\x1c-\x1f\x7f]*+"
# Atomic groups: CPython 3.11.2's possessive repeat of a group (`(?:…)*+`) keeps what a failed last round had taken.
_BODY = rb"(?>(?:[^\x18\x1a\x1b\xc2]+|\xc2(?![\x80-\x9f]))*)"  # of a DCS
_OSC_BODY = rb"(?>(?:[^\x07\x18\x1a\x1b\xc2]+|\xc2(?![\x80-\x9f]))*)"
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
_CONTROLS_ALONE = bytes(byte if byte < 0x20 else 0 for byte in range(0x100))
_BEGINS = re.compile(_ESC)
_NO_ENQUIRY = bytes.maketrans(b"\x05", b"\x00")
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
    rb"(?:4|5|1[0-9]|21|22|50);.*\?.*|52;.*|6[01](?:;.*)?|1337;(?:Report|Request).*|99;.*p=\?.*", re.DOTALL
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

        All of it when it is the `last`; and when it has `PIECE` bytes at least some, an end in sight or not.
        """
        head = b""
        if self._long:
            head = self._go_on(data, self._long, last=last)
            if self._long:
                return head
            data = data[len(head) :]
        if b"\x1b" not in data and b"\xc2" not in data:
            return head + data.translate(_NO_ENQUIRY)
        cut = None if last else _OPEN.search(data)
        if cut and cut.start() == 0 and not head and len(data) >= PIECE:
            osc = cut["osc"]
            self._long = _LONG_END[osc is not None]
            self._blank = _asks_long(data) if osc is None else not osc.startswith(b"1337;File")
            data = data[:-1] if data.endswith((b"\x1b", b"\xc2")) else data
            return _blank(data) if self._blank else data.translate(_NO_ENQUIRY)
        if cut:
            data = data[: cut.start()]
        return head + _SEQUENCE.sub(_quiet, data).translate(_NO_ENQUIRY)

    def _go_on(self, data: bytes, until: re.Pattern[bytes], *, last: bool) -> bytes:
        """The part of `data` that still is the string."""
        if end := until.search(data):
            self._long = None
            stop = end.start() + (self._blank and data[end.start()] == 0x07)
        else:
            stop = len(data) - (data.endswith(b"\xc2") and len(data) > 1 and not last)
        return bytes(stop) if self._blank else data[:stop].translate(_NO_ENQUIRY)


def _blank(sequence: bytes, *, csi: bool = False) -> bytes:
    """ST in place of how it begins, nothing in place of the rest; but controls that are obeyed inside it stay."""
    begins = _BEGINS.match(sequence)
    head = begins[0] + b"\\" if begins else b"\x1b\\"
    rest = sequence[len(head) :]
    return head + (rest.translate(_CONTROLS_ALONE) if csi else bytes(len(rest)))


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
    return _blank(found[0], csi=csi is not None) if asks else found[0]


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
