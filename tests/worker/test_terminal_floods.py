"""Programs that print without end, pages that do not read, hands that paste: nobody waits for anybody else."""

from __future__ import annotations

import asyncio
import time

import pytest

from runtime.protocol import messages, pty
from runtime.protocol.pty import Hello, InputStatus, Kind
from runtime.protocol.terminals import Histogram, TerminalMeters
from runtime.terminal.flow import LONG_TURN, PIECES
from runtime.terminal.meters import METERS
from runtime.terminal.queries import PIECE, Quieted
from runtime.terminal.viewer import TURN
from tests.support.pty_terminal import Make, Terminal
from tests.support.pty_viewer import FakeOutlet, Screen, until
from tests.support.usage import resident

MIB = 1 << 20


async def flooded(shell: Terminal, screen: Screen, amount: int) -> None:
    """Until that many bytes more were printed; what the screen shows is not kept."""
    goal = shell.session.ring.head + amount

    def there() -> bool:
        screen.output.clear()
        screen.frames.clear()
        return shell.session.ring.head >= goal

    await until(there, f"{amount} bytes of a flood", within=90)


@pytest.mark.parametrize("deaf", ["never acknowledges", "is stopped"])
async def test_who_looks_on_and_does_not_read_slows_nobody(terminal: Make, deaf: str) -> None:
    """Two floods beside each other: one driver is alone, nine who stand still look at the other's."""
    alone, crowded = terminal("yes"), terminal("yes")
    _, screen = alone.attach()
    _, busy = crowded.attach()
    outlets = [FakeOutlet() for _ in range(9)]
    for number, outlet in enumerate(outlets):
        outlet.stuck = deaf == "is stopped"
        crowded.attach(outlet=outlet, acks=False, guest=True, user=f"guest {number}")
    await flooded(alone, screen, 2 * MIB)
    memory = resident()
    starts = alone.session.ring.head, crowded.session.ring.head
    goal = alone.session.ring.head + 8 * MIB

    def there() -> bool:
        for one in (screen, busy):
            one.output.clear()
            one.frames.clear()
        return alone.session.ring.head >= goal

    await until(there, "8 MiB of a flood", within=90)
    mine, theirs = (shell.session.ring.head - start for shell, start in zip((alone, crowded), starts, strict=True))
    assert theirs > mine / 2
    assert resident() - memory < 3 * MIB
    assert all(outlet.backlog() < 256 * 1024 for outlet in outlets)


async def test_a_driver_that_is_stopped_holds_the_program_and_no_memory(terminal: Make) -> None:
    shell = terminal("yes")
    outlet = FakeOutlet()
    viewer, screen = shell.attach(outlet=outlet)
    await flooded(shell, screen, MIB)
    outlet.stuck = True
    await until(lambda: not shell.session.reading, "the pty is read no further")
    before, memory = shell.session.ring.head, resident()
    deadline = time.monotonic() + 0.5
    await until(lambda: time.monotonic() > deadline, "half a second")
    assert shell.session.ring.head == before
    assert resident() - memory < MIB
    outlet.stuck = False
    outlet.take()
    shell.session.drained(viewer)
    await flooded(shell, screen, MIB)


async def test_control_c_passes_a_paste_that_nobody_reads(terminal: Make) -> None:
    shell = terminal("sh", "-c", "trap 'exit 4' INT; echo ready; while :; do sleep 0.05; done")
    viewer, screen = shell.attach()
    await until(lambda: b"ready" in screen.output, "the trap is set")
    for _ in range(25):
        shell.type(viewer, b"pasted text of 4 KiB\n" * 195)
    key = shell.type(viewer, b"\x03")
    await shell.ended()
    assert shell.session.exit == pty.ExitBody(code=4)
    assert screen.inputs[key] == [InputStatus.WRITTEN]


async def test_text_printed_byte_by_byte_arrives_whole(terminal: Make) -> None:
    text = (
        "π 漢字 👩‍👩‍👧‍👦 é\u0301 \U0001f3f3\ufe0f\u200d\U0001f308 ".encode() * 20
        + bytes(range(0x80, 0x100))
        + b"\0\0end"
    )
    script = "import os,sys\nfor byte in bytes.fromhex(sys.argv[1]): os.write(1, bytes([byte]))"
    shell = terminal("sh", "-c", 'stty raw; exec python3 -c "$0" "$1"', script, text.hex())
    _, screen = shell.attach()
    _, watched = shell.attach(guest=True, user="bob")
    await shell.ended()
    assert bytes(screen.output) == text
    await until(lambda: bytes(watched.output) == text, "the same for who looks on")


@pytest.mark.parametrize(("neighbour", "keys"), [(False, 1000), (True, 300)], ids=["idle", "beside a flood"])
async def test_keys_come_back_in_order(terminal: Make, neighbour: bool, keys: int) -> None:
    if neighbour:
        _, flood = (loud := terminal("yes")).attach()
        await flooded(loud, flood, MIB)
    shell = terminal("sh", "-c", "stty raw -echo; printf ready; exec cat")
    viewer, screen = shell.attach()
    await until(lambda: screen.output == b"ready", "raw mode")
    screen.output.clear()
    typed = b""
    for number in range(keys):
        typed += bytes([97 + number % 26])
        shell.type(viewer, typed[-1:])
        await until(lambda: len(screen.output) == len(typed), "the key's echo")  # noqa: B023 -- at once
        if neighbour:
            flood.output.clear()
            flood.frames.clear()
    assert screen.output == typed
    assert all(statuses == [InputStatus.WRITTEN] for statuses in screen.inputs.values())


@pytest.mark.parametrize(
    "unit", [r"\033]0;a\007", r"\033]133;A\007", r"\033=", r"\007", r"\033[?25l", r"\033]x", r"\033P"]
)
async def test_a_flood_of_sequences_lets_others_have_their_turn(terminal: Make, unit: str) -> None:
    """A thousand turns of the loop are bounded by what one may read, not by what is there: keys are echoed between."""
    loud = terminal("sh", "-c", f"yes \"$(printf '{unit}%.0s' $(seq 200))\"")
    _, flood = loud.attach()
    shell = terminal("sh", "-c", "stty raw -echo; printf ready; exec cat")
    viewer, screen = shell.attach()
    await flooded(loud, flood, MIB // 2)
    for number in range(20):
        have, before = len(screen.output), loud.session.ring.head
        shell.type(viewer, b"k")
        await until(lambda have=have: len(screen.output) > have, "the key's echo")  # type: ignore[misc]
        assert loud.session.ring.head - before < 8 * MIB, number
        flood.frames.clear()
        flood.output.clear()


async def test_of_output_that_takes_long_to_understand_less_is_read_in_a_turn(terminal: Make) -> None:
    shell = terminal("yes")
    _, screen = shell.attach()
    flow, sizes = shell.session._flow, []
    understand = flow._heard

    def slowly(before: int) -> None:
        sizes.append(shell.session.ring.head - before)
        time.sleep(2 * LONG_TURN)
        understand(before)

    await flooded(shell, screen, MIB)
    flow._heard = slowly
    await until(lambda: len(sizes) > 40, "forty turns")
    assert 3 * PIECES[0] < max(sizes[:3]) < 2 * PIECES[1]
    assert max(sizes[20:]) < 2 * PIECES[0]


async def test_a_replay_whose_questions_are_many_lets_others_have_their_turn(
    terminal: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = terminal("sh", "-c", "stty raw -echo; yes 2>&- | head -c 200000; cat")
    shell.attach()
    await until(lambda: shell.session.ring.head == 200_000, "the output")
    take = Quieted.take

    def slowly(self: Quieted, most: int) -> bytes:
        time.sleep(2 * TURN)
        return take(self, most)

    monkeypatch.setattr(Quieted, "take", slowly)
    viewer, late = shell.attach(acks=False, role="ro")
    while len(late.output) < 200_000:
        before = len(late.output)
        for _ in range(20):
            shell.session.receive(viewer, pty.ack_frame(late.parsed or 0))
        assert len(late.output) - before <= PIECE
        await asyncio.sleep(0)
    assert late.output == b"y\n" * 100_000


@pytest.fixture
def figures() -> TerminalMeters:
    """As they were before the test."""
    return METERS.told([])


def count(histogram: Histogram | None) -> int:
    assert histogram is not None
    assert len(histogram.counts) == len(histogram.bounds) + 1
    return sum(histogram.counts)


async def test_what_happens_is_counted(terminal: Make, figures: TerminalMeters) -> None:
    shell = terminal("sh", "-c", "stty -echo; printf ready; read line; echo answer; yes")
    viewer, screen = shell.attach(acks=False)
    await until(lambda: b"ready" in screen.output, "the program")
    shell.attach(guest=True, user="bob", acks=False)
    shell.type(viewer, b"\n")
    await until(lambda: b"answer" in screen.output, "an answer")
    shell.session.receive(viewer, pty.ack_frame(screen.parsed or 0))
    shell.session.receive(viewer, pty.ping_frame(1, 0.0, 30_000))
    shell.session.receive(viewer, pty.ping_frame(2, 0.0, 2**32 - 1))
    await until(lambda: not shell.session.reading, "the program is held")
    told = METERS.told([shell.session])
    assert (told.sessions, told.viewers, told.keeper_fds) == (1, {"rw": 1, "guest": 1}, 2)
    assert told.ring_bytes == pty.RING_BYTES
    assert told.pty_read_bytes - figures.pty_read_bytes == shell.session.ring.head
    assert told.sent_bytes - figures.sent_bytes >= len(screen.output)
    assert told.replay_bytes - figures.replay_bytes >= len(b"ready"), "the guest came after it"
    assert count(told.echo_seconds) - count(figures.echo_seconds) == 1
    assert count(told.ping_rtt_seconds) - count(figures.ping_rtt_seconds) == 1
    assert count(told.unacked_bytes) - count(figures.unacked_bytes) == 1
    assert told.ping_rtt_seconds is not None
    assert figures.ping_rtt_seconds is not None
    bucket = told.ping_rtt_seconds.bounds.index(0.05)
    assert told.ping_rtt_seconds.counts[bucket] - figures.ping_rtt_seconds.counts[bucket] == 1
    await asyncio.sleep(0.05)
    shell.session.receive(viewer, pty.ack_frame(screen.parsed or 0))
    assert METERS.paused - figures.paused_seconds >= 0.05
    shell.session.receive(viewer, pty.byte_frame(Kind.SIGNAL, 2))
    await shell.ended()
    shell.type(viewer, b"x")
    assert METERS.dropped - figures.input_dropped == 1
    assert messages.Measured(meters=[], terminals=told).terminals is told


async def test_a_gap_and_a_replay_are_counted(terminal: Make, figures: TerminalMeters) -> None:
    shell = terminal("yes")
    _, screen = shell.attach()
    laggard, lagged = shell.attach(guest=True, user="bob", acks=False)
    await flooded(shell, screen, 3 * MIB)
    shell.session.receive(laggard, pty.ack_frame(lagged.parsed or 0))
    assert METERS.gaps - figures.lag_gaps == 1
    assert METERS.replayed > figures.replay_bytes
    before = METERS.replayed
    _, again = shell.attach(Hello(v=1, ticket="", want="ro"), acks=False)
    assert METERS.replayed - before == len(again.output) - len(b"\x18\x1b[0m")
