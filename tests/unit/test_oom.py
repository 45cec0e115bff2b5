"""A kill for want of memory is told once, with its victim and whose limit it was."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from runtime.kernel.connector import EXIT, FORK, Happening
from runtime.kernel.kmsg import Chosen, Killed
from runtime.kernel.target import Target
from runtime.probes import snapshot
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event
from runtime.server.observers import oom as module
from runtime.server.observers.lives import Lives
from runtime.server.observers.oom import OomObserver
from tests.support.proc_tree import World, container, world


class FakeLog:
    """A log that says what the test has it say."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK)
        self.records: list[Chosen | Killed] = []

    def fileno(self) -> int:
        return self._read

    def say(self, *records: Chosen | Killed) -> None:
        self.records += records
        os.write(self._write, b"x")

    def read(self, most: int) -> list[Chosen | Killed]:
        found, self.records = self.records[:most], self.records[most:]
        while not self.records:
            try:
                os.read(self._read, 100)
            except BlockingIOError:
                break
        return found

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


@dataclass
class Here:
    world: World
    target: Target
    observer: OomObserver
    lives: Lives
    told: list[Event]
    poked: list[str]
    log: FakeLog | None
    camera: snapshot.Camera
    last: Snapshot | None = None
    skew: float = 0.0

    def look(self, kills: int | None = None) -> None:
        if kills is not None:
            self.world.write("memory/memory.oom_control", f"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n")
        taken = self.camera.take(self.target)
        taken = replace(taken, monotonic=taken.monotonic + self.skew)
        self.observer.looked(self.target, self.last, taken)
        self.last = taken

    async def told_of(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.told) < count:  # noqa: ASYNC110 -- what is waited for has no event
                await asyncio.sleep(0.001)

    def chosen(self, pid: int = 501, limit: str | None = None) -> Chosen:
        return Chosen(pid, "sleep", self.target.group, self.target.group if limit is None else limit)


KILLED = Killed(501, "sleep", 4096, memcg=True)


async def _here(root: Path, monkeypatch: pytest.MonkeyPatch, log: FakeLog | None) -> AsyncIterator[Here]:
    def open_log() -> FakeLog:
        if log is None:
            raise PermissionError(1, "Operation not permitted")
        return log

    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(module, "Log", open_log)
    made = world(root)
    told: list[Event] = []
    poked: list[str] = []
    lives = Lives(lambda _id, _event: None, made.tree.proc)
    lives.watch(made.target, [500, 501])
    observer = OomObserver(lambda _id, event: told.append(event), poked.append, lives)
    host = snapshot.Host(made.tree.proc)
    camera = snapshot.Camera(host)
    observer.start(made.target)
    here = Here(made, made.target, observer, lives, told, poked, log, camera)
    made.write("memory/memory.limit_in_bytes", f"{32 << 20}\n")
    here.look(kills=3)
    yield here
    observer.close()
    camera.close()
    host.close()


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Here]:
    async for made in _here(tmp_path, monkeypatch, FakeLog()):
        yield made


@pytest.fixture
async def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Here]:
    async for made in _here(tmp_path, monkeypatch, None):
        yield made


async def test_the_log_names_victim_and_limit_and_the_counter_adds_nothing(here: Here) -> None:
    assert here.log
    here.log.say(here.chosen(), KILLED)
    await here.told_of(1)
    for skew in (0.0, 2.0, 4.0):
        here.skew = skew
        here.look(kills=4)
    (event,) = here.told
    assert (event.kind, event.pid, event.ns_pid, event.comm, event.bytes) == ("oom", 501, 7, "sleep", 4096)
    assert (event.limit_bytes, event.limit_at) == (32 << 20, here.target.cgroup_paths["memory"])
    assert here.poked == [here.target.container.id]


async def test_a_limit_further_up_is_told_as_that_groups(here: Here) -> None:
    assert here.log
    parent = Path(here.target.cgroup_paths["memory"]).parent
    (parent / "memory.limit_in_bytes").write_text(f"{16 << 20}\n")
    here.log.say(here.chosen(limit="/terrarium"), KILLED)
    await here.told_of(1)
    assert (here.told[0].limit_at, here.told[0].limit_bytes) == (str(parent), 16 << 20)


async def test_a_victim_in_a_group_inside_is_the_containers_and_its_limit_that_groups(here: Here) -> None:
    assert here.log
    inside = Path(here.target.cgroup_paths["memory"], "sub")
    os.mkdir(inside)
    (inside / "memory.limit_in_bytes").write_text("1000\n")
    group = f"{here.target.group}/sub"
    here.log.say(Chosen(501, "sleep", group, group), KILLED)
    await here.told_of(1)
    assert (here.told[0].limit_at, here.told[0].limit_bytes) == (str(inside), 1000)


async def test_a_strangers_kill_is_not_told(here: Here) -> None:
    assert here.log
    here.log.say(Chosen(9, "x", f"{here.target.group}x", f"{here.target.group}x"), Killed(9, "x", 1, memcg=True))
    here.log.say(Killed(10, "y", 1, memcg=True), here.chosen(), KILLED)
    await here.told_of(1)
    assert [event.pid for event in here.told] == [501]


async def test_kills_whose_choice_the_kernel_no_longer_tells_are_known_by_their_number(here: Here) -> None:
    assert here.log
    here.log.say(KILLED)
    await here.told_of(1)
    assert (here.told[0].pid, here.told[0].limit_bytes) == (501, 32 << 20)


async def test_the_hosts_own_want_of_memory_is_nobodys_limit(here: Here) -> None:
    assert here.log
    here.log.say(Chosen(501, "sleep", here.target.group, None), Killed(501, "sleep", 1, memcg=False))
    await here.told_of(1)
    assert (here.told[0].limit_at, here.told[0].limit_bytes) == (None, None)
    assert here.told[0].reason


async def test_without_the_log_the_counter_and_who_died_of_sigkill_tell_it(without: Here) -> None:
    now = time.monotonic_ns()
    without.lives.take([Happening(FORK, now - 9, 502, 501), Happening(EXIT, now, 502, 501, 9)])
    without.look(kills=4)
    without.look()
    (event,) = without.told
    assert (event.kind, event.pid, event.limit_bytes) == ("oom", 502, 32 << 20)
    assert event.limit_at == without.target.cgroup_paths["memory"]
    assert "EPERM" in without.observer.gaps["events.oom"]


async def test_without_the_log_and_without_a_victim_the_kill_is_told_all_the_same(without: Here) -> None:
    without.look(kills=5)
    (event,) = without.told
    assert (event.pid, event.count) == (None, 2)


async def test_a_record_that_was_lost_is_made_good_by_the_counter_once(here: Here) -> None:
    here.look(kills=4)
    assert here.told == [], "the log may still tell"
    here.skew = module.PATIENCE + 0.5
    here.look()
    here.skew *= 2
    here.look()
    assert [event.kind for event in here.told] == ["oom"]


async def test_a_record_that_comes_after_the_counter_is_told_once(here: Here) -> None:
    assert here.log
    here.look(kills=4)
    here.log.say(here.chosen(), KILLED)
    await here.told_of(1)
    here.skew = module.PATIENCE + 0.5
    here.look()
    here.look(kills=4)
    assert len(here.told) == 1


async def test_kills_before_the_first_picture_and_of_another_generation_are_no_news(here: Here) -> None:
    again = dataclasses.replace(here.target, container=container(generation=2))
    here.observer.start(again)
    here.look(kills=0)
    here.skew = 5.0
    here.look()
    assert here.told == []


async def test_the_log_is_closed_with_the_last_container(here: Here) -> None:
    here.observer.stop(here.target.container.id)
    assert here.observer._log is None
    assert not here.observer._watched
