"""`pty.v1` frames: what is packed is unpacked, what is not a frame is a protocol error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import Code, Fault
from runtime.protocol import pty
from runtime.protocol.pty import InputStatus, Kind, ReplayKind

u16, u32, u64 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)


@given(u32, st.binary(max_size=500))
def test_input_comes_back(seq: int, data: bytes) -> None:
    assert pty.input_body(pty.input_frame(seq, data)) == (seq, data)


@given(u64, st.binary(max_size=500))
def test_output_comes_back(offset: int, data: bytes) -> None:
    assert pty.output_body(pty.output_frame(offset, data)) == (offset, data)


@given(u64)
def test_ack_comes_back(offset: int) -> None:
    assert pty.ack_body(pty.ack_frame(offset)) == offset


@given(u16, u16, u16)
def test_a_size_is_clamped_to_what_a_terminal_can_be(seq: int, cols: int, rows: int) -> None:
    heard = pty.resize_body(pty.resize_frame(seq, cols, rows))
    assert heard[0] == seq
    assert pty.COLS[0] <= heard[1] <= pty.COLS[1]
    assert pty.ROWS[0] <= heard[2] <= pty.ROWS[1]


def test_input_beyond_a_frames_measure_is_refused() -> None:
    with pytest.raises(Fault, match="INPUT of"):
        pty.input_body(pty.input_frame(1, bytes(pty.MAX_INPUT + 1)))


@given(u32, st.floats(allow_nan=False), u32, u64)
def test_a_ping_comes_back_with_the_web_process_stamp(ident: int, clock: float, rtt: int, stamp: int) -> None:
    ping = pty.ping_frame(ident, clock, rtt)
    assert pty.ping_body(ping) == (ident, clock, rtt, None)
    assert pty.ping_body(pty.stamp_ping(ping, stamp)) == (ident, clock, rtt, stamp)
    assert pty.ping_body(pty.stamp_ping(pty.stamp_ping(ping, 1), stamp)) == (ident, clock, rtt, stamp)


@given(st.sampled_from(pty.ControlOp), u32)
def test_control_comes_back(op: pty.ControlOp, viewer: int) -> None:
    assert pty.control_body(pty.control_frame(op, viewer)) == (op, viewer)


@given(st.binary(max_size=40), u64)
def test_what_is_no_ping_is_none_with_a_stamp_either(ping: bytes, stamp: int) -> None:
    with contextlib.suppress(Fault):
        pty.ping_body(pty.stamp_ping(b"\x05" + ping, stamp))


@given(
    st.binary(max_size=300)
    | st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text()).map(msgspec.json.encode)
)
def test_a_hello_is_one_or_a_protocol_error(body: bytes) -> None:
    with contextlib.suppress(Fault):
        assert pty.hello(b"\x01" + body).v == 1


def test_hello_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(Fault) as caught:
        pty.hello(pty.json_frame(Kind.HELLO, pty.Hello(v=2, ticket="x")))
    assert caught.value.field == "v"


def test_every_server_frame_begins_with_its_kind() -> None:
    assert pty.gap_frame(1, 2)[0] == Kind.GAP
    assert pty.size_frame(1, 80, 24)[0] == Kind.SIZE
    assert pty.input_ack_frame(1, InputStatus.WRITTEN)[0] == Kind.INPUT_ACK
    assert pty.replay_frame(Kind.REPLAY_BEGIN, ReplayKind.TAIL, 0, 1)[0] == Kind.REPLAY_BEGIN


READERS: list[Callable[[bytes], Any]] = [
    pty.kind_of, pty.hello, pty.input_body, pty.ack_body, pty.resize_body, pty.byte_body, pty.pong_frame,
    pty.ping_body, pty.control_body, pty.output_body,
]  # fmt: skip


@given(st.binary(max_size=64))
def test_garbage_is_never_worse_than_a_protocol_error(frame: bytes) -> None:
    for reader in READERS:
        with contextlib.suppress(Fault):
            reader(frame)


@given(st.binary(max_size=64))
def test_garbage_after_a_known_kind_is_never_worse_than_a_protocol_error(rest: bytes) -> None:
    for kind in Kind:
        for reader in READERS:
            try:
                reader(bytes([kind]) + rest)
            except Fault as fault:
                if fault.code is not Code.PROTOCOL_ERROR:
                    raise
