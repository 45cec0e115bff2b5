"""Terminals of real containers over the worker's socket: shells, tickets, viewers, ends."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import msgspec
import pytest

from runtime.errors import Code, Fault
from runtime.protocol import client, messages, pty
from runtime.protocol.framing import framed
from runtime.protocol.pty import Close, Kind
from tests.support.pty_viewer import until
from tests.support.usage import resident
from tests.worker.instance import Instance, visit

PROMPT = b"# \x1b[6n"  # busybox's shell asks where the cursor is


async def test_a_shell_answers(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id) as visitor:
        visitor.type(b"echo $((6*7)) $$; tty\n")
        await visitor.sees(b"42 1\r\n")
        await visitor.sees(b"/dev/pts/0")


async def test_the_size_is_there_before_the_program(instance: Instance) -> None:
    launched = await asyncio.to_thread(instance.launch, "sh", "-c", "stty size; exec sleep 60", cols=101, rows=33)
    async with visit(instance, launched.container.id, cols=101, rows=33) as visitor:
        await visitor.sees(b"33 101\r\n")
    await instance.ask(messages.Delete(id=launched.container.id, owner=None), messages.Done)


async def test_ctrl_c_ends_a_flood_and_the_prompt_is_back(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id) as visitor:
        visitor.type(b"yes\n")
        await visitor.sees(lambda: len(visitor.screen.output) > 1_000_000)
        visitor.type(b"\x03")
        await visitor.sees(lambda: visitor.screen.output.endswith(PROMPT))
        visitor.type(b"echo still $((40+2))\n")
        await visitor.sees(b"still 42")


async def test_a_second_terminal_lives_and_ends_beside_the_console(instance: Instance, box: messages.Launched) -> None:
    name = box.container.id
    request = messages.OpenTerminal(id=name, owner="anna", cols=90, rows=20)
    opened = (await instance.ask(request, messages.Opened)).terminal
    assert not opened.console
    async with visit(instance, name, opened.id, cols=90, rows=20) as visitor:
        visitor.type(b"stty size; exit 6\n")
        await visitor.sees(lambda: visitor.screen.exit)
        assert b"20 90" in visitor.screen.output
        assert visitor.screen.exit == pty.ExitBody(code=6)
        await visitor.sees(lambda: visitor.screen.closed)
    one = await instance.ask(messages.Get(id=name, owner="anna"), messages.One)
    ended = one.container.terminals[1].exit
    assert ended is not None
    assert ended.code == 6
    async with visit(instance, name, opened.id) as late:
        await late.sees(lambda: late.screen.exit)
        assert b"20 90" in late.screen.output
    await instance.ask(messages.CloseTerminal(id=name, owner="anna", terminal=opened.id), messages.Done)
    one = await instance.ask(messages.Get(id=name, owner="anna"), messages.One)
    assert [terminal.id for terminal in one.container.terminals] == ["console"]


async def test_closing_a_terminal_hangs_up_and_closing_the_console_is_refused(
    instance: Instance, box: messages.Launched
) -> None:
    name = box.container.id
    request = messages.OpenTerminal(id=name, owner="anna", argv=["sleep", "600"])
    opened = (await instance.ask(request, messages.Opened)).terminal
    async with visit(instance, name, opened.id) as visitor:
        await visitor.sees(lambda: visitor.screen.welcome)
        await instance.ask(messages.CloseTerminal(id=name, owner="anna", terminal=opened.id), messages.Done)
        await visitor.sees(lambda: visitor.screen.closed)
    assert opened.pid is not None
    await until(lambda: not Path(f"/proc/{opened.pid}").exists(), "the process is gone")
    close = messages.CloseTerminal(id=name, owner="anna", terminal="console")
    fault = await asyncio.to_thread(instance.refusal, close)
    assert fault.code is Code.WRONG_STATE


async def test_terminals_of_a_container_are_counted(instance: Instance, box: messages.Launched) -> None:
    request = messages.OpenTerminal(id=box.container.id, owner="anna", argv=["sleep", "600"])
    opened = [(await instance.ask(request, messages.Opened)).terminal for _ in range(15)]
    fault = await asyncio.to_thread(instance.refusal, request)
    assert fault.code is Code.LIMIT_REACHED
    assert opened[0].pid is not None
    os.kill(opened[0].pid, signal.SIGKILL)
    await until(lambda: not Path(f"/proc/{opened[0].pid}").exists(), "the first is gone")
    await instance.ask(request, messages.Opened)


async def test_terminals_asked_for_all_at_once_are_counted_too(instance: Instance, box: messages.Launched) -> None:
    request = messages.OpenTerminal(id=box.container.id, owner="anna", argv=["sleep", "600"])
    replies = await asyncio.gather(*(instance.ask(request, messages.Opened) for _ in range(24)), return_exceptions=True)
    refused = [reply.code for reply in replies if isinstance(reply, Fault)]
    assert refused == [Code.LIMIT_REACHED] * 9
    one = await instance.ask(messages.Get(id=box.container.id, owner="anna"), messages.One)
    assert len(one.container.terminals) == 16


async def test_a_terminal_ends_also_by_a_signal_without_a_name(instance: Instance, box: messages.Launched) -> None:
    request = messages.OpenTerminal(id=box.container.id, owner="anna", argv=["sh", "-c", "read x; kill -40 $$"])
    opened = (await instance.ask(request, messages.Opened)).terminal
    async with visit(instance, box.container.id, opened.id) as visitor:
        visitor.type(b"\n")
        await visitor.sees(lambda: visitor.screen.exit)
        assert visitor.screen.exit == pty.ExitBody(signal=40, reason="killed by signal 40")


async def error_of(instance: Instance, *frames: bytes) -> pty.ErrorBody:
    """What a connection that means to attach is told."""
    reader, writer = await client.connect(instance.config.socket, messages.Attach(user="7"))
    for frame in frames:
        writer.write(framed(frame))
    heard = await client.read_frame(reader)
    assert heard is not None
    assert heard[0] == Kind.ERROR
    assert await client.read_frame(reader) is None
    writer.close()
    return msgspec.json.decode(heard[1:], type=pty.ErrorBody)


async def test_only_a_ticket_of_ones_own_attaches_and_only_once(instance: Instance, box: messages.Launched) -> None:
    async def hello(user: str) -> bytes:
        mint = messages.MintTicket(id=box.container.id, owner="anna", terminal="console", user=user)
        ticket = (await instance.ask(mint, messages.Ticket)).ticket
        return pty.json_frame(Kind.HELLO, pty.Hello(v=1, ticket=ticket))

    theirs, mine = await hello("8"), await hello("7")
    reader, writer = await client.connect(instance.config.socket, messages.Attach(user="7"))
    writer.write(framed(mine))
    assert ((await client.read_frame(reader)) or b"?")[0] == Kind.WELCOME
    writer.close()
    for frame in (theirs, mine, pty.json_frame(Kind.HELLO, pty.Hello(v=1, ticket="guess"))):
        error = await error_of(instance, frame)
        assert error.close == Close.TICKET


@pytest.mark.parametrize("frame", [b"\x02\0\0\0\1x", b"\x01{", b"\x01" + b" " * 5000, b"\xff", b"\x81{}"])
async def test_what_is_no_hello_is_a_protocol_error(instance: Instance, frame: bytes) -> None:
    error = await error_of(instance, frame)
    assert error.close == Close.PROTOCOL


async def test_a_frame_that_is_none_closes_the_terminals_connection(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id) as visitor:
        await visitor.sees(lambda: visitor.screen.welcome)
        visitor.send(b"\x7fnonsense")
        await visitor.sees(lambda: visitor.screen.closed)
        assert visitor.screen.error is not None
        assert visitor.screen.error.close == Close.PROTOCOL
    async with visit(instance, box.container.id) as again:
        await again.sees(lambda: again.screen.welcome)


async def test_deleting_and_starting_again_tell_the_viewers(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh")).container.id
    async with visit(instance, name) as visitor:
        visitor.type(b"exit 4\n")
        await visitor.sees(lambda: visitor.screen.exit)
        assert visitor.screen.exit == pty.ExitBody(code=4)
    one = await instance.ask(messages.Get(id=name, owner="anna"), messages.One)
    assert one.container.exit is not None
    assert one.container.exit.code == 4
    await instance.ask(messages.Start(id=name, owner="anna"), messages.Launched)
    async with visit(instance, name) as visitor:
        await visitor.sees(lambda: visitor.screen.welcome)
        await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)
        await visitor.sees(lambda: visitor.screen.closed)
        assert visitor.screen.exit or visitor.screen.error


async def deaf(instance: Instance, box: messages.Launched) -> asyncio.StreamWriter:
    """A viewer of the console that reads nothing of what it is sent."""
    mint = messages.MintTicket(id=box.container.id, owner="anna", terminal="console", user="8", role="ro")
    ticket = (await instance.ask(mint, messages.Ticket)).ticket
    reader, writer = await client.connect(instance.config.socket, messages.Attach(user="8"))
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(framed(pty.json_frame(Kind.HELLO, pty.Hello(v=1, ticket=ticket))))
    return writer


async def test_a_viewer_that_asks_much_and_reads_nothing_is_let_go(instance: Instance, box: messages.Launched) -> None:
    writer = await deaf(instance, box)
    async with visit(instance, box.container.id) as driver:
        await driver.sees(lambda: driver.screen.state and len(driver.screen.state.viewers) == 2)
        pings = b"".join(framed(pty.ping_frame(number, 0.0)) for number in range(100_000))
        writer.write(pings)
        await driver.sees(lambda: driver.screen.state and len(driver.screen.state.viewers) == 1)
    writer.transport.abort()


async def test_what_others_do_costs_a_viewer_that_reads_nothing_no_memory(
    instance: Instance, box: messages.Launched
) -> None:
    pid = instance.ready().info.pid
    writer = await deaf(instance, box)
    async with visit(instance, box.container.id) as driver:
        await driver.sees(lambda: driver.screen.state and len(driver.screen.state.viewers) == 2)
        before = resident(pid)
        for number in range(50_000):
            driver.send(pty.resize_frame(number % 65_536, 80 + number % 2, 24, 0, 0))
            driver.send(pty.control_frame(pty.ControlOp.TAKE))
            if number % 1000 == 0:
                await driver.writer.drain()
        driver.type(b"echo still $((40+2))\n")
        await driver.sees(b"still 42")
        assert driver.screen.state is not None
        assert len(driver.screen.state.viewers) == 2
        sizes = [frame for kind, frame in driver.screen.frames if kind is Kind.SIZE]
        states = [frame for kind, frame in driver.screen.frames if kind is Kind.STATE]
        assert len(sizes) + len(states) < 1000
        assert resident(pid) - before < 2 * 1024 * 1024
    writer.transport.abort()


async def test_a_viewer_that_reads_nothing_costs_no_memory(instance: Instance, box: messages.Launched) -> None:
    pid = instance.ready().info.pid
    async with visit(instance, box.container.id) as visitor:
        visitor.acks = False
        visitor.type(b"yes\n")
        await visitor.sees(lambda: len(visitor.screen.output) > pty.WINDOW - 8192)
        before = resident(pid)
        deadline = time.monotonic() + 0.5
        await until(lambda: time.monotonic() > deadline, "half a second")
        assert len(visitor.screen.output) <= pty.WINDOW
        assert resident(pid) - before < 2 * 1024 * 1024
        visitor.send(pty.byte_frame(Kind.SIGNAL, signal.SIGINT))
        visitor.acks = True
        visitor.send(pty.ack_frame(visitor.screen.parsed or 0))
        await visitor.sees(lambda: visitor.screen.output.endswith(PROMPT))
