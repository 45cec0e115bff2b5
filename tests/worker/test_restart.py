"""`kill -9` of the worker: no shell, no byte and no exit status is lost. And the end of the keeper: nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from runtime.protocol import messages, model, pty
from runtime.protocol.pty import Kind
from tests.support.pty_viewer import until
from tests.worker.instance import ROOT, Instance, visit

COUNTER = "i=0; while :; do i=$((i+1)); echo n$i; usleep 2000; done"


def numbers(output: bytearray) -> list[int]:
    return [int(number) for number in re.findall(rb"n(\d+)\r\n", output)]


async def test_a_counter_goes_on_and_its_viewer_lacks_and_repeats_nothing(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh", "-c", COUNTER)).container.id
    whole = bytearray()
    screen = None
    for _ in range(4):
        async with visit(instance, name, have=screen) as visitor:
            await visitor.sees(lambda visitor=visitor: visitor.screen.welcome)  # type: ignore[misc]
            if screen is not None:
                assert visitor.screen.welcome is not None
                assert visitor.screen.welcome.replay.kind == pty.ReplayKind.DELTA
                assert visitor.screen.welcome.replay.start == screen.parsed
            begun = len(visitor.screen.output)
            await visitor.sees(lambda begun=begun, visitor=visitor: len(visitor.screen.output) > begun + 500)  # type: ignore[misc]
            lost_at = time.monotonic()
            await instance.kill_worker()
            assert time.monotonic() - lost_at < 5
            await visitor.sees(lambda visitor=visitor: visitor.screen.closed)  # type: ignore[misc]
            screen = visitor.screen
            whole += screen.output
    counted = numbers(whole)
    assert counted == list(range(1, len(counted) + 1))
    await instance.ask(messages.Delete(id=name, owner=None), messages.Done)


async def test_a_flood_loses_and_repeats_no_byte_when_the_worker_is_killed_in_it(instance: Instance) -> None:
    """The hard one: the pty is read at every moment, so the worker dies in the middle of a read."""
    script = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); seq 1 20000; done; exit 5"
    name = (await asyncio.to_thread(instance.launch, "sh", "-c", script)).container.id
    whole = bytearray()
    screen = None
    for round_ in range(20):
        async with visit(instance, name, have=screen) as visitor:
            await visitor.sees(lambda visitor=visitor: visitor.screen.welcome)  # type: ignore[misc]
            if round_ < 6:
                begun = len(visitor.screen.output)
                await visitor.sees(
                    lambda begun=begun, visitor=visitor: (  # type: ignore[misc]
                        visitor.screen.exit or len(visitor.screen.output) > begun + 200_000
                    )
                )
                await instance.kill_worker()
                await visitor.sees(lambda visitor=visitor: visitor.screen.closed)  # type: ignore[misc]
            else:
                await visitor.sees(lambda visitor=visitor: visitor.screen.exit, within=60)  # type: ignore[misc]
            screen = visitor.screen
            assert screen.gaps == 0
            whole += screen.output
        if screen.exit:
            break
    expected = b"".join(b"%d\r\n" % number for number in range(1, 20_001)) * 40
    assert len(whole) == len(expected)
    assert bytes(whole) == expected
    assert screen is not None
    assert screen.exit == pty.ExitBody(code=5)
    await instance.ask(messages.Delete(id=name, owner=None), messages.Done)


async def test_the_shell_of_before_answers_and_knows_its_modes(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh")).container.id
    async with visit(instance, name) as visitor:
        visitor.type(b"kept=yes; printf '\\033[?2004h'; echo $((1+1))ok\n")
        await visitor.sees(b"2ok")
    second = (await instance.ask(messages.OpenTerminal(id=name, owner="anna"), messages.Opened)).terminal
    await instance.kill_worker()
    one = await instance.ask(messages.Get(id=name, owner="anna"), messages.One)
    assert one.container.state is model.State.RUNNING
    assert [terminal.id for terminal in one.container.terminals] == ["console", second.id]
    async with visit(instance, name) as visitor:
        visitor.type(b"echo kept=$kept\n")
        await visitor.sees(b"kept=yes")
        visitor.type(b"sleep 100\n")
        shell = one.container.pid
        assert shell is not None
        # Before it is in the foreground, Ctrl-C is a byte to the shell's line editor, or the shell's to forget
        await visitor.sees(lambda: foreground(shell) == "sleep")
        visitor.type(b"\x03")
        await visitor.sees(b"^C")
        visitor.type(b"echo $((2+2))ok\n")
        await visitor.sees(b"4ok")
    async with visit(instance, name, second.id) as visitor:
        visitor.type(b"echo $((3+3))ok\n")
        await visitor.sees(b"6ok")
    await instance.ask(messages.Delete(id=name, owner=None), messages.Done)


async def test_an_exit_in_the_workers_absence_is_known(instance: Instance) -> None:
    """The shell ends while no worker is there: the keeper knows how."""
    script = "read go; echo last words; exit 9"
    name = (await asyncio.to_thread(instance.launch, "sh", "-c", script)).container.id
    beside = messages.OpenTerminal(id=name, owner="anna", argv=["sh", "-c", "read go; exit 8"])
    second = (await instance.ask(beside, messages.Opened)).terminal
    pid = (await instance.ask(messages.Ping(), messages.Pong)).info.pid
    console = (await instance.ask(messages.Get(id=name, owner="anna"), messages.One)).container.pid
    assert console is not None
    assert second.pid is not None
    async with visit(instance, name) as visitor, visit(instance, name, second.id) as other:
        await visitor.sees(lambda: visitor.screen.welcome)
        await other.sees(lambda: other.screen.welcome)
        os.kill(pid, signal.SIGSTOP)  # it can do nothing from here on
        try:
            for shell in (second.pid, console):  # the one of PID 1 last: it ends the other
                type_at(shell, b"go\n")
                await until(lambda shell=shell: not Path(f"/proc/{shell}").exists(), "the shell is gone")  # type: ignore[misc]
        finally:
            os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(instance.ready, but=pid)
    one = (await instance.ask(messages.Get(id=name, owner="anna"), messages.One)).container
    assert (one.state, one.pid) == (model.State.STOPPED, None)
    assert one.exit is not None
    assert one.exit.code == 9
    assert [terminal.exit.code for terminal in one.terminals if terminal.exit] == [9, 8]
    async with visit(instance, name) as visitor:
        await visitor.sees(lambda: visitor.screen.exit)
        assert b"last words" in visitor.screen.output
        assert visitor.screen.exit == pty.ExitBody(code=9)
    await instance.ask(messages.Start(id=name, owner="anna"), messages.Launched)
    await instance.ask(messages.Delete(id=name, owner=None), messages.Done)


def foreground(pid: int) -> str:
    """The name of the program that the terminal of process `pid` belongs to now; empty if it ends meanwhile."""
    leader = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[5]  # tpgid
    with contextlib.suppress(OSError):
        return Path(f"/proc/{leader}/comm").read_text().strip()
    return ""


def type_at(pid: int, text: bytes) -> None:
    """Type as a hand at the keyboard would, with no worker: by TIOCSTI on the shell's own terminal."""
    fd = os.open(f"/proc/{pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
    try:
        for byte in text:
            fcntl.ioctl(fd, termios.TIOCSTI, bytes([byte]))
    finally:
        os.close(fd)


async def test_a_deadline_holds_across_a_restart(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh", deadline_seconds=1.0)).container.id
    await instance.kill_worker()

    async def stopped() -> bool:
        one = await instance.ask(messages.Get(id=name, owner=None), messages.One)
        return one.container.state is model.State.STOPPED

    deadline = time.monotonic() + 10
    while not await stopped():
        assert time.monotonic() < deadline, "still running"
    await instance.ask(messages.Delete(id=name, owner=None), messages.Done)


async def test_watching_begins_anew_after_a_restart(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh")).container.id
    await instance.kill_worker()
    watched = await instance.ask(messages.TakeSnapshot(id=name, owner="anna"), messages.Watched)
    assert watched.snapshot.info.state is model.State.RUNNING
    roles = {process.role for process in watched.snapshot.host.processes.values()}
    assert {"keeper", "init"} <= roles
    assert watched.snapshot.host.namespaces["mnt"].id == os.readlink("/proc/self/ns/mnt")
    await instance.ask(messages.Delete(id=name, owner=None), messages.Done)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_when_the_keeper_ends_nothing_is_left(tmp_path: Path, images: Path, how: signal.Signals) -> None:
    """In order, or killed: the worker then ends in order by itself."""
    instance = Instance(tmp_path, images)
    try:
        await asyncio.to_thread(instance.ready)
        worker = instance.ready().info.pid
        launched = [await asyncio.to_thread(instance.launch, "sh") for _ in range(3)]
        async with contextlib.AsyncExitStack() as stack:
            visitors = [await stack.enter_async_context(visit(instance, one.container.id)) for one in launched]
            for visitor in visitors:
                await visitor.sees(b"#")
            instance.process.send_signal(how)
            code = await asyncio.to_thread(instance.process.wait, 60)
            for visitor in visitors:
                await visitor.sees(lambda visitor=visitor: visitor.screen.closed)  # type: ignore[misc]
                assert Kind.EXIT in [kind for kind, _ in visitor.screen.frames]
        assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
        await until(lambda: not Path(f"/proc/{worker}").exists(), "the worker is gone")
        left = [item for item in instance.remains() if not item.endswith("keeper.pid")]
        assert left == []
    finally:
        instance.stop()
        instance.sweep()


async def test_a_new_keeper_finds_the_containers_stopped(tmp_path: Path, images: Path) -> None:
    first = Instance(tmp_path, images)
    try:
        await asyncio.to_thread(first.ready)
        name = (await asyncio.to_thread(first.launch, "sh")).container.id
        assert await asyncio.to_thread(first.stop) == 0
        second = Instance(tmp_path, images, TERRARIUM_NAME=first.config.name, TERRARIUM_IDMAP_BASE=str(first.first_id))
        try:
            await asyncio.to_thread(second.ready)
            one = (await second.ask(messages.Get(id=name, owner="anna"), messages.One)).container
            assert one.state is model.State.STOPPED
            assert not one.files_kept
            again = (await second.ask(messages.Start(id=name, owner="anna"), messages.Launched)).container
            assert again.state is model.State.RUNNING
            assert again.files_kept
            stopped = (await second.ask(messages.Stop(id=name, owner="anna"), messages.One)).container
            assert stopped.files_kept
            await second.ask(messages.Delete(id=name, owner="anna"), messages.Done)
        finally:
            second.stop()
            left = second.remains()
            second.sweep()
            assert left == []
    finally:
        first.sweep()


def test_the_worker_alone_says_who_must_start_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runtime.server"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "python -m runtime.keeper" in done.stderr
