"""The tail of a stream leaves the screen as the whole stream would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.protocol.pty import HISTORY, Hello, ReplayKind
from runtime.terminal import replay
from runtime.terminal.ear import Ear
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
def test_a_sequence_may_be_cut_anywhere(cuts: list[int]) -> None:
    stream = b"text " + VIM + b" more\x1b[?25h\x1b[?1049l bye \x1b[?1049h"
    pieces, whole = told(*cut(stream, cuts)), told(stream)
    assert pieces.preamble() == whole.preamble()
    assert pieces.left_alternate_at == whole.left_alternate_at == stream.index(b"\x1b[?1049l") + 8


@given(st.binary(max_size=200), st.binary(max_size=200))
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
