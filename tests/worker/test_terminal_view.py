"""What runs in a real terminal, and the name it has, over the worker's socket."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from runtime.kernel import procfs
from runtime.probes.foreground import _shown
from runtime.protocol import messages, model
from runtime.protocol.terminals import TerminalView
from runtime.server.terminals import Meta
from tests.worker.instance import Instance, visit

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")


async def look(instance: Instance, box: messages.Launched, terminal: str = "console") -> TerminalView:
    request = messages.LookAtTerminal(id=box.container.id, owner="anna", terminal=terminal)
    return (await instance.ask(request, messages.TerminalSeen)).view


async def poll(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask until it is so; fail naming it."""
    deadline = time.monotonic() + 10
    while not await condition():
        assert time.monotonic() < deadline, f"not within 10 s: {what}"


async def rename(instance: Instance, box: messages.Launched, name: str) -> None:
    request = messages.RenameTerminal(id=box.container.id, owner="anna", terminal="console", name=name)
    await instance.ask(request, messages.Opened)


async def test_a_shell_at_its_prompt_is_not_busy_and_a_pipeline_is(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id, cols=70, rows=20) as visitor:
        await visitor.sees(b"# ")
        seen = await look(instance, box)
        assert (seen.busy, seen.jobs, seen.viewers, seen.cols, seen.rows) == (False, [], 1, 70, 20)
        assert seen.echo
        visitor.type(b"sleep 600 | cat\n")
        names: list[str] = []

        async def both() -> bool:
            view = await look(instance, box)
            names[:] = sorted(job.name for job in view.jobs)
            return view.busy and names == ["cat", "sleep"]  # each is called sh until its exec

        await poll(both, "both are there")
        visitor.type(b"\x03")

        async def quiet() -> bool:
            return not (await look(instance, box)).busy

        await poll(quiet, "the prompt is back")


async def test_typing_that_is_not_shown(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id) as visitor:
        visitor.type(b"stty -echo; cat\n")

        async def hidden() -> bool:
            return not (await look(instance, box)).echo

        await poll(hidden, "the echo is off")


async def test_a_process_that_calls_itself_something(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id) as visitor:
        script = b'printf \'#!/bin/sh\\nsleep 600\\n\' > "$n"; chmod +x "$n"; "$n"\n'
        visitor.type(b"n='/tmp/a) S 1 (b'; " + script)

        async def there() -> bool:
            return {job.name for job in (await look(instance, box)).jobs} == {"a) S 1 (b", "sleep"}

        await poll(there, "it runs")
    assert _shown("a\x1b]0;x\u202e日") == "a\\u001b]0;x\\u202e日"


def test_a_group_is_read_past_any_name() -> None:
    for name in (b"sh", b"a) S 1 (b", b") R 9 9 9", b"\xff\n"):
        assert procfs.parse_group(b"812 (" + name + b") S 700 812 812 34816 900 4194560 0") == 812


async def test_a_name_outlives_the_worker(instance: Instance, box: messages.Launched) -> None:
    await rename(instance, box, "日志 logs")
    await instance.kill_worker()
    assert (await look(instance, box)).terminal.name == "日志 logs"
    await rename(instance, box, "")
    assert (await look(instance, box)).terminal.name == ""


async def test_a_named_terminal_keeps_its_name_when_it_ends(instance: Instance) -> None:
    launched = instance.launch("sh", "-c", "read x")
    await rename(instance, launched, "short")
    async with visit(instance, launched.container.id) as visitor:
        visitor.type(b"\n")
        await visitor.sees(lambda: visitor.screen.exit)
    seen = await look(instance, launched)
    assert (seen.terminal.name, seen.busy, seen.echo) == ("short", False, True)
    assert seen.terminal.exit is not None
    await instance.ask(messages.Delete(id=launched.container.id, owner=None), messages.Done)


def test_what_a_keeper_kept_before_there_were_names() -> None:
    old = {
        "container": "k3v9q0x2b7mdz1ce",
        "terminal": {"id": "console", "argv": ["sh"], "console": True, "pid": 7, "exit": None, "created_at": 1.0},
        "starttime": 5,
        "generation": 1,
    }
    meta = msgspec.convert(old, Meta)
    assert meta.terminal == model.Terminal(id="console", argv=["sh"], console=True, pid=7, created_at=1.0, name="")
