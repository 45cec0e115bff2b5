"""A stream that is shown again asks nothing, and says all else as before."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.terminal.queries import PIECE, QueryFilter, Quieted

QUESTIONS = [
    "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[>0c", "\x1b[=c", "\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[?u", "\x1b[>q",
    "\x1b[>0q", "\x1b[?2026$p", "\x1b[4$p", "\x1b[14t", "\x1b[16t", "\x1b[18t", "\x1b[14;2t", "\x05", "\x1bZ",
    "\x1b]4;1;?\x07", "\x1b]4;1;?;2;?\x1b\\", "\x1b]10;?\x07", "\x1b]11;?\x1b\\", "\x1b]12;?\x9c", "\x1bP$qm\x1b\\",
    "\x1bP+q544e\x1b\\", "\x9b6n", "\x9dc\x9d11;?\x07", "\x90$qr\x9c", "\x9a", "\x1b[6\nn", "\x1b\r[6n", "\x1b[\x7f6n",
    "\x1b]52;c;?\x07", "\x1b[?1;1;0S",
]  # fmt: skip
REST = [
    "text", "é", "漢", "\u00c2", "\r\n", "\x07", "\x1b[31m", "\x1b[2J", "\x1b[8;24;80t", "\x1b[22;0t", "\x1b[4 q",
    "\x1b[u", "\x1b[>4;2m", "\x1b[>1u", "\x1b[?25h", "\x1b]0;what?\x07", "\x1b]2;title\x1b\\", "\x1b]8;;http://x?y\x07",
    "\x1b(0", "\x1b([", "\x1b#8", "\x1b7", "\x1bPq#0~\x1b\\", "\x1b_Gf=24;AAAA\x1b\\", "\x1b]133;D;0\x07",
    "\x1b[", "\x1b]", "\x1b]4;", "\x1bP", "\x1b", "?", ";", "6", "n", "c", "\x18", "\x9b", "\x9c", "\\", "\x00",
]  # fmt: skip
streams = st.lists(st.sampled_from(QUESTIONS + REST), max_size=12).map("".join)


class Screen:
    """A parser as xterm.js has it (EscapeSequenceParser), which tells what it would do."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.asked: list[str] = []
        self._state = "ground"
        self._held = ""

    def parse(self, text: str) -> Screen:
        for char in text:
            self._one(char, ord(char))
        return self

    def _one(self, char: str, code: int) -> None:
        string = self._state in ("osc", "dcs", "other")
        if string and (code in (0x18, 0x1A, 0x1B) or 0x80 <= code < 0xA0 or (self._state == "osc" and code == 7)):
            self._string(aborted=code in (0x18, 0x1A))
            if code == 7:
                self._enter("ground")
                return
        if code in (0x18, 0x1A):
            self._state = "ground"
        elif code == 0x1B:
            self._enter("escape")
        elif 0x80 <= code < 0xA0:
            self._enter({0x9B: "csi", 0x9D: "osc", 0x90: "dcs", 0x98: "other", 0x9E: "other", 0x9F: "other"}.get(
                code, "ground"
            ))  # fmt: skip
            if code == 0x9A:
                self.asked.append("DECID")
        elif string:
            self._held += char if code >= 0x20 or (self._state != "osc" and code not in (0, 5)) else ""
        elif code < 0x20:
            self._control(code)
        elif self._state == "ground":
            self.did.append(char)
        elif code == 0x7F:
            pass
        elif self._state == "escape":
            self._escape(char, code)
        elif code < 0x40:
            self._held += char
        else:
            self._csi(char, code)

    def _enter(self, state: str) -> None:
        self._state, self._held = state, ""

    def _control(self, code: int) -> None:
        if code == 5:
            self.asked.append("ENQ")
        elif code:
            self.did.append(f"control {code}")

    def _escape(self, char: str, code: int) -> None:
        if not self._held and char in "[]PX^_":
            self._enter({"[": "csi", "]": "osc", "P": "dcs"}.get(char, "other"))
        elif code < 0x30:
            self._held += char
        else:
            if self._held + char == "Z":
                self.asked.append("DECID")
            elif code < 0x7F and char != "\\":
                self.did.append(f"escape {self._held}{char}")
            self._state = "ground"

    def _csi(self, char: str, code: int) -> None:
        self._state = "ground"
        if code >= 0x7F:
            return  # no sequence at all
        prefix = self._held[:1] if self._held[:1] in ("?", ">", "=", "<") else ""
        numbers = self._held[len(prefix) :].rstrip(" !\"#$%&'()*+,-./")
        between = self._held[len(prefix) + len(numbers) :]
        plain = all(each in "0123456789;:" for each in numbers)
        asks = {
            "c": prefix in ("", ">", "=", "?"),
            "n": prefix in ("", "?"),
            "u": prefix == "?",
            "S": prefix == "?",
            "q": prefix == ">",
            "t": prefix == "" and numbers.split(";")[0] in ("11", "13", "14", "15", "16", "18", "19", "20", "21"),
        }
        if plain and ((not between and asks.get(char)) or (between == "$" and char == "p" and prefix in ("", "?"))):
            self.asked.append(f"csi {self._held}{char}")
        else:
            self.did.append(f"csi {self._held}{char}")

    def _string(self, *, aborted: bool) -> None:
        number, _, value = self._held.partition(";")
        asks = False
        if self._state == "osc":
            asks = (number in ("4", "10", "11", "12") and "?" in value) or (number == "52" and ";" in self._held)
        elif self._state == "dcs":
            asks = self._held.lstrip("0123456789;:").startswith(("$q", "+q"))
        if asks and not aborted:
            self.asked.append(f"{self._state} {self._held}")
        elif not asks:
            self.did.append(f"{self._state} {self._held} {aborted}")


def quiet(*pieces: bytes) -> bytes:
    """The filter's word on a stream that comes in these pieces."""
    one, shown, rest = QueryFilter(), b"", b""
    for index, piece in enumerate(pieces):
        rest += piece
        settled = one.take(rest, last=index == len(pieces) - 1)
        shown, rest = shown + settled, rest[len(settled) :]
    return shown


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_not_asked_again(question: str) -> None:
    assert Screen().parse(question).asked
    told = quiet(f"before{question}after".encode()).decode()
    assert len(told.encode()) == len(f"before{question}after".encode())
    assert Screen().parse(told).asked == []
    assert "".join(each for each in Screen().parse(told).did if len(each) == 1) == "beforeafter"


@given(streams)
@settings(max_examples=400, deadline=None)
def test_all_else_is_said_as_before(stream: str) -> None:
    stream += "\x18"  # so that nothing is left open
    told = quiet(stream.encode())
    assert len(told) == len(stream.encode())
    before, after = Screen().parse(stream), Screen().parse(told.decode())
    assert after.asked == []
    assert after.did == before.did


@given(streams.map(str.encode) | st.binary(max_size=80), st.lists(st.integers(0, 80), max_size=6))
@settings(max_examples=400, deadline=None)
def test_pieces_make_no_difference(stream: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(places)]
    assert quiet(*pieces) == quiet(stream)


@pytest.mark.parametrize(
    ("long", "stays"),
    [
        (b"\x1bP+q" + b"4" * 3 * PIECE + b"\x1b\\", False),
        (b"\x1b]4;" + b"1;?;" * PIECE + b"\x07", False),
        (b"\x1b]1337;File=inline=1:" + b"A" * 3 * PIECE + b"\x07", True),
        (b"\x1bPq" + b"~" * 3 * PIECE + b"\x1b\\", True),
        ("\x9d11;".encode() + b"?" * 3 * PIECE + "\x9c".encode(), False),
    ],
)
def test_a_string_longer_than_a_piece(long: bytes, stays: bool) -> None:
    stream = b"a" * 1000 + long + b"b\x1b[6nc" * 100
    quieted, shown = Quieted(lambda start, end: stream[start:end], 0, len(stream)), b""
    while len(shown) < len(stream):
        piece = quieted.take(5000)
        assert 0 < len(piece) <= 5000
        shown += piece
    assert len(shown) == len(stream)
    assert (long in shown) is stays
    screen = Screen().parse(shown.decode())
    assert screen.asked == []
    assert "".join(each for each in screen.did if len(each) == 1) == "a" * 1000 + "bc" * 100


@pytest.mark.parametrize(
    "unit", [b"\x1b", b"\xc2", b"\xc2\x9d", b"\x1b]", b"\x1b[6", b"\x1b\x00", b"\x1bP\xc2", b"\x1b[\x00"]
)
def test_what_is_never_whole_takes_no_more_than_its_length(unit: bytes) -> None:
    """Would it look at every byte once for every other, this were hours."""
    stream = unit * (2 * PIECE)
    quieted, left = Quieted(lambda start, end: stream[start:end], 0, len(stream)), len(stream)
    while left > 0:
        piece = quieted.take(1 << 20)
        assert piece
        left -= len(piece)
    assert left == 0
