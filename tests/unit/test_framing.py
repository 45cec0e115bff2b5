"""Frames on the worker's socket survive any way of being cut, and garbage is refused before it is stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import Code, Fault
from runtime.protocol.framing import HEADER, Deframer, framed

payloads = st.lists(st.binary(min_size=1, max_size=300), max_size=12)


@given(payloads, st.lists(st.integers(1, 40), min_size=1))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(frames: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(framed, frames))
    deframer = Deframer()
    heard: list[bytes] = []
    position = turn = 0
    while position < len(stream):
        size = cuts[turn % len(cuts)]
        heard += deframer.feed(stream[position : position + size])
        position += size
        turn += 1
    assert heard == frames


@given(st.binary(max_size=400))
def test_garbage_is_frames_or_a_protocol_error_and_nothing_else(data: bytes) -> None:
    deframer = Deframer(limit=64)
    try:
        frames = deframer.feed(data)
    except Fault as fault:
        if fault.code is not Code.PROTOCOL_ERROR:
            raise
    else:
        assert all(1 <= len(frame) <= 64 for frame in frames)
        assert sum(len(frame) + HEADER for frame in frames) <= len(data)


@pytest.mark.parametrize("length", [0, 65, 2**32 - 1])
def test_a_length_out_of_bounds_is_refused_before_its_bytes_arrive(length: int) -> None:
    with pytest.raises(Fault, match="frame of"):
        Deframer(limit=64).feed(length.to_bytes(HEADER, "big"))
