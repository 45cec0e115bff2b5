"""Recordings of real terminals: what the file has, byte for byte, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from runtime.protocol import messages, pty
from runtime.protocol.terminals import Recording
from tests.worker.instance import Instance, visit

COUNTER = "i=0; while :; do i=$((i+1)); echo n$i; usleep 2000; done"


async def start(instance: Instance, container: str, terminal: str = "console", **more: Any) -> Recording:
    request = messages.StartRecording(id=container, owner="anna", terminal=terminal, by="Anna", **more)
    return (await instance.ask(request, messages.RecordingSeen)).recording


async def stop(instance: Instance, id: str) -> Recording:
    return (await instance.ask(messages.StopRecording(owner="anna", recording=id), messages.RecordingSeen)).recording


async def one(instance: Instance, id: str) -> Recording:
    found = (await instance.ask(messages.ListRecordings(owner="anna"), messages.Recordings)).recordings
    return next(each for each in found if each.id == id)


async def wait(instance: Instance, id: str, so: Callable[[Recording], object]) -> Recording:
    deadline = time.monotonic() + 20
    while not so(found := await one(instance, id)):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.01)
    return found


async def read(instance: Instance, id: str) -> bytes:
    whole = b""
    while True:
        part = await instance.ask(messages.ReadRecording(owner="anna", recording=id, offset=len(whole)), messages.Part)
        whole += part.data
        if part.end:
            assert len(whole) == part.size
            return whole


async def cast(instance: Instance, id: str) -> tuple[dict[str, Any], list[list[Any]]]:
    whole = await read(instance, id)
    assert whole.endswith(b"\n")
    head, *events = [json.loads(line) for line in whole.splitlines()]
    return head, events


def text(events: list[list[Any]]) -> str:
    return "".join(what for _, code, what in events if code == "o")


def numbers(events: list[list[Any]]) -> list[int]:
    return [int(number) for number in re.findall(r"n(\d+)\r\n", text(events))]


async def test_what_happens_is_in_the_file(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh")).container.id
    async with visit(instance, name, cols=90, rows=30) as visitor:
        await visitor.sees(b"# ")
        before = time.time()
        begun = await start(instance, name, title="größer")
        assert before <= begun.started_at <= time.time()
        assert (begun.title, begun.terminal, begun.container, begun.ended) == ("größer", "console", name, None)
        await visitor.sees(lambda: visitor.screen.state and visitor.screen.state.recording)
        assert visitor.screen.state is not None
        told = pty.RecordingBody(id=begun.id, started_at=begun.started_at, by="Anna")
        assert visitor.screen.state.recording == told
        visitor.type(b"echo h\xc3\xb6r $((40+2))\r")
        await visitor.sees("hör 42".encode())
        visitor.send(pty.resize_frame(1, 100, 31))
        await visitor.sees(lambda: pty.Kind.SIZE in [kind for kind, _ in visitor.screen.frames])
        visitor.type(b"exit 7\r")
        await visitor.sees(lambda: visitor.screen.exit)
    ended = await wait(instance, begun.id, lambda found: found.ended)
    assert ended.ended == "exit"
    head, events = await cast(instance, begun.id)
    assert head == {
        "version": 3,
        "term": {"cols": 90, "rows": 30, "type": "xterm-256color"},
        "timestamp": int(begun.started_at),
        "title": "größer",
    }
    assert "hör 42\r\n" in text(events)
    assert [what for _, code, what in events if code == "r"] == ["100x31"]
    assert events[-1][1:] == ["x", "7"]
    assert not [event for event in events if event[1] == "i"]
    assert sum(event[0] for event in events) == pytest.approx(ended.seconds, abs=1e-6)
    assert ended.ended_at is not None
    assert ended.ended_at == pytest.approx(ended.started_at + ended.seconds, abs=0.1)
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)
    assert (await one(instance, begun.id)) == ended
    assert len(await read(instance, begun.id)) == ended.bytes


async def test_a_killed_worker_leaves_no_number_out_and_none_twice(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh", "-c", COUNTER)).container.id
    begun = await start(instance, name)
    for _ in range(3):
        grown = (await one(instance, begun.id)).bytes + 5000
        await wait(instance, begun.id, lambda found, grown=grown: found.bytes > grown)  # type: ignore[misc]
        await instance.kill_worker()
    async with visit(instance, name) as visitor:
        await visitor.sees(lambda: visitor.screen.state)
        assert visitor.screen.state is not None
        assert visitor.screen.state.recording is not None
        assert visitor.screen.state.recording.id == begun.id
    grown = (await one(instance, begun.id)).bytes + 5000
    await wait(instance, begun.id, lambda found: found.bytes > grown)
    ended = await stop(instance, begun.id)
    assert ended.ended == "stopped"
    assert await stop(instance, begun.id) == ended
    _, events = await cast(instance, begun.id)
    counted = numbers(events)
    assert counted == list(range(counted[0], counted[0] + len(counted)))
    assert not [event for event in events if event[1] == "m"]
    again = await start(instance, name)
    assert again.id != begun.id
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)
    assert (await wait(instance, again.id, lambda found: found.ended)).ended == "exit"
