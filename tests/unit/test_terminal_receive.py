"""Whatever a viewer sends and a program prints: a session knows only its own fault, and grows no further."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import tracemalloc
import tty
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import Code, Fault
from runtime.kernel import pty as kernel_pty
from runtime.protocol import pty
from runtime.protocol.pty import ControlOp, InputStatus, Kind
from runtime.terminal.ring import Ring
from runtime.terminal.session import Session
from runtime.terminal.viewer import Viewer
from tests.support.pty_viewer import FakeOutlet, until

u8, u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
frames = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda kind, rest: bytes([kind]) + rest, st.sampled_from(Kind), st.binary(max_size=24)),
    st.builds(pty.input_frame, u32, st.binary(max_size=40)),
    st.builds(pty.ack_frame, u64),
    st.builds(pty.ack_frame, st.integers(0, 5000)),
    st.builds(pty.resize_frame, u16, u16, u16, u16, u16),
    st.builds(pty.ping_frame, u32, st.floats(), u32),
    st.builds(lambda ping, stamp: pty.stamp_ping(ping, stamp), st.builds(pty.ping_frame, u32, st.floats()), u64),
    st.builds(pty.control_frame, st.sampled_from(ControlOp), st.integers(0, 5)),
    st.builds(pty.byte_frame, st.just(Kind.VISIBILITY), st.integers(0, 1)),
    st.builds(pty.byte_frame, st.just(Kind.SIGNAL), st.integers(0, 30)),
    st.just(bytes([Kind.REDRAW])),
)
outputs = st.lists(
    st.sampled_from(
        [b"text\r\n", b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b]133;A\x07", b"\x07", b"\x1b]0;t\x07", b"\x1b[6n", b"\x1b["]
    )
    | st.binary(max_size=30),
    max_size=4,
).map(b"".join)
hellos = st.builds(
    pty.Hello,
    v=st.just(1),
    ticket=st.just(""),
    epoch=st.none() | st.just("x"),
    have=st.none() | st.integers(-(2**70), 2**70),
    cols=st.integers(-(2**40), 2**40),
    rows=st.integers(-5, 2000),
    xpx=st.integers(-5, 2**40),
    ypx=st.integers(-5, 2**40),
    want=st.sampled_from(["rw", "ro"]),
    visible=st.booleans(),
    history=st.integers(-(2**70), 2**70),
    lease=st.sampled_from(["", "a", "b"]),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(0, 3), hellos),
        st.tuples(st.just("go"), st.integers(0, 3), st.none()),
        st.tuples(st.just("say"), st.integers(0, 3), frames),
        st.tuples(st.just("print"), st.just(0), outputs),
    ),
    max_size=30,
)


class Stage:
    """A session on a raw pty, and four places for viewers: two of the owner's, two guests."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        kernel_pty.set_winsize(self.slave, kernel_pty.Winsize(80, 24))
        self.session = Session("t1", self.master, Ring.create())
        self.seats: dict[int, tuple[Viewer, FakeOutlet]] = {}

    def come(self, seat: int, hello: pty.Hello) -> Viewer:
        self.go(seat)
        outlet = FakeOutlet()
        viewer = self.session.attach(
            hello, f"user {seat}", "ro" if seat > 1 else "rw", outlet, guest=seat > 1, name=f"name {seat}"
        )
        self.seats[seat] = (viewer, outlet)
        return viewer

    def go(self, seat: int) -> None:
        if seat in self.seats:
            self.session.detach(self.seats.pop(seat)[0])

    def say(self, seat: int, frame: bytes) -> None:
        if seat in self.seats:
            self.session.receive(self.seats[seat][0], frame)

    async def print(self, data: bytes) -> None:
        os.write(self.slave, data)
        await asyncio.sleep(0)

    def holds(self) -> None:
        """What is so at any time."""
        session = self.session
        granted = [viewer for viewer in session.viewers.values() if viewer.granted]
        assert len(granted) <= 1
        assert all(viewer.guest and viewer.visible for viewer in granted)
        if granted:
            assert session.driver is granted[0]
        elif session.driver:
            assert session.driver.owns
        for viewer in session.viewers.values():
            assert viewer.acked <= viewer.sent <= session.ring.head
            assert viewer.sent - viewer.acked <= 256 * 1024
        assert pty.COLS[0] <= session.size.cols <= pty.COLS[1]
        assert pty.ROWS[0] <= session.size.rows <= pty.ROWS[1]

    def close(self) -> None:
        self.session.close(pty.ErrorBody(code="not-found", msg="over", close=pty.Close.NO_SESSION))
        os.close(self.slave)


@given(steps)
@settings(max_examples=150, deadline=None)
def test_nothing_a_viewer_sends_is_worse_than_a_protocol_error(course: list[tuple[str, int, object]]) -> None:
    async def run() -> None:
        stage = Stage()
        try:
            for what, seat, said in course:
                if isinstance(said, pty.Hello):
                    stage.come(seat, said)
                elif what == "go":
                    stage.go(seat)
                elif what == "print" and isinstance(said, bytes):
                    await stage.print(said)
                elif isinstance(said, bytes):
                    try:
                        stage.say(seat, said)
                    except Fault as fault:
                        if fault.code is not Code.PROTOCOL_ERROR:
                            raise
                        stage.go(seat)
                stage.holds()
        finally:
            stage.close()

    asyncio.run(run())


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    yield made
    made.close()


HELLO = pty.Hello(v=1, ticket="")


@pytest.mark.parametrize(
    "flood",
    [
        lambda number: pty.input_frame(number, b"x" * 4000),
        lambda number: pty.ack_frame(2**64 - 1 - number),
        lambda number: pty.resize_frame(number, 10 + number % 400, 10 + number % 100),
        lambda number: pty.control_frame(list(ControlOp)[number % 5], number % 4),
        lambda number: pty.byte_frame(Kind.VISIBILITY, number % 2),
        lambda number: pty.stamp_ping(pty.ping_frame(number, 0.0, number), number),
        lambda number: bytes([Kind.REDRAW])[: 1 + number],
    ],
    ids=["input", "ack", "resize", "control", "visibility", "ping", "redraw"],
)
async def test_a_flood_of_frames_takes_no_memory(stage: Stage, flood: Callable[[int], bytes]) -> None:
    for seat in range(4):
        stage.come(seat, HELLO)

    async def go(count: int) -> None:
        for number in range(count):
            for seat, (_, outlet) in stage.seats.items():
                stage.say(seat, flood(number))
                outlet.screen.frames.clear()
                outlet.screen.inputs.clear()
            if number % 100 == 0:
                await asyncio.sleep(0)

    await go(300)  # what may wait, waits
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    await go(2000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 300_000
    stage.holds()


async def test_of_a_flood_of_sizes_some_reach_the_program_and_the_last_does(stage: Stage) -> None:
    stage.come(0, HELLO)
    _, outlet = stage.seats[0]
    for number in range(500):
        stage.say(0, pty.resize_frame(number, 10 + number % 400, 20))
    stage.say(0, pty.resize_frame(500, 123, 45))
    await until(lambda: (stage.session.size.cols, stage.session.size.rows) == (123, 45), "the last size")
    sizes = [frame for kind, frame in outlet.screen.frames if kind is Kind.SIZE]
    assert len(sizes) <= 10
    assert struct.unpack(">HH", sizes[-1][9:]) == (123, 45)


async def test_input_that_nobody_reads_is_bounded_and_the_rest_refused(stage: Stage) -> None:
    stage.come(0, HELLO)
    _, outlet = stage.seats[0]
    for number in range(200):
        stage.say(0, pty.input_frame(number, b"x" * pty.MAX_INPUT))
    assert outlet.screen.inputs[199] == [InputStatus.DROPPED]


async def test_hostile_acknowledgements_give_no_credit(stage: Stage) -> None:
    viewer = stage.come(0, HELLO)
    await stage.print(b"x" * 3000)
    await until(lambda: viewer.sent == stage.session.ring.head == 3000, "the output")
    for offset in (2**64 - 1, 0, 2**63, 1, 2**64 - 1):
        stage.say(0, pty.ack_frame(offset))
        assert viewer.acked == viewer.sent == stage.session.ring.head
    with contextlib.suppress(Fault):
        stage.say(0, b"\x03" + b"\xff" * 9)
    stage.holds()
