"""A terminal on a plain pty: credit, order, driving, the end, and coming back."""

from __future__ import annotations

import os
import time

import pytest

from runtime.errors import Fault
from runtime.kernel import pty as kernel_pty
from runtime.protocol import pty
from runtime.protocol.pty import Close, InputStatus, Kind
from runtime.terminal import drain
from runtime.terminal.flow import PAUSE_BELOW
from runtime.terminal.ring import Ring
from runtime.terminal.session import Session
from runtime.terminal.viewer import Viewer
from tests.support.pty_terminal import Make, Terminal
from tests.support.pty_viewer import Screen, until
from tests.support.usage import resident


async def test_what_is_typed_comes_back_in_order(terminal: Make) -> None:
    shell = terminal("cat")
    viewer, screen = shell.attach()
    for word in (b"one\n", b"two\n", b"three\n"):
        shell.type(viewer, word)
    await until(lambda: screen.output.count(b"three") == 2, "the echo and cat's answer")
    assert screen.inputs == {1: [InputStatus.WRITTEN], 2: [InputStatus.WRITTEN], 3: [InputStatus.WRITTEN]}
    assert screen.frames[0][0] is Kind.WELCOME
    assert screen.drives


async def test_all_bytes_pass_unaltered(terminal: Make) -> None:
    script = "stty raw -echo; printf ready; head -c 256"
    shell = terminal("sh", "-c", script)
    viewer, screen = shell.attach()
    await until(lambda: b"ready" in screen.output, "raw mode")
    every = bytes(range(256))
    shell.type(viewer, every)
    await until(lambda: len(screen.output) >= 5 + 256, "256 bytes")
    assert bytes(screen.output) == b"ready" + every


async def test_reading_stops_at_the_window_when_a_viewer_never_acks(terminal: Make) -> None:
    shell = terminal("yes")
    _, screen = shell.attach(acks=False)
    # With less room than that the pty is not read any more; where exactly it stops is the kernel's portions' doing.
    await until(lambda: shell.session.ring.head > pty.WINDOW - PAUSE_BELOW, "the window fills")
    await until(lambda: len(screen.output) == shell.session.ring.head, "all of it arrives")
    before, memory = shell.session.ring.head, resident()
    deadline = time.monotonic() + 0.5
    await until(lambda: time.monotonic() > deadline, "half a second")
    assert shell.session.ring.head == before <= pty.WINDOW
    assert resident() - memory < 2 * 1024 * 1024


async def test_memory_stays_flat_while_a_flood_runs_at_the_viewers_speed(terminal: Make) -> None:
    shell = terminal("yes")
    _, screen = shell.attach()
    total = 0

    def swallow() -> bool:
        nonlocal total
        total += len(screen.output)
        screen.output.clear()
        screen.frames.clear()
        return total > 8 * 1024 * 1024

    await until(swallow, "8 MiB", within=30)
    memory, total = resident(), 0
    await until(swallow, "8 MiB more", within=30)
    assert resident() - memory < 2 * 1024 * 1024


@pytest.mark.parametrize("acks", [True, False])
async def test_ctrl_c_ends_a_flood(terminal: Make, acks: bool) -> None:
    shell = terminal("sh", "-c", "trap 'echo over; exit 3' INT; yes; exit 3")
    viewer, screen = shell.attach(acks=acks)
    await until(lambda: shell.session.ring.head > 100_000, "a flood")
    begun = time.monotonic()
    shell.type(viewer, b"\x03")
    await shell.ended()
    assert time.monotonic() - begun < 2
    shell.session.receive(viewer, pty.ack_frame(screen.parsed or 0))
    while screen.exit is None:
        before = screen.parsed
        shell.session.receive(viewer, pty.ack_frame(screen.parsed or 0))
        assert screen.parsed != before or screen.exit
    assert screen.exit.code == 3
    assert screen.frames[-1][0] is Kind.EXIT


async def test_ctrl_c_passes_a_full_input_queue(terminal: Make) -> None:
    shell = terminal("sh", "-c", "trap 'exit 4' INT; echo ready; while :; do sleep 0.05; done")
    viewer, screen = shell.attach()
    await until(lambda: b"ready" in screen.output, "the trap is set")
    paste = [shell.type(viewer, b"x" * 1000 + b"\n") for _ in range(60)]
    await until(lambda: InputStatus.QUEUED in screen.inputs[paste[-1]], "the pty is full")
    key = shell.type(viewer, b"\x03")
    await shell.ended()
    assert shell.session.exit == pty.ExitBody(code=4)
    assert screen.inputs[key] == [InputStatus.WRITTEN]
    assert screen.inputs[paste[-1]] == [InputStatus.QUEUED, InputStatus.DROPPED]


async def test_a_program_that_wants_ctrl_c_as_a_byte_gets_it_in_its_place(terminal: Make) -> None:
    script = "stty raw -echo; echo ready; sleep 0.3; exec head -c 60001 | tail -c 1 | od -An -tx1"
    shell = terminal("sh", "-c", script)
    viewer, screen = shell.attach()
    await until(lambda: b"ready" in screen.output, "raw mode")
    for _ in range(60):
        shell.type(viewer, b"x" * 1000)
    shell.type(viewer, b"\x03")
    await until(lambda: b" 03" in screen.output, "the byte, last of all")


async def test_input_beyond_the_bound_is_dropped_and_said_so(terminal: Make) -> None:
    shell = terminal("sh", "-c", "stty raw -echo; echo ready; exec sleep 60")
    viewer, screen = shell.attach()
    await until(lambda: b"ready" in screen.output, "raw mode")
    seqs = [shell.type(viewer, b"x" * pty.MAX_INPUT) for _ in range(30)]
    assert screen.inputs[seqs[0]][-1] in (InputStatus.WRITTEN, InputStatus.QUEUED)
    assert screen.inputs[seqs[-1]] == [InputStatus.DROPPED]


async def test_input_in_small_pieces_is_bounded_too(terminal: Make) -> None:
    shell = terminal("sh", "-c", "stty raw -echo; echo ready; exec sleep 60")
    viewer, screen = shell.attach()
    await until(lambda: b"ready" in screen.output, "raw mode")
    for _ in range(8):  # as much as the kernel takes, and more
        shell.type(viewer, b"x" * pty.MAX_INPUT)
    for piece in (b"x", b""):
        seqs = [shell.type(viewer, piece) for _ in range(8000)]
        assert screen.inputs[seqs[-1]] == [InputStatus.DROPPED]


async def test_exit_comes_after_the_last_byte_however_often(terminal: Make) -> None:
    begun, rounds = time.monotonic(), 0
    while time.monotonic() - begun < 8 and rounds < 1000:
        shell = terminal("sh", "-c", "head -c 65536 /dev/zero | tr '\\0' 'x'; exit 7")
        _, screen = shell.attach()
        await shell.ended()
        await until(lambda screen=screen: screen.exit is not None, "EXIT")  # type: ignore[misc]
        assert len(screen.output) == 65536
        assert screen.exit == pty.ExitBody(code=7)
        assert screen.frames[-1][0] is Kind.EXIT
        shell.close()
        rounds += 1
    assert rounds > 10


async def test_who_comes_after_the_end_reads_the_tail_and_the_exit(terminal: Make) -> None:
    shell = terminal("sh", "-c", "echo last words; exit 5")
    await shell.ended()
    _, screen = shell.attach()
    assert bytes(screen.output) == b"last words\r\n"
    assert screen.exit == pty.ExitBody(code=5)
    assert screen.closed


async def test_a_background_process_does_not_delay_the_exit(terminal: Make) -> None:
    shell = terminal("sh", "-c", "sleep 30 & echo done")
    _, screen = shell.attach()
    await shell.ended()
    assert screen.exit is not None
    assert b"done" in screen.output


async def test_a_reload_drives_though_the_old_page_dies_after_it(terminal: Make) -> None:
    shell = terminal("cat")
    old, old_screen = shell.attach()
    new, new_screen = shell.attach()
    assert new_screen.drives
    await until(lambda: not old_screen.drives, "the old page is told")
    assert screen_status(shell, old, old_screen) == InputStatus.NOT_DRIVER
    shell.session.detach(old)
    assert new_screen.drives
    assert screen_status(shell, new, new_screen) == InputStatus.WRITTEN


def screen_status(shell: Terminal, viewer: Viewer, screen: Screen) -> int:
    return screen.inputs[shell.type(viewer, b"x")][0]


async def test_the_visible_page_drives_and_who_asks_takes_over(terminal: Make) -> None:
    shell = terminal("cat")
    first, first_screen = shell.attach(pty.Hello(v=1, ticket="", cols=100, rows=30))
    second, second_screen = shell.attach(pty.Hello(v=1, ticket="", cols=50, rows=10))
    assert shell.session.size == kernel_pty.Winsize(50, 10)
    shell.session.receive(second, pty.byte_frame(Kind.VISIBILITY, 0))
    await until(lambda: first_screen.drives, "the first page is told")
    assert shell.session.size == kernel_pty.Winsize(100, 30)
    shell.session.receive(second, pty.byte_frame(Kind.VISIBILITY, 1))
    await until(lambda: second_screen.drives, "the second page is told")
    shell.session.receive(first, pty.control_frame(pty.ControlOp.TAKE))
    await until(lambda: first_screen.drives, "the first page is told")


async def test_a_read_only_viewer_never_drives_and_never_blocks(terminal: Make) -> None:
    shell = terminal("yes")
    _, screen = shell.attach()
    watcher, watched = shell.attach(role="ro", acks=False)
    assert screen.drives
    assert screen_status(shell, watcher, watched) == InputStatus.NOT_DRIVER
    shell.session.receive(watcher, pty.control_frame(pty.ControlOp.TAKE))
    assert screen.drives
    await until(lambda: shell.session.ring.head > 4 * pty.RING_BYTES, "a flood past the watcher", within=30)
    seen = watched.parsed or 0
    assert seen <= pty.WINDOW + 4096
    shell.session.receive(watcher, pty.ack_frame(seen))
    assert watched.gaps == 1
    assert (watched.parsed or 0) > pty.RING_BYTES


async def test_a_hidden_page_does_not_hold_the_program_up(terminal: Make) -> None:
    shell = terminal("yes")
    viewer, _ = shell.attach(acks=False)
    await until(lambda: shell.session.ring.head > pty.WINDOW // 2, "the window fills")
    shell.session.receive(viewer, pty.byte_frame(Kind.VISIBILITY, 0))
    await until(lambda: shell.session.ring.head > pty.RING_BYTES, "the flood goes on")


async def test_without_a_viewer_a_flood_runs_at_a_rate(terminal: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "BURST", 256 * 1024)
    monkeypatch.setattr(drain, "RATE", 512 * 1024)
    shell = terminal("yes")
    await until(lambda: shell.session.ring.head > 200 * 1024, "the burst")
    begun, before = time.monotonic(), shell.session.ring.head
    await until(lambda: time.monotonic() - begun > 1.0, "a second")
    assert 128 * 1024 < shell.session.ring.head - before < 1024 * 1024


async def test_after_a_lost_connection_exactly_the_missing_bytes_come(terminal: Make) -> None:
    shell = terminal("sh", "-c", "seq 1 300000")
    viewer, screen = shell.attach()
    await until(lambda: len(screen.output) > 300_000, "half a megabyte")
    for _ in range(5):
        have = screen.parsed
        shell.session.detach(viewer)
        await until(lambda: not shell.session.reading, "the pty is read no further than the ring can give back")
        hello = pty.Hello(v=1, ticket="", epoch=shell.session.ring.epoch, have=have)
        before, (viewer, screen) = screen, shell.attach(hello)
        assert screen.welcome is not None
        assert screen.welcome.replay.kind == pty.ReplayKind.DELTA
        screen.output[:0] = before.output
    await shell.ended()
    await until(lambda: screen.exit is not None, "EXIT", within=30)
    assert bytes(screen.output) == b"".join(b"%d\r\n" % number for number in range(1, 300_001))


async def test_only_the_driver_resizes_and_all_are_told(terminal: Make) -> None:
    shell = terminal("sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do read line; done")
    viewer, screen = shell.attach()
    watcher, watched = shell.attach(role="ro")
    await until(lambda: b"ready" in screen.output, "the trap is set")
    shell.session.receive(watcher, pty.resize_frame(1, 10, 10))
    assert kernel_pty.winsize(shell.spare) == kernel_pty.Winsize(80, 24)
    shell.session.receive(viewer, pty.resize_frame(1, 9999, 0))
    assert kernel_pty.winsize(shell.spare) == kernel_pty.Winsize(pty.COLS[1], pty.ROWS[0])
    assert Kind.SIZE in [kind for kind, _ in watched.frames]
    shell.session.receive(viewer, bytes([Kind.REDRAW]))
    await until(lambda: kernel_pty.winsize(shell.spare).rows == pty.ROWS[0] + 1, "the wiggle")
    await until(lambda: kernel_pty.winsize(shell.spare).rows == pty.ROWS[0], "and back")


@pytest.mark.parametrize(
    "frame",
    [b"", b"\xff", b"\x02", b"\x03x", b"\x04", b"\x06\x09", b"\x06", b"\x08", b"\x05", b"\x82" + bytes(9), b"\x01{}"],
)
async def test_a_frame_that_is_none_is_a_protocol_error(terminal: Make, frame: bytes) -> None:
    shell = terminal("cat")
    viewer, _ = shell.attach()
    with pytest.raises(Fault):
        shell.session.receive(viewer, frame)


async def test_an_ack_of_the_future_gives_no_credit(terminal: Make) -> None:
    shell = terminal("yes")
    viewer, _ = shell.attach(acks=False)
    shell.session.receive(viewer, pty.ack_frame(2**63))
    await until(lambda: viewer.sent > pty.WINDOW // 2, "the window fills")
    assert viewer.acked <= viewer.sent <= pty.WINDOW


async def test_another_process_takes_the_terminal_up_where_it_was(terminal: Make) -> None:
    """As the next worker does: the same ring, the same pty, the modes kept beside them."""
    shell = terminal("sh", "-c", "printf '\\033[?2004h'; cat")
    viewer, screen = shell.attach()
    shell.type(viewer, b"before\n")
    await until(lambda: screen.output.count(b"before") == 2, "cat's answer")
    ring = Ring.open(os.dup(shell.session.ring.fd))
    shell.session.close(pty.ErrorBody(code="internal-error", msg="restart", close=Close.RESTART))
    shell.session = Session("t1", os.dup(shell.spare), ring)
    assert b"\x1b[?2004h" in shell.session.modes.preamble()
    hello = pty.Hello(v=1, ticket="", epoch=ring.epoch, have=screen.parsed)
    viewer, again = shell.attach(hello)
    shell.type(viewer, b"after\n")
    await until(lambda: again.output.count(b"after") == 2, "cat's answer")
    assert b"before" not in again.output
