"""What stands between two bytes of the output, and what a page is shown that comes late."""

from __future__ import annotations

import asyncio
import os
import select

import msgspec

from runtime.protocol import pty
from runtime.protocol.pty import Hello, Kind, MarkBody, MarkKind
from runtime.terminal.ring import Ring
from runtime.terminal.session import Session
from runtime.terminal.viewer import Viewer
from tests.support.pty_terminal import Make, Terminal
from tests.support.pty_viewer import FakeOutlet, Screen, until


class Placed(Screen):
    """Where in its own output a screen got SIZE and MARK."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, int | None]] = []  # (the offset it names, how far the output was)
        self.marks: list[tuple[int, int | None, MarkKind, MarkBody]] = []
        self.begun: int | None = None

    def feed(self, frame: bytes) -> None:
        super().feed(frame)
        at = int.from_bytes(frame[1:9], "big")
        if frame[0] == Kind.SIZE:
            self.sizes.append((at, self.parsed))
        elif frame[0] == Kind.MARK:
            self.marks.append((at, self.parsed, MarkKind(frame[9]), msgspec.json.decode(frame[10:], type=MarkBody)))
        elif frame[0] == Kind.REPLAY_BEGIN:
            self.begun = int.from_bytes(frame[2:10], "big")


def placed(
    shell: Terminal, hello: Hello | None = None, *, acks: bool = True, role: str = "rw"
) -> tuple[Viewer, Placed]:
    outlet, screen = FakeOutlet(), Placed()
    outlet.screen = screen
    viewer, _ = shell.attach(hello, outlet=outlet, acks=acks, role=role)
    return viewer, screen


SCRIPT = r"""
i=0
while [ $i -lt 200 ]; do
  printf '\033]133;A\007$ \033]133;B\007ls\r\n\033]133;C\007'
  seq 1 300
  printf '\033]133;D;%d\007' $i
  i=$((i + 1))
  [ $((i % 20)) = 0 ] && sleep 0.3
done
echo over
"""


async def test_marks_and_sizes_come_exactly_in_their_place(terminal: Make) -> None:
    """To who drives, to who looks on, to who comes late, and to who fell behind."""
    shell = terminal("sh", "-c", SCRIPT)
    driver, screen = placed(shell)
    watcher, watched = placed(shell, role="ro")
    laggard, lagged = placed(shell, role="ro", acks=False)
    cols = 80

    def over() -> bool:
        nonlocal cols
        cols = 60 + (cols + 1) % 60
        shell.session.receive(driver, pty.resize_frame(1, cols, 24))
        return b"over" in screen.output

    await until(over, "all output", within=60)
    await until(lambda: b"over" in watched.output, "all output for who looks on")
    _, late = placed(shell, role="ro")
    await until(lambda: late.parsed == shell.session.ring.head, "the replay")
    while (lagged.parsed or 0) < shell.session.ring.head:
        shell.session.receive(laggard, pty.ack_frame(lagged.parsed or 0))
        await asyncio.sleep(0)
    for one in (screen, watched, late, lagged):
        assert len(one.sizes) > 3
        assert len(one.marks) > 50
        assert all(at == parsed for at, parsed in one.sizes)
        assert all(at == parsed for at, parsed, _, _ in one.marks)
        sizes = [frame for kind, frame in one.frames if kind is Kind.SIZE]
        assert int.from_bytes(sizes[-1][9:11], "big") == shell.session.size.cols
    assert screen.marks == watched.marks
    for at, _, kind, _ in screen.marks:
        if kind is MarkKind.COMMAND:
            assert screen.output[: at - (screen.begun or 0)].endswith(b"$ \x1b]133;B\x07")
    tail = [mark for mark in screen.marks if mark[0] > (late.begun or 0)]
    assert [mark[0] for mark in late.marks if mark[0] > (late.begun or 0)] == [mark[0] for mark in tail]
    assert watcher.id in shell.session.viewers


async def test_what_is_read_for_who_comes_is_shown_to_who_is_there(terminal: Make) -> None:
    shell = terminal("sh", "-c", "stty -echo; printf ready; read line; printf answer; exec cat")
    driver, screen = placed(shell)
    await until(lambda: b"ready" in screen.output, "the program")
    shell.type(driver, b"\n")
    select.select([shell.master], [], [], 10)  # the loop has had no turn to read it
    placed(shell, role="ro", acks=False)
    await until(lambda: b"answer" in screen.output, "the answer")


async def test_who_falls_behind_loses_what_stood_in_the_gap_save_what_lasts(terminal: Make) -> None:
    flood = (
        r"printf '\033]0;early\007\033]133;A\007'; read line; yes | head -c 9000000; printf '\033]133;B\007over'; cat"
    )
    shell = terminal("sh", "-c", flood)
    driver, screen = placed(shell)
    laggard, lagged = placed(shell, role="ro", acks=False)
    await until(lambda: len(screen.marks) == 2, "two marks")
    shell.session.receive(driver, pty.resize_frame(1, 91, 24))
    shell.type(driver, b"\n")
    await until(lambda: shell.session.ring.head > 3 << 20, "a flood")
    shell.session.receive(driver, pty.resize_frame(1, 92, 24))
    await until(lambda: screen.output.endswith(b"over"), "all output", within=60)
    lagged.marks.clear()
    lagged.sizes.clear()
    deadline = asyncio.get_running_loop().time() + 20
    while (lagged.parsed or 0) < shell.session.ring.head:
        assert asyncio.get_running_loop().time() < deadline
        shell.session.receive(laggard, pty.ack_frame(lagged.parsed or 0))
        await asyncio.sleep(0)
    assert lagged.gaps == 1
    assert [(kind, body.text) for _, _, kind, body in lagged.marks] == [
        (MarkKind.TITLE, "early"),
        (MarkKind.COMMAND, None),
    ]
    assert [int.from_bytes(frame[9:11], "big") for kind, frame in lagged.frames if kind is Kind.SIZE][-1] == 92
    assert all(at == parsed for at, parsed in lagged.sizes)


async def test_a_page_reloaded_has_the_marks_and_so_has_the_next_worker(terminal: Make) -> None:
    script = r"printf '\033]0;name\007\033]7;file://h/srv\007\033]133;A\007$ \033]133;B\007'; cat"
    shell = terminal("sh", "-c", script)
    _, screen = placed(shell)
    await until(lambda: len(screen.marks) == 4, "four marks")
    _, again = placed(shell)
    assert again.marks == screen.marks
    hello = Hello(v=1, ticket="", epoch=shell.session.ring.epoch, have=screen.parsed)
    _, delta = placed(shell, hello)
    assert delta.marks == [], "it has them"
    ring = Ring.open(os.dup(shell.session.ring.fd))
    shell.session.close(pty.ErrorBody(code="internal-error", msg="restart", close=pty.Close.RESTART))
    shell.session = Session("t1", os.dup(shell.spare), ring)
    _, next_one = placed(shell)
    assert [mark[2:] for mark in next_one.marks] == [mark[2:] for mark in screen.marks]


async def test_a_question_is_answered_once_and_a_reconnection_is_exact(terminal: Make) -> None:
    script = (
        r"stty raw -echo; printf 'a\033[6nb\033[cc\033]11;?\007d\005e'; printf '\033[5'; sleep 0.3; printf 'nf'; cat"
    )
    shell = terminal("sh", "-c", script)
    _, screen = shell.attach()
    await until(lambda: screen.output.endswith(b"f"), "all of it")
    live = bytes(screen.output)
    assert live == b"a\x1b[6nb\x1b[cc\x1b]11;?\x07d\x05e\x1b[5nf", "who looks on at the time is asked"
    _, again = shell.attach()
    assert len(again.output) == len(live)
    assert again.output.translate(None, b"\x00\x1b\\") == b"abcdef"
    _, delta = shell.attach(Hello(v=1, ticket="", epoch=shell.session.ring.epoch, have=0))
    assert delta.output == live


async def test_history_is_as_long_as_a_page_asks(terminal: Make) -> None:
    shell = terminal("sh", "-c", "seq 1 200000; printf over; cat")
    _, screen = shell.attach()
    await until(lambda: screen.output.endswith(b"over"), "all output", within=60)
    lengths = []
    for history in (20_000, pty.HISTORY, 1 << 20, 1 << 60):
        _, again = shell.attach(Hello(v=1, ticket="", history=history))
        await until(lambda again=again: again.output.endswith(b"over"), "the replay")  # type: ignore[misc]
        lines = again.output.removeprefix(b"\x18\x1b[0m").split(b"\r\n")
        assert lines[:-1] == [b"%d" % number for number in range(200_001 - len(lines) + 1, 200_001)]
        lengths.append(len(again.output))
    assert lengths == sorted(lengths)
    assert lengths[0] <= 20_010
    assert lengths[2] > pty.HISTORY > lengths[1] - 10


async def test_a_bell_is_told_and_a_flood_of_bells_is_not(terminal: Make) -> None:
    shell = terminal("sh", "-c", r"printf '\007'; read line; yes $(printf '\007') | head -c 2000000; printf over; cat")
    viewer, screen = placed(shell)
    await until(lambda: [kind for _, _, kind, _ in screen.marks] == [MarkKind.BELL], "one bell")
    shell.type(viewer, b"\n")
    await until(lambda: screen.output.endswith(b"over"), "the flood", within=60)
    assert len(screen.marks) < 600


async def test_a_page_that_comes_to_a_full_screen_is_drawn_for(terminal: Make) -> None:
    script = "trap 'echo drawn' WINCH; printf '\\033[?1049h'; echo up; while :; do read line; done"
    shell = terminal("sh", "-c", script)
    _, screen = shell.attach()
    await until(lambda: b"up" in screen.output, "a full screen")
    shell.attach(Hello(v=1, ticket="", want="ro"))
    await until(lambda: b"drawn" in screen.output, "it is drawn again")
