"""The tail of a stream leaves the screen as the whole stream would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.protocol import pty
from runtime.protocol.pty import HISTORY, Hello, ReplayKind
from runtime.terminal import replay
from runtime.terminal.ear import CHECKPOINT, SEEK, Ear
from runtime.terminal.modes import Modes
from runtime.terminal.ring import Ring

VIM = b"\x1b[?1049h\x1b[?2004h\x1b[?1000;1006h\x1b[?25l\x1b[4 q\x1b=\x1b]2;vim\x07"


@pytest.fixture
def ring() -> Iterator[Ring]:
    made = Ring.create()
    yield made
    made.close()


def fed(*pieces: bytes) -> Ear:
    """What heard that output, in these pieces."""
    ring = Ring.create()
    ear = Ear(ring)
    for piece in pieces:
        ring.append(piece)
        ear.heed(piece, ring.head)
    ring.close()
    return ear


def told(*pieces: bytes) -> Modes:
    return fed(*pieces).modes


def test_a_fresh_terminal_needs_nothing_but_a_clean_start() -> None:
    assert told(b"hello\r\n\x1b[31mred\x1b[0m").preamble() == b"\x18\x1b[0m"


def test_modes_of_a_full_screen_program_are_set_again() -> None:
    preamble = told(VIM).preamble()
    for part in (b"\x1b[?1049h", b"\x1b[?2004h", b"\x1b[?1000h", b"\x1b[?1006h", b"\x1b[?25l", b"\x1b[4 q", b"\x1b="):
        assert part in preamble
    assert b"\x1b]2;vim\x07" in preamble


def test_a_reset_forgets_them() -> None:
    assert told(VIM + b"\x1bc").preamble() == b"\x18\x1b[0m\x1b]2;vim\x07"


def cut(stream: bytes, cuts: list[int]) -> Iterator[bytes]:
    position, turn = 0, 0
    while position < len(stream):
        length = cuts[turn % len(cuts)]
        yield stream[position : position + length]
        position, turn = position + length, turn + 1


@given(st.lists(st.integers(1, 9), min_size=1))
@settings(deadline=None)
def test_a_sequence_may_be_cut_anywhere(cuts: list[int]) -> None:
    stream = b"text " + VIM + b" more\x1b[?25h\x1b[?1049l bye \x1b[?1049h"
    pieces, whole = told(*cut(stream, cuts)), told(stream)
    assert pieces.preamble() == whole.preamble()
    assert pieces.left_alternate_at == whole.left_alternate_at == stream.index(b"\x1b[?1049l") + 8


@given(st.binary(max_size=200), st.binary(max_size=200))
@settings(deadline=None)
def test_garbage_is_survived(first: bytes, second: bytes) -> None:
    modes = told(first, second)
    assert Modes.load(modes.dump(5))[0].preamble() == modes.preamble()
    Modes.load(first)


def test_exactly_the_missing_bytes_are_sent_to_who_knows_the_epoch(ring: Ring) -> None:
    ring.append(b"x" * 1000)
    plan = replay.plan(Hello(v=1, ticket="", epoch=ring.epoch, have=400), ring, Ear(ring))
    assert (plan.kind, plan.start, plan.preamble) == (ReplayKind.DELTA, 400, b"")


@pytest.mark.parametrize("have", [None, 1001, 0])
def test_others_get_a_tail(ring: Ring, have: int | None) -> None:
    ring.append(b"x" * 1000)
    epoch = None if have == 0 else ring.epoch
    plan = replay.plan(Hello(v=1, ticket="", epoch=epoch, have=have), ring, Ear(ring))
    assert (plan.kind, plan.begin, plan.preamble) == (ReplayKind.TAIL, 0, b"")


def test_a_long_tail_starts_on_a_line_and_has_no_gap_before_it(ring: Ring) -> None:
    ring.append(b"".join(b"line %d\n" % number for number in range(60_000)))
    plan = replay.tail(ring, Ear(ring))
    assert ring.read(plan.start - 1, plan.start) == b"\n"
    assert ring.head - plan.start <= HISTORY
    assert plan.begin + len(plan.preamble) == plan.start
    assert plan.preamble.startswith(b"\x18")


def test_history_is_not_drawn_into_a_full_screen_program(ring: Ring) -> None:
    ring.append(b"x\n" * 200_000 + VIM)
    ear = Ear(ring)
    plan = replay.tail(ring, ear)
    assert plan.redraw
    assert plan.start == ring.head
    assert b"\x1b[?1049h" in plan.preamble


def test_a_tail_does_not_start_inside_a_program_that_is_over(ring: Ring) -> None:
    ring.append(b"x\n" * 200_000 + VIM + b"drawing\n" * 100)
    ring.append(b"\x1b[?1049l")
    left = ring.head
    ear = Ear(ring)
    ring.append(b"$ \n")
    assert replay.tail(ring, ear).start == left


MORE = [
    b"\x1b[?1007h", b"\x1b[2;20r", b"\x1b)0\x0e", b"\x0f", b"\x1b[>1u", b"\x1b[>9u", b"\x1b[<u", b"\x1b[=3;2u",
    b"\x1b[>4;2m", b"\x1b[>4m", b"\x1b[6 q", b"\x1b=", b"\x1b]0;name\x07", b"\x1b]7;file:///tmp\x07", b"\x1b[!p",
    b"\x1bc", b"\x1b(0", b"\x1b[r", VIM, b"\x1b[?1049l", b"\x1b[?2026h", b"\x1b[?2026l", b"\x1bPq#1~~\n~~\x1b\\",
    b"\x1b[?25l", b"\x1b[?2004h", b"\x1b[?1048h",
]  # fmt: skip


def test_every_mode_that_is_heeded_is_set_again() -> None:
    stream = b"\x1b[?1007h\x1b[2;20r\x1b)0\x0e\x1b[>1u\x1b[>9u\x1b[<u\x1b[=4;2u\x1b[>4;2m\x1b]7;file:///tmp\x07\x1b(0"
    preamble = told(stream).preamble()
    parts = (
        b"\x1b[?1007h",
        b"\x1b[2;20r",
        b"\x1b)0",
        b"\x1b(0",
        b"\x0e",
        b"\x1b[>5u",
        b"\x1b[>4;2m",
        b"\x1b]7;file:///tmp\x07",
    )
    for part in parts:
        assert part in preamble
    assert told(preamble).preamble() == preamble


def test_each_screen_has_its_own_keyboard_flags_and_margins() -> None:
    stream = b"\x1b[>1u\x1b[3;9r\x1b[?1049h\x1b[>8u\x1b[5;6r"
    assert told(told(stream).preamble()).preamble() == told(stream).preamble()
    assert told(stream + b"\x1b[?1049l").preamble() == told(b"\x1b[>1u\x1b[3;9r").preamble()


@given(st.lists(st.tuples(st.sampled_from(MORE), st.integers(0, 9000)), max_size=40), st.integers(0, 600_000))
@settings(deadline=None)
def test_any_tail_leaves_the_modes_of_the_whole(pieces: list[tuple[bytes, int]], history: int) -> None:
    """And begins on a screen that a reset terminal has: the normal one, with nothing held back, outside a string."""
    ring = Ring.create()
    ear, whole = Ear(ring), b""
    for piece, lines in pieces:
        data = piece + b"line\n" * lines
        ring.append(data)
        ear.heed(data, ring.head)
        whole += data
    plan = replay.tail(ring, ear, history)
    again = told(plan.preamble + ring.read(plan.start, ring.head))
    assert again.preamble() == ear.modes.preamble()
    assert plan.begin >= 0
    if plan.start == 0 or plan.redraw:
        assert plan.redraw == ear.modes.alternate
    else:
        before = fed(whole[: plan.start])
        assert before.modes.preamble() == plan.preamble
        assert not before.modes.alternate
        assert before.modes.calm or not any(b"?2026l" in piece for piece, _ in pieces)
    ring.close()


def test_more_history_is_shown_to_who_asks_for_it(ring: Ring) -> None:
    ear = Ear(ring)
    for number in range(200_000):
        ring.append(b"line %d\n" % number)
    ear.heed(ring.read(ring.tail, ring.head), ring.head)
    shown = [ring.head - replay.tail(ring, ear, history).start for history in (0, HISTORY, 1 << 20, 1 << 40)]
    assert shown == sorted(shown)
    assert 0 < shown[0] < HISTORY - 100 < shown[1] <= HISTORY < (1 << 20) - 100 < shown[2] <= 1 << 20
    assert shown[3] > pty.RING_BYTES - 16384


def test_a_tail_goes_back_beyond_a_program_that_is_over(ring: Ring) -> None:
    ear = Ear(ring)
    for data in (b"before\n" * 30_000, VIM, b"drawing\n" * 100, b"\x1b[?1049l", b"$ \n"):
        ring.append(data)
        ear.heed(data, ring.head)
    assert replay.tail(ring, ear, 100_000).start < ring.head - 90_000


def test_whatever_is_printed_little_of_it_is_understood_again(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """By who attaches, as often as they like; and by the next worker, for every terminal there is."""
    ear, read, again = Ear(ring), Ring.read, []

    def counted(self: Ring, start: int, end: int) -> bytes:
        again.append(end - start)
        return read(self, start, end)

    for data in [b"x" * 20_000, VIM, *([b"\x1b=\x1b[?25l" * 500] * 256), b"\x1b[?1049l", *([b"y" * 9_000] * 4)]:
        ring.append(data)
        ear.heed(data, ring.head)
    monkeypatch.setattr(Ring, "read", counted)
    start, modes = ear.start(40_000) or (0, Modes())
    assert modes.calm
    assert ring.head - 4 * 9_000 <= start < ring.head
    assert sum(again) <= SEEK + 2 * CHECKPOINT
    again.clear()
    assert Ear(ring).modes.preamble() == ear.modes.preamble()
    assert sum(again) <= 2 * CHECKPOINT


def test_a_full_note_is_still_kept(ring: Ring) -> None:
    ear = Ear(ring)
    data = (
        b"\x1b]0;" + b'\xff"\\' * 1000 + b"\x07\x1b]7;file:///" + b"\xfe" * 490 + b"\x07" + b"\x1b[>65535u" * 20 + VIM
    )
    ring.append(data)
    ear.heed(data, ring.head)
    assert Modes.load(ring.note())[1] == ring.head
    assert Ear(ring).modes.preamble() == ear.modes.preamble()
