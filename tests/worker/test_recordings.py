"""Recordings of real terminals: what the file has, byte for byte, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import Code, Fault
from runtime.protocol import messages, pty
from runtime.protocol.terminals import Recording
from tests.support.pty_viewer import until
from tests.worker.instance import ROOT, Instance, standing, visit

COUNTER = "i=0; while :; do i=$((i+1)); echo n$i; usleep 2000; done"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[Instance]:
    """Where there is little room."""
    with standing(
        tmp_path_factory.mktemp("small"),
        images,
        TERRARIUM_RECORDING_BYTES="100000",
        TERRARIUM_RECORDING_OWNER_BYTES="250000",
        TERRARIUM_RECORDING_OWNER_COUNT="5",
        TERRARIUM_RECORDING_DAYS="1.5",
    ) as made:
        yield made


async def sweep(instance: Instance) -> None:
    """Delete what all have."""
    for each in (await instance.ask(messages.ListRecordings(owner=None), messages.Recordings)).recordings:
        await instance.ask(messages.DeleteRecording(owner=None, recording=each.id), messages.Done)


async def packed(path: Path) -> None:
    """Wait until it is compressed, and nothing else is left of it."""
    await until(lambda: path.exists() and not path.with_suffix("").exists(), f"{path} is compressed")


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
    for _ in range(2):
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


async def test_a_flood_is_whole_up_to_the_quota_and_its_viewers_see_it_end(small: Instance) -> None:
    script = "read go; i=0; while [ $i -lt 40 ]; do i=$((i+1)); seq 1 20000; done; read end"
    name = (await asyncio.to_thread(small.launch, "sh", "-c", script)).container.id
    begun = await start(small, name)
    async with visit(small, name) as visitor:
        await visitor.sees(lambda: visitor.screen.state and visitor.screen.state.recording)
        visitor.type(b"\r")
        ended = await wait(small, begun.id, lambda found: found.ended)
        await visitor.sees(lambda: visitor.screen.state and not visitor.screen.state.recording)
        assert ended.ended == "quota"
        assert ended.bytes <= small.config.recording_bytes
        assert ended.bytes > small.config.recording_bytes * 0.8
        _, events = await cast(small, begun.id)
        whole = b"\r\n" + b"".join(b"%d\r\n" % number for number in range(1, 20_001)) * 40
        assert whole.startswith(text(events).encode())
        await start(small, name)  # the terminal is free for the next
    await small.ask(messages.Delete(id=name, owner="anna"), messages.Done)
    await sweep(small)


async def test_a_flood_is_whole_though_the_worker_is_killed_in_it(instance: Instance) -> None:
    """The hard one: bytes are in the file, on their way to it, and in the ring when the worker dies."""
    script = "read go; i=0; while [ $i -lt 20 ]; do i=$((i+1)); seq 1 20000; done; exit 5"
    name = (await asyncio.to_thread(instance.launch, "sh", "-c", script)).container.id
    begun = await start(instance, name)
    for round_ in range(4):
        async with visit(instance, name) as visitor:  # without one, the next worker waits for the last to come back
            await visitor.sees(lambda visitor=visitor: visitor.screen.welcome)  # type: ignore[misc]
            if round_ == 0:
                visitor.type(b"\r")
            if round_ < 3:
                grown = (await one(instance, begun.id)).bytes + 50_000
                found = await wait(instance, begun.id, lambda found, grown=grown: found.ended or found.bytes > grown)  # type: ignore[misc]
                assert found.ended is None
                await instance.kill_worker()
            else:
                await visitor.sees(lambda visitor=visitor: visitor.screen.exit, within=60)  # type: ignore[misc]
    ended = await wait(instance, begun.id, lambda found: found.ended)
    _, events = await cast(instance, begun.id)
    expected = b"".join(b"%d\r\n" % number for number in range(1, 20_001)) * 20
    assert text(events).encode() == b"\r\n" + expected
    assert events[-1][1:] == ["x", "5"]
    assert ended.ended == "exit"
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)


async def test_an_owner_has_room_for_so_much_and_so_many(small: Instance) -> None:
    name = (await asyncio.to_thread(small.launch, "sh", "-c", "while read go; do seq 1 20000; done")).container.id
    for _ in range(small.config.recording_owner_count):
        begun = await start(small, name, title="x")
        await stop(small, begun.id)
    request = messages.StartRecording(id=name, owner="anna", terminal="console", by="Anna")
    fault = await asyncio.to_thread(small.refusal, request)
    assert (fault.code, fault.field) == (Code.LIMIT_REACHED, "recordings")
    assert fault.hint == "Delete recordings that are no longer needed."
    listed = await small.ask(messages.ListRecordings(owner="anna"), messages.Recordings)
    assert (listed.bytes_allowed, listed.recording_bytes) == (250_000, 100_000)
    assert listed.bytes_used == sum(each.bytes for each in listed.recordings)
    await sweep(small)
    full, many = None, 0
    async with visit(small, name) as visitor:
        while full is None:  # each takes what one may have, until the owner has no more
            try:
                begun = await start(small, name)
            except Fault as fault:
                full = fault
                break
            visitor.type(b"\r")
            assert (await wait(small, begun.id, lambda found: found.ended)).ended == "quota"
            many += 1
    assert many == 2
    assert (full.code, full.field) == (Code.LIMIT_REACHED, "bytes_used")
    assert (await small.ask(messages.ListRecordings(owner="anna"), messages.Recordings)).bytes_used <= 250_000
    other = (await asyncio.to_thread(small.launch, "sh", owner="bert")).container.id
    bert = messages.StartRecording(id=other, owner="bert", terminal="console", by="Bert")
    await small.ask(bert, messages.RecordingSeen)
    for id in (name, other):
        await small.ask(messages.Delete(id=id, owner=None), messages.Done)
    await sweep(small)


async def test_what_is_too_old_goes_and_what_was_cut_off_is_lost_but_plays(small: Instance) -> None:
    name = (await asyncio.to_thread(small.launch, "sh")).container.id
    old = await start(small, name)
    await stop(small, old.id)
    new = await start(small, name)
    await stop(small, new.id)
    async with visit(small, name) as visitor:
        going = await start(small, name)
        visitor.type(b"echo still $((40+2))\r")
        await visitor.sees(b"still 42")
    await wait(small, going.id, lambda found: found.bytes > going.bytes + 20)
    directory = small.config.recordings_dir
    await packed(directory / f"{old.id}.cast.gz")
    notes = directory / f"{old.id}.json"
    kept = json.loads(notes.read_text())
    kept["recording"]["ended_at"] -= small.config.recording_days * 86_400
    notes.write_text(json.dumps(kept))
    notes = directory / f"{going.id}.json"
    pid = (await small.ask(messages.Ping(), messages.Pong)).info.pid
    os.kill(pid, signal.SIGSTOP)
    kept = json.loads(notes.read_text())
    kept["epoch"] = "another boot's"
    notes.write_text(json.dumps(kept))
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(small.ready, but=pid)
    lost = await wait(small, going.id, lambda found: found.ended)
    assert lost.ended == "lost"
    assert "still 42" in text((await cast(small, going.id))[1])
    found = (await small.ask(messages.ListRecordings(owner="anna"), messages.Recordings)).recordings
    assert [each.id for each in found] == [going.id, new.id]
    await packed(directory / f"{going.id}.cast.gz")
    assert not list(directory.glob(f"{old.id}*"))
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    await small.ask(messages.Delete(id=name, owner="anna"), messages.Done)
    await sweep(small)
    assert list(directory.iterdir()) == []


async def test_where_nothing_can_be_written_none_begins_and_the_terminal_goes_on(small: Instance) -> None:
    name = (await asyncio.to_thread(small.launch, "sh")).container.id
    directory = small.config.recordings_dir
    away = directory.with_name("away")
    directory.rename(away)
    try:
        request = messages.StartRecording(id=name, owner="anna", terminal="console", by="Anna")
        assert (await asyncio.to_thread(small.refusal, request)).code is Code.INTERNAL_ERROR
        assert (await small.ask(messages.ListRecordings(owner="anna"), messages.Recordings)).recordings == []
        async with visit(small, name) as visitor:
            visitor.type(b"echo $((40+2))ok\r")
            await visitor.sees(b"42ok")
            assert visitor.screen.state is not None
            assert visitor.screen.state.recording is None
    finally:
        away.rename(directory)
    begun = await start(small, name)
    shutil.rmtree(directory)  # under its feet
    async with visit(small, name) as visitor:
        visitor.type(b"echo $((50+2))ok\r")
        await visitor.sees(b"52ok")
        await visitor.sees(lambda: visitor.screen.state and not visitor.screen.state.recording)
    directory.mkdir(mode=0o700)
    again = await start(small, name)
    assert again.id != begun.id
    await small.ask(messages.Delete(id=name, owner="anna"), messages.Done)
    await sweep(small)


async def test_recordings_outlive_their_keeper(tmp_path: Path, images: Path) -> None:
    first = Instance(tmp_path, images)
    try:
        await asyncio.to_thread(first.ready)
        name = (await asyncio.to_thread(first.launch, "sh")).container.id
        begun = await start(first, name)
        async with visit(first, name) as visitor:
            visitor.type(b"echo before $((40+2))\r")
            await visitor.sees(b"before 42")
        assert await asyncio.to_thread(first.stop) == 0
        second = Instance(tmp_path, images, TERRARIUM_NAME=first.config.name, TERRARIUM_IDMAP_BASE=str(first.first_id))
        try:
            await asyncio.to_thread(second.ready)
            assert (await wait(second, begun.id, lambda found: found.ended)).ended == "exit"
            assert "before 42" in text((await cast(second, begun.id))[1])
        finally:
            second.stop()
            second.sweep()
    finally:
        first.sweep()


async def test_a_full_screen_is_drawn_again_for_a_recording_that_begins_on_it(instance: Instance) -> None:
    script = "read go; trap 'echo drawn' WINCH; printf '\\033[?1049h\\033[?2004hready'; while :; do sleep 0.1; done"
    name = (await asyncio.to_thread(instance.launch, "sh", "-c", script)).container.id
    async with visit(instance, name) as visitor:
        visitor.type(b"\r")  # it takes the screen while somebody looks, so that nothing else has it drawn again
        await visitor.sees(b"ready")
        assert b"drawn" not in visitor.screen.output
        begun = await start(instance, name)
        await visitor.sees(b"drawn")
    await stop(instance, begun.id)
    _, events = await cast(instance, begun.id)
    assert "\x1b[?1049h" in events[0][2]
    assert "\x1b[?2004h" in events[0][2]
    assert "drawn" in text(events)
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
async def test_the_player_reads_what_was_recorded(instance: Instance, tmp_path: Path) -> None:
    """Its own parser, out of its package: the same text, sizes and times."""
    package = ROOT / "node_modules" / "asciinema-player" / "dist"
    (source,) = package.glob("core-*.js")
    script = source.read_text()
    parser = script[script.index("class Stream {") : script.index("function benchmark(")]
    (tmp_path / "read.mjs").write_text(
        f"import {{ readFileSync }} from 'node:fs';\nconst normalizeHexColor = () => undefined;\n{parser}\n"
        "const read = await parse$2(new Response(readFileSync(process.argv[2])));\n"
        "console.log(JSON.stringify({ ...read, events: Array.from(read.events) }));\n"
    )
    name = (await asyncio.to_thread(instance.launch, "sh")).container.id
    async with visit(instance, name, cols=100, rows=30) as visitor:
        begun = await start(instance, name)
        visitor.type("echo größer; printf '\\xff\\033[31mred'; exit 3\r".encode())
        await visitor.sees(lambda: visitor.screen.exit)
    ended = await wait(instance, begun.id, lambda found: found.ended)
    whole = await read(instance, begun.id)
    files = tmp_path / "read.mjs", tmp_path / "it.cast"
    files[1].write_bytes(whole)
    seen = json.loads(await asyncio.to_thread(subprocess.check_output, ["node", *map(str, files)]))
    assert (seen["cols"], seen["rows"]) == (100, 30)
    assert "".join(event[2] for event in seen["events"] if event[1] == "o").endswith("größer\r\n\ufffd\x1b[31mred")
    assert seen["events"][-1][1:] == ["x", "3"]
    assert seen["events"][-1][0] / 1000 == pytest.approx(ended.seconds, abs=1e-6)
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)
