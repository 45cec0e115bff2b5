"""Marks in the output: found wherever a read cut them, few whatever is printed, and never dangerous to show."""

from __future__ import annotations

import itertools
import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.protocol.pty import MarkBody, MarkKind
from runtime.terminal.band import MOST, MOST_BYTES, Band
from runtime.terminal.ear import Ear
from runtime.terminal.marks import Mark, body_of, kind_of
from runtime.terminal.ring import Ring
from runtime.terminal.scan import LONGEST, Scanner

PROMPT = b"\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07file\r\n\x1b]133;D;1\x07"
PIECES = [
    b"\x1b]133;A\x07", b"\x1b]133;B;x=1\x1b\\", b"\x1b]133;C", b"\x1b]133;D;130\x07", b"\x1b]0;title\x07", b"\x07",
    b"\x1b", b"\x1b]2;\xe6\xbc\xa2\x1b\\", b"\x1b]7;file://host/a%20b\x07", b"\x1bPq\x07\x1b\\", b"\x1b[?2004h",
    b"\x1b[?1049h", b"]", b"\x1b[?1049l", b"text", b"\x18", b"\x1b[31m", b"\x0e", b"\x0f", b"\x1b)0", b"\x1b[>5u",
    b"\x1b[<u", b"\x1b[>4;2m", b"\\", b"\x1b[2;20r", b"\x1b[!p", b"\x1bc", b"\x1b]", b"\x1bP", b"\x1b[", b"\x1b_",
    b"133;A", b"\x1b]0;" + b"x" * LONGEST, b"y" * LONGEST,
]  # fmt: skip
streams = st.lists(st.sampled_from(PIECES), max_size=10).map(b"".join)


class Heard:
    """All marks of a stream, before any is left out as one too many."""

    def __init__(self, *pieces: bytes) -> None:
        self.marks: list[tuple[int, MarkKind, MarkBody | None]] = []
        self.bells: list[int] = []
        scanner, end = Scanner(), 0
        for piece in pieces:
            end += len(piece)
            scanner.feed(piece, end, self)

    def token(self, found: re.Match[bytes], at: int) -> None:
        osc = found["osc"]
        if osc is not None and len(osc) <= LONGEST and (kind := kind_of(osc)) is not None:
            self.marks.append((at, kind, body_of(kind, osc)))

    def ground(self, data: bytes, start: int, stop: int, base: int) -> None:
        self.bells += [base + at + 1 for at in range(start, stop) if data[at] == 7]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(ends)]


places = st.lists(st.integers(0, 3 * LONGEST), max_size=8)


@given(streams, places)
@settings(max_examples=300, deadline=None)
def test_where_a_read_cuts_makes_no_difference_to_marks(stream: bytes, at: list[int]) -> None:
    whole, pieces = Heard(stream), Heard(*cut(stream, at))
    assert pieces.marks == whole.marks
    assert pieces.bells == whole.bells


@given(streams | st.binary(max_size=100), places)
@settings(max_examples=300, deadline=None)
def test_where_a_read_cuts_makes_no_difference_to_modes(stream: bytes, at: list[int]) -> None:
    told = []
    for pieces in ([stream], cut(stream, at)):
        ring = Ring.create()
        ear = Ear(ring)
        for piece in pieces:
            ring.append(piece)
            ear.heed(piece, ring.head)
        again = Ear(ring)  # as the next worker hears it: what was noted, and the rest from the ring
        assert again.modes.preamble() == ear.modes.preamble()
        told.append((ear.modes.preamble(), ear.modes.left_alternate_at, ear.modes.calm))
        ring.close()
    assert told[0] == told[1]


def test_a_prompt_and_its_command() -> None:
    found = Heard(PROMPT).marks
    assert [kind for _, kind, _ in found] == [MarkKind.PROMPT, MarkKind.COMMAND, MarkKind.OUTPUT, MarkKind.DONE]
    assert PROMPT[: found[1][0]].endswith(b"$ \x1b]133;B\x07")
    assert found[3][2] == MarkBody(status=1)


@pytest.mark.parametrize(
    ("osc", "told"),
    [
        (b"0;plain", "plain"),
        (b"2;a\x9b6n\x00b\x7f", "a\ufffd6nb"),
        ("2;\u009b6n\u202eevil\u2066".encode(), "6nevil"),
        ("0;" + "\u6f22" * 300, "\u6f22" * 256),
        (b"7;file://box/home/a%20%E6%BC%A2%0a", "/home/a \u6f22"),
        (b"7;file:///" + b"d" * 3000, "/" + "d" * 1023),
        (b"7;file://box/%ff", "/\ufffd"),
    ],
)
def test_a_name_is_safe_to_show(osc: bytes | str, told: str) -> None:
    osc = osc.encode() if isinstance(osc, str) else osc
    kind = kind_of(osc)
    assert kind is not None
    assert body_of(kind, osc) == MarkBody(text=told)


@pytest.mark.parametrize("osc", [b"133;E", b"133;AB", b"633;A", b"1;icon", b"8;;http://x", b"7", b""])
def test_other_strings_are_no_marks(osc: bytes) -> None:
    assert kind_of(osc) is None


@pytest.mark.parametrize("osc", [b"7;http://x/y", b"7;relative", b"7;file://" + b"h" * 300 + b"/x"])
def test_what_is_no_directory_is_not_told(osc: bytes) -> None:
    assert body_of(MarkKind.CWD, osc) is None


@pytest.mark.parametrize("status", [b"", b"x", b"99999999999999999999", b"1;2", b"-1"])
def test_a_status_is_a_number_or_none(status: bytes) -> None:
    body = body_of(MarkKind.DONE, b"133;D;" + status)
    assert body is not None
    assert body.status in (None, 1, -1)


@pytest.mark.parametrize(
    "flood", [b"\x07", b"\x1b]0;%d\x07", b"\x1b]133;A\x07", b"\x1b]7;file:///%d\x07", b"\x1b]133;D;%d\x07"]
)
def test_a_flood_of_marks_is_few_marks_and_no_memory(flood: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("runtime.terminal.marks.time.monotonic", lambda: now)
    ring = Ring.create()
    ear, band = Ear(ring), Band(80, 24)
    told: list[Mark] = []

    def second() -> None:
        nonlocal now
        for number in range(100):
            data = b"".join((flood % (number * 100 + index)) if b"%" in flood else flood for index in range(100))
            ring.append(data)
            ear.heed(data, ring.head)
            found, wait = ear.settle()
            told.extend(found)
            for mark in found:
                band.mark(mark)
            now += 0.01
        now += 0.2
        found, wait = ear.settle()
        assert wait is None
        told.extend(found)

    second()
    tracemalloc.start()
    second()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 1 < len(told) < 600
    assert peak < 1 << 20
    assert [mark.at for mark in told] == sorted(mark.at for mark in told)
    if b"%d" in flood and b"133" not in flood:
        assert told[-1].body.text is not None
        assert told[-1].body.text.endswith("9999"), "the last one is always told"
    ring.close()


def test_the_same_title_again_is_not_news() -> None:
    ring = Ring.create()
    ear = Ear(ring)
    for _ in range(3):
        ring.append(b"\x1b]0;same\x07")
        ear.heed(b"\x1b]0;same\x07", ring.head)
    assert len(ear.settle()[0]) == 1
    ring.append(b"\x1b]0;same\x07")
    ear.heed(b"\x1b]0;same\x07", ring.head)
    assert ear.settle() == ([], None)
    ring.close()


def test_the_band_keeps_the_newest_and_what_lasts() -> None:
    band = Band(80, 24)
    band.mark(Mark(5, MarkKind.TITLE, MarkBody(text="old")))
    band.size(6, 100, 30)
    for at in range(10, 10 + 3 * MOST):
        band.mark(Mark(at, MarkKind.PROMPT, MarkBody()))
    place, frames = band.seek(2 * MOST + 50, 2000, fresh=True)
    assert {frame[0] for frame in frames} == {0x85, 0x89}
    assert all(int.from_bytes(frame[1:9], "big") == 2000 for frame in frames)
    event = band.next(place)
    assert event is not None
    assert event.at == 2 * MOST + 51
    late = band.next(0)
    assert late is not None
    assert late.at > MOST
    assert band.seek(0, 0, fresh=False)[0] == band.after(0) - 1


def test_the_band_keeps_few_large_ones() -> None:
    band = Band(80, 24)
    for at in range(2 * MOST):
        band.mark(Mark(at, MarkKind.CWD, MarkBody(text="長" * 1024)))
    place, (_, lasting) = band.seek(0, 0, fresh=True)
    kept = []
    while event := band.next(place):
        kept.append(len(event.frame))
        place = band.after(place)
    assert 0 < sum(kept) <= MOST_BYTES
    assert lasting[0] == 0x89


def test_marks_of_before_this_worker_are_found_again() -> None:
    ring = Ring.create()
    for number in range(2000):
        ring.append(b"\x1b]0;dir\x07\x1b]133;A\x07\x07$ \x1b]133;B\x07echo %d\r\n" % number)
    found = Ear(ring).recall()
    assert len(found) == 1000
    assert {mark.kind for mark in found} == {MarkKind.PROMPT, MarkKind.COMMAND}
    assert ring.read(found[-1].at - 8, found[-1].at) == b"\x1b]133;B\x07"
    ring.close()
