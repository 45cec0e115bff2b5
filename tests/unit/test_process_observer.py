"""The socket of the kernel's news: opened once, read in gulps, and missed where it is not to be had."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.kernel.connector import FORK, Happening
from runtime.probes import snapshot
from runtime.protocol.xray import Event
from runtime.server.observers import processes as module
from runtime.server.observers.processes import GAP, GULP, ProcessObserver
from tests.support.proc_tree import UID_MAP, World, world


class FakeConnector:
    """News that the test makes up."""

    made: list[FakeConnector]

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK)
        self.news: list[Happening] = []
        self.lost = False
        self.reads = 0
        self.broken = False
        self.made.append(self)

    def fileno(self) -> int:
        return self._read

    def say(self, *news: Happening) -> None:
        self.news += news
        os.write(self._write, b"x")

    def read(self, most: int) -> tuple[list[Happening], bool]:
        self.reads += 1
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        found, self.news = self.news[:most], self.news[most:]
        if not self.news:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 100)
        lost, self.lost = self.lost, False
        return found, lost

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 0.0)
    FakeConnector.made = []
    monkeypatch.setattr(module, "Connector", FakeConnector)
    return world(tmp_path)


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
async def observer(here: World, told: list[Event]) -> AsyncIterator[ProcessObserver]:
    one = ProcessObserver(lambda _id, event: told.append(event), here.tree.proc)
    yield one
    one.close()


async def _polled(told: list[Event], count: int) -> None:
    async with asyncio.timeout(5):
        while len(told) < count:  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.001)


def _fork(pid: int) -> Happening:
    return Happening(FORK, time.monotonic_ns(), pid, 500)


async def test_one_socket_for_all_and_none_for_nobody(here: World, observer: ProcessObserver) -> None:
    observer.start(here.target)
    observer.start(here.target)
    assert len(FakeConnector.made) == 1
    observer.stop(here.target.container.id)
    observer.stop(here.target.container.id)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(FakeConnector.made[0].fileno())
    observer.start(here.target)
    assert len(FakeConnector.made) == 2


async def test_news_are_told_as_they_come(here: World, observer: ProcessObserver, told: list[Event]) -> None:
    observer.start(here.target)
    FakeConnector.made[0].say(_fork(600))
    await _polled(told, 1)
    assert (told[0].kind, told[0].pid) == ("born", 600)


async def test_a_flood_is_taken_in_gulps_with_pauses_between(
    here: World, observer: ProcessObserver, told: list[Event]
) -> None:
    observer.start(here.target)
    feed = FakeConnector.made[0]
    turns = 0
    feed.say(*[_fork(pid) for pid in range(10_000, 10_000 + 10 * GULP)])
    async with asyncio.timeout(10):
        while len(told) < 10 * GULP:
            await asyncio.sleep(0)
            turns += 1
    assert feed.reads >= 10
    assert turns > 10, "others had their turn"
    await asyncio.sleep(2 * module.PAUSE)
    feed.say(_fork(9000))
    await _polled(told, 10 * GULP + 1)


async def test_what_waits_is_told_before_a_picture_is_compared(
    here: World, observer: ProcessObserver, told: list[Event]
) -> None:
    observer.start(here.target)
    camera = snapshot.Camera(host := snapshot.Host(here.tree.proc))
    before = camera.take(here.target)
    observer.looked(here.target, None, before)
    here.tree.process(502, ppid=500, ns_pids=(502, 8), uid_map=UID_MAP)
    FakeConnector.made[0].say(_fork(502))
    observer.looked(here.target, before, camera.take(here.target))
    assert [(event.kind, event.pid, event.ns_pid) for event in told] == [("born", 502, 8)]
    camera.close()
    host.close()


@pytest.mark.parametrize("code", [errno.ECONNREFUSED, errno.EPERM, errno.ENODATA])
async def test_without_the_socket_pictures_tell_and_a_gap_says_so(
    here: World, told: list[Event], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refused() -> FakeConnector:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(module, "Connector", refused)
    observer = ProcessObserver(lambda _id, event: told.append(event), here.tree.proc)
    observer.start(here.target)
    assert errno.errorcode[code] in observer.gaps[GAP]
    camera = snapshot.Camera(host := snapshot.Host(here.tree.proc))
    before = camera.take(here.target)
    observer.looked(here.target, None, before)
    here.tree.process(502, ppid=500, ns_pids=(502, 8), uid_map=UID_MAP)
    between = camera.take(here.target)
    observer.looked(here.target, before, between)
    here.tree.end(502)
    observer.looked(here.target, between, camera.take(here.target))
    assert [(event.kind, event.pid) for event in told] == [("born", 502), ("died", 502)]
    assert (told[1].code, told[1].signal) == (None, None), "how it ended nobody knows"
    camera.close()
    host.close()
    observer.close()


async def test_a_socket_that_breaks_is_a_gap_and_no_crash(here: World, observer: ProcessObserver) -> None:
    observer.start(here.target)
    feed = FakeConnector.made[0]
    feed.broken = True
    feed.say(_fork(600))
    async with asyncio.timeout(5):
        while GAP not in observer.gaps:  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.001)
    assert "EIO" in observer.gaps[GAP]


async def test_news_that_were_lost_are_looked_for(here: World, observer: ProcessObserver, told: list[Event]) -> None:
    observer.start(here.target)
    here.tree.end(501)
    feed = FakeConnector.made[0]
    here.tree.process(600, ppid=500, ns_pids=(600, 9))
    feed.lost = True
    feed.say(_fork(600))
    await _polled(told, 2)
    assert (told[0].kind, told[0].pid) == ("born", 600)
    assert 501 in [event.pid for event in told if event.kind == "died"]
