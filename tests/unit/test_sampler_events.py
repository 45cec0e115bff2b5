"""Events between pictures: to whom, in which order, and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.errors import Code, Fault
from runtime.kernel.target import Target
from runtime.probes import snapshot
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event
from runtime.server import sampler as module
from runtime.server.happenings import Happenings
from runtime.server.sampler import Sampler
from tests.support.proc_tree import World, container, world


@dataclass
class Spy:
    """An observer that tells what it is told to, and notes what it is asked."""

    asked: list[str] = field(default_factory=list)
    pictures: list[tuple[bool, Snapshot]] = field(default_factory=list)
    gaps: dict[str, str] = field(default_factory=dict)
    broken: bool = False

    def start(self, target: Target) -> None:
        self.asked.append(f"start {target.container.generation}")

    def looked(self, _target: Target, before: Snapshot | None, after: Snapshot) -> None:
        self.pictures.append((before is None, after))
        if self.broken:
            raise RuntimeError("a bug")

    def gaps_of(self, _id: str) -> dict[str, str]:
        return self.gaps

    def stop(self, _id: str) -> None:
        self.asked.append("stop")

    def close(self) -> None:
        self.asked.append("close")


@dataclass
class Here:
    world: World
    sampler: Sampler
    hub: Happenings
    spy: Spy
    generation: int = 1
    known: bool = True

    @property
    def id(self) -> str:
        return self.world.target.container.id

    def tell(self, pid: int) -> None:
        self.hub.tell(self.id, Event(seq=0, at=0.0, kind="oom", pid=pid))


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Here]:
    monkeypatch.setattr(module, "MIN_GAP", 0.01)
    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 0.0)
    made = world(tmp_path)

    def target(id: str) -> Target:
        if not it.known or id != made.target.container.id:
            raise Fault(Code.NOT_FOUND, f"no container {id}")
        fields = {name: getattr(made.target, name) for name in made.target.__dataclass_fields__}
        return Target(**{**fields, "container": container(generation=it.generation)})

    hub, spy = Happenings(), Spy()
    sampler = Sampler(target, host=snapshot.Host(made.tree.proc), happenings=hub, observers=[spy])
    sampler._period = 0.02
    it = Here(made, sampler, hub, spy)
    yield it
    await sampler.close()
    assert spy.asked[-1] == "close"


async def _until(frames: AsyncIterator[bytes], re: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        async for frame in frames:
            message = dict(msgspec.json.decode(frame))
            if message["re"] == re:
                return message
    raise AssertionError("the stream ended")


def _pids(message: dict[str, Any]) -> list[int]:
    return [event["pid"] for event in message["events"]]


async def test_what_is_remembered_follows_the_first_picture(here: Here) -> None:
    here.tell(1)
    here.tell(2)
    async with aclosing(here.sampler.watch(here.id)) as frames:
        assert msgspec.json.decode(await anext(frames))["re"] == "snapshot"
        first = dict(msgspec.json.decode(await anext(frames)))
        assert (first["re"], _pids(first)) == ("events", [1, 2])
        here.tell(3)
        assert _pids(await _until(frames, "events")) == [3]


async def test_events_alone_come_without_waiting_for_a_picture(here: Here) -> None:
    here.tell(1)
    async with aclosing(here.sampler.watch(here.id, pictures=False)) as frames:
        first = dict(msgspec.json.decode(await anext(frames)))
        assert _pids(first) == [1]
        here.tell(2)
        async with asyncio.timeout(5):
            second = dict(msgspec.json.decode(await anext(frames)))
        assert _pids(second) == [2], "neither picture nor patch is between"
        assert here.spy.asked == ["start 1"]


async def test_who_comes_back_is_told_only_what_came_since(here: Here) -> None:
    for pid in (1, 2, 3):
        here.tell(pid)
    after = here.hub.since(here.id)[1].seq
    async with aclosing(here.sampler.watch(here.id, pictures=False, after=after)) as frames:
        assert _pids(dict(msgspec.json.decode(await anext(frames)))) == [3]
    last = here.hub.since(here.id)[2].seq
    async with aclosing(here.sampler.watch(here.id, pictures=False, after=last)) as frames:
        here.tell(4)
        assert _pids(await _until(frames, "events")) == [4]


async def test_one_who_joins_while_events_gather_gets_none_twice(here: Here) -> None:
    async with aclosing(here.sampler.watch(here.id, pictures=False, after=0)) as one:
        here.tell(1)
        assert _pids(await _until(one, "events")) == [1]
        here.tell(2)  # waits to be passed on
        async with aclosing(here.sampler.watch(here.id, pictures=False)) as two:
            assert _pids(await _until(two, "events")) == [1, 2]
            here.tell(3)
            assert _pids(await _until(two, "events")) == [3]
        assert _pids(await _until(one, "events")) == [2]


async def test_who_reads_too_slowly_misses_no_event_and_hears_none_twice(here: Here) -> None:
    async with aclosing(here.sampler.watch(here.id, pictures=False, after=0)) as frames:
        here.tell(0)
        heard = _pids(await _until(frames, "events"))
        for pid in range(1, 100):
            here.tell(pid)
            here.hub.flush(here.id)
        while len(heard) < 100:
            heard += _pids(await _until(frames, "events"))
        assert heard == list(range(100))


async def test_a_slow_reader_of_pictures_gets_a_picture_and_the_events_it_missed(here: Here) -> None:
    async with aclosing(here.sampler.watch(here.id)) as frames:
        await _until(frames, "snapshot")
        here.tell(0)
        heard = _pids(await _until(frames, "events"))
        for pid in range(1, 60):
            here.tell(pid)
            here.hub.flush(here.id)
        await _until(frames, "snapshot")
        while len(heard) < 60:
            heard += _pids(await _until(frames, "events"))
        assert heard == list(range(60))


async def test_events_come_before_the_patch_that_shows_them(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(target: Target, before: Snapshot | None, after: Snapshot) -> None:
        if before is not None and "502" in after.container.processes.keys() - before.container.processes.keys():
            here.tell(502)

    monkeypatch.setattr(here.spy, "looked", looked)
    async with aclosing(here.sampler.watch(here.id)) as frames:
        await _until(frames, "snapshot")
        here.world.tree.process(502, ppid=500, ns_pids=(502, 8))
        told = False
        async with asyncio.timeout(5):
            async for frame in frames:
                message = msgspec.json.decode(frame)
                told = told or message["re"] == "events"
                if "processes" in message.get("patch", {}).get("container", {}):
                    break
        assert told


async def test_observers_are_asked_from_the_first_watcher_to_the_last(here: Here) -> None:
    async with aclosing(here.sampler.watch(here.id)) as one, aclosing(here.sampler.watch(here.id)) as two:
        await _until(one, "snapshot")
        await _until(two, "snapshot")
        assert here.spy.asked == ["start 1"]
        here.generation = 2
        here.sampler.poke(here.id)
        async with asyncio.timeout(5):
            while "start 2" not in here.spy.asked:
                await anext(one)
    async with asyncio.timeout(5):
        while here.spy.asked[-1] != "stop":  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.001)
    assert here.spy.asked == ["start 1", "start 2", "stop"]
    assert [first for first, _ in here.spy.pictures].count(True) == 1


async def test_of_a_deleted_container_nothing_is_remembered(here: Here) -> None:
    async with aclosing(here.sampler.watch(here.id)) as frames:
        await _until(frames, "snapshot")
        here.tell(1)
        here.known = False
        here.sampler.gone(here.id)
        told = [msgspec.json.decode(frame)["re"] async for frame in frames]
        assert told[-1] == "gone"
        assert "events" in told, "the last news is told before the end"
    assert here.hub.known() == ()


async def test_what_an_observer_cannot_see_is_a_gap(here: Here) -> None:
    here.spy.gaps["events.processes"] = "ECONNREFUSED"
    async with aclosing(here.sampler.watch(here.id)) as frames:
        first = await _until(frames, "snapshot")
        assert first["snapshot"]["gaps"]["events.processes"] == "ECONNREFUSED"
        here.spy.gaps = {}
        patch = await _until(frames, "patch")
        while "gaps" not in patch["patch"]:
            patch = await _until(frames, "patch")
        assert patch["patch"]["gaps"] == {"events.processes": None}


async def test_a_snapshot_of_its_own_confesses_too_while_it_is_watched(here: Here) -> None:
    here.spy.gaps["events.processes"] = "ECONNREFUSED"
    assert "events.processes" not in (await here.sampler.take_aside(here.id)).gaps, "nobody listens now"
    async with aclosing(here.sampler.watch(here.id)) as stream:
        await anext(stream)
        assert (await here.sampler.take_aside(here.id)).gaps["events.processes"] == "ECONNREFUSED"


async def test_gaps_that_stay_are_no_news(here: Here) -> None:
    here.spy.gaps["events.processes"] = "ECONNREFUSED"
    async with aclosing(here.sampler.watch(here.id)) as frames:
        await _until(frames, "snapshot")
        async with asyncio.timeout(5):
            while len(here.spy.pictures) < 4:  # noqa: ASYNC110 -- what is waited for has no event
                await asyncio.sleep(0.001)
    _, *later = here.spy.pictures
    assert all(after.gaps is later[0][1].gaps for _, after in later)


async def test_an_observer_that_fails_ends_nobodys_watch(here: Here) -> None:
    here.spy.broken = True
    async with aclosing(here.sampler.watch(here.id)) as frames:
        await _until(frames, "snapshot")
        here.world.write("pids/pids.current", "9\n")
        await _until(frames, "patch")
        here.tell(1)
        assert _pids(await _until(frames, "events")) == [1]
