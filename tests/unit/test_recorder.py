"""What becomes of a terminal's output on its way into a recording, however it is cut and however slow the writer."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.protocol.pty import ExitBody, MarkBody, MarkKind, RecordingBody
from runtime.protocol.terminals import Recording
from runtime.terminal.cast import MAX_LABEL, Cast, Happened, header
from runtime.terminal.modes import Modes
from runtime.terminal.recorder import MOST, PIECE, Recorder
from runtime.terminal.ring import LANDING, Ring
from runtime.terminal.typed import MOST as LONGEST
from runtime.terminal.typed import typed

BEGUN = 1_700_000_000.25
CAPACITY = 64 * 1024


def recording(**more: Any) -> Recording:
    body: dict[str, Any] = {
        "id": "0" * 24,
        "owner": "anna",
        "container": "k3v9",
        "container_name": "box",
        "terminal": "console",
        "terminal_name": "",
        "title": "",
        "started_at": BEGUN,
        "ended_at": None,
        "seconds": 0.0,
        "bytes": 0,
        "cols": 80,
        "rows": 24,
    }
    return Recording(**(body | more))


def events(lines: bytes) -> list[tuple[float, str, str]]:
    return [tuple(json.loads(line)) for line in lines.splitlines()]


def text(lines: bytes) -> str:
    return "".join(what for _, code, what in events(lines) if code == "o")


class Sink:
    """A writer that takes as much as it is told to."""

    def __init__(self, takes: int = 10**9) -> None:
        self.takes = takes
        self.events: list[Happened] = []

    def room(self) -> bool:
        return len(self.events) < self.takes

    def put(self, event: Happened) -> None:
        self.events.append(event)

    @property
    def lines(self) -> bytes:
        cast = Cast(self.events[0].at if self.events else 0.0)
        return b"".join(cast.lines(event) for event in self.events)

    @property
    def output(self) -> bytes:
        return b"".join(event.what for event in self.events if isinstance(event.what, bytes))


@contextmanager
def recorded(takes: int = 10**9, capacity: int = CAPACITY) -> Iterator[tuple[Ring, Recorder, Sink]]:
    ring, sink = Ring.create(capacity), Sink(takes)
    try:
        yield ring, Recorder(RecordingBody(id="0" * 24, started_at=time.time(), by="Anna"), ring, sink, 0), sink
    finally:
        ring.close()


def prints(ring: Ring, recorder: Recorder, data: bytes) -> None:
    at = ring.head
    ring.append(data)
    recorder.output(at, data)


# --- the format ------------------------------------------------------------------------------------------------------


def test_the_header() -> None:
    first = header(recording(title="größer", cols=100, rows=30))
    assert json.loads(first) == {
        "version": 3,
        "term": {"cols": 100, "rows": 30, "type": "xterm-256color"},
        "timestamp": 1_700_000_000,
        "title": "größer",
    }
    assert first.count(b"\n") == 1
    assert json.loads(header(recording()))["title"] == "box"


def test_each_kind_of_event() -> None:
    cast = Cast(BEGUN)
    told = b"".join(
        cast.lines(event)
        for event in (
            Happened(BEGUN, 0, "preamble", b"\x1b[?2004h"),
            Happened(BEGUN + 0.25, 3, "output", b"a\r\n"),
            Happened(BEGUN + 1.5, 3, "size", "100x30"),
            Happened(BEGUN + 1.5, 3, "mark", "x" * 1000),
            Happened(BEGUN + 2, 9, "missing", 6),
            Happened(BEGUN + 2.0004, 9, "exit", "130"),
            Happened(BEGUN + 3, 9, "end", "exit"),
        )
    )
    assert events(told) == [
        (0.0, "o", "\x1b[?2004h"),
        (0.25, "o", "a\r\n"),
        (1.25, "r", "100x30"),
        (0.0, "m", "x" * MAX_LABEL),
        (0.5, "m", "6 bytes missing"),
        (0.0, "x", "130"),
    ]
    assert cast.elapsed == 2000


def test_a_clock_that_is_set_back_does_not_turn_the_recording_back() -> None:
    cast = Cast(BEGUN)
    told = b"".join(
        cast.lines(Happened(at, 0, "output", b"x")) for at in (BEGUN - 5, BEGUN + 4, BEGUN + 1, BEGUN + 4.5)
    )
    assert [interval for interval, _, _ in events(told)] == [0.0, 4.0, 0.0, 0.5]


def test_ten_thousand_roundings_do_not_add_up() -> None:
    cast = Cast(BEGUN)
    total = sum(events(cast.lines(Happened(BEGUN + n * 0.0004, n, "output", b".")))[0][0] for n in range(10_001))
    assert total == pytest.approx(4.0, abs=1e-6)


cuts = st.lists(st.integers(0, 400), max_size=12)
anything = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=100).map(str.encode),
    st.lists(
        st.sampled_from([b"\xe2\x82\xac", b"\xf0\x9f\x90\x9a", b"\xc3", b"\xf0\x9f", b"\xff", b"a", b"\xed\xa0"])
    ).map(b"".join),
)


@given(anything, cuts)
def test_output_is_the_same_wherever_it_is_cut(data: bytes, places: list[int]) -> None:
    cast, edges = Cast(BEGUN), sorted({0, len(data), *(place for place in places if place < len(data))})
    told = b"".join(
        cast.lines(Happened(BEGUN, end, "output", data[start:end])) for start, end in itertools.pairwise(edges)
    )
    told += cast.lines(Happened(BEGUN, len(data), "end", "stopped"))
    assert text(told) == data.decode("utf-8", "replace")


@given(anything, cuts)
def test_output_is_the_same_whoever_goes_on_with_it(data: bytes, places: list[int]) -> None:
    """The next worker begins where the last whole character of the file ended."""
    told, at = b"", 0
    for end in [*sorted({place for place in places if place < len(data)}), len(data)]:
        cast = Cast(BEGUN)
        told += cast.lines(Happened(BEGUN, end, "output", data[at:end]))
        at = end - cast.held
    told += cast.lines(Happened(BEGUN, at, "end", "stopped"))
    assert text(told) == data.decode("utf-8", "replace")


# --- the recorder ----------------------------------------------------------------------------------------------------


def test_what_happens_in_its_order() -> None:
    with recorded() as (ring, recorder, sink):
        prints(ring, recorder, b"one")
        recorder.resized(ring.head, 100, 30)
        prints(ring, recorder, b"two")
        recorder.marked(ring.head, MarkKind.COMMAND, MarkBody())
        prints(ring, recorder, b"lz\b \bs -l\r\n")
        recorder.marked(ring.head, MarkKind.OUTPUT, MarkBody())
        recorder.marked(ring.head, MarkKind.DONE, MarkBody(status=2))
        recorder.marked(ring.head, MarkKind.PROMPT, MarkBody())
        recorder.marked(ring.head, MarkKind.DONE, MarkBody(status=0))
        recorder.marked(ring.head, MarkKind.COMMAND, MarkBody())
        prints(ring, recorder, b"false\r\n")
        recorder.marked(ring.head, MarkKind.DONE, MarkBody(status=1))
        recorder.marked(ring.head, MarkKind.COMMAND, MarkBody())
        prints(ring, recorder, b"\r\n")
        recorder.marked(ring.head, MarkKind.DONE, MarkBody(status=0))
        assert recorder.told() is not None
        recorder.ended(ring.head, ExitBody(signal=2))
        assert recorder.told() is None
        prints(ring, recorder, b"nobody records this")
        told = [(event.kind, event.what, event.offset) for event in sink.events]
        assert told == [
            ("output", b"one", 3),
            ("size", "100x30", 3),
            ("output", b"two", 6),
            ("output", b"lz\b \bs -l\r\n", 17),
            ("mark", "ls -l", 17),
            ("mark", "(exit 2)", 17),
            ("output", b"false\r\n", 24),
            ("mark", "false (exit 1)", 24),
            ("output", b"\r\n", 26),
            ("exit", "130", 26),
            ("end", "exit", 26),
        ]


@pytest.mark.parametrize(
    ("shown", "label"),
    [
        (b"", ""),
        (b"ls -la\r\ntotal 0\r\n", "ls -la"),
        (b"lx\b\x1b[Ks\r\n", "ls"),
        (b"abd\b\x1b[1@c\r\n", "abcd"),
        (b"acb\b\b\x1b[Pb\r\n", "ab"),
        (b"\x1b[31mls\x1b[0m \x1b]0;title\x07-l\n", "ls -l"),
        ("echo größe 盒子\r\n".encode(), "echo größe 盒子"),
        (b"old\rnew", "new"),
        (b"echo aaaa bbbb ccc \rc dddd\r\n", "echo aaaa bbbb cccc dddd"),  # readline goes on in the next row
        (b"echo aaaa bbbb ccc\r\r\nc dddd\r\n", "echo aaaa bbbb cccc dddd"),  # so does busybox
        (b"\x1b[999999999D\x1b[999999999Cx\x1b[99999999999999@", "x"),
        (b"\xff\x1b", "\ufffd"),
    ],
)
def test_what_was_typed(shown: bytes, label: str) -> None:
    assert typed(shown) == label


@given(
    st.one_of(st.binary(max_size=300), st.text("ab\x1b[];?0123456789@PKCDJ\x08\r\n\x07", max_size=300).map(str.encode))
)
def test_anything_can_be_typed(shown: bytes) -> None:
    assert all(letter.isprintable() or letter > "\x9f" for letter in typed(shown))


def test_a_line_made_long_by_a_few_bytes_is_cut() -> None:
    assert len(typed(b"a" + b"\x1b[1024@" * 100 + b"\x1b[1024C" + b"b\n")) <= 2 * LONGEST


def test_a_screen_in_use_begins_with_its_modes() -> None:
    with recorded() as (_, recorder, sink):
        recorder.begin(Modes().preamble())
        assert sink.events == []
        recorder.begin(Modes().preamble() + b"\x1b[?2004h")
        assert [(event.kind, event.what) for event in sink.events] == [("preamble", b"\x1b[?2004h")]


def test_a_slow_writer_gets_all_that_the_ring_still_has() -> None:
    with recorded(takes=1) as (ring, recorder, sink):
        data = bytes(range(256)) * 100
        for start in range(0, len(data), 1000):
            prints(ring, recorder, data[start : start + 1000])
        recorder.resized(ring.head, 90, 20)
        recorder.resized(ring.head, 91, 20)
        prints(ring, recorder, b"last")
        assert len(sink.events) == 1
        for _ in range(100):
            sink.takes += 1
            recorder.catch_up()
        assert sink.output == data + b"last"
        assert [event.what for event in sink.events if event.kind == "size"] == ["91x20"]
        assert max(len(event.what) for event in sink.events if isinstance(event.what, bytes)) <= PIECE


def test_what_has_left_the_ring_is_said_to_be_missing_and_memory_stays_small() -> None:
    with recorded(takes=1) as (ring, recorder, sink):
        prints(ring, recorder, b"first")
        for number in range(3 * MOST):
            prints(ring, recorder, b"%0100d" % number)
            recorder.marked(ring.head, MarkKind.OUTPUT, MarkBody())
        assert len(recorder._waiting) <= MOST + 1
        end = 5 + 3 * MOST * 100
        sink.takes = 10**9
        recorder.end("stopped")
        missing = [event.what for event in sink.events if event.kind == "missing"]
        assert len(missing) == 1
        assert 5 + int(missing[0]) + len(sink.output) - 5 == end
        assert len(sink.output) >= CAPACITY - 2 * LANDING
        assert sink.output.endswith(b"%0100d" % (3 * MOST - 1))
        assert any(code == "m" and "bytes missing" in what for _, code, what in events(sink.lines))
        assert sink.events[-1].kind == "end"


def test_who_leaves_hands_over_all_and_ends_nothing() -> None:
    with recorded(takes=0) as (ring, recorder, sink):
        prints(ring, recorder, b"x" * 40_000)
        recorder.leave()
        assert sink.output == b"x" * 40_000
        assert recorder.told() is None
        recorder.ended(ring.head, None)
        assert {event.kind for event in sink.events} == {"output"}
