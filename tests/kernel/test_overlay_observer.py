"""Events of a real upper where inotify is short, overflows, or is not to be had; and that nothing is left."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from runtime.kernel import inotify, mounts
from runtime.probes.overlay import Overlays
from runtime.protocol.xray import Event
from runtime.server.observers import overlay, upper
from runtime.server.observers.overlay import GAP, OverlayObserver
from tests.support.pty_viewer import until
from tests.support.stacked import Stacked, stacked

pytestmark = pytest.mark.requires("root", "overlay")


@dataclass
class Scene:
    """An observer and its upper; `look` is a pass of the sampler."""

    box: Stacked
    events: list[Event] = field(default_factory=list)
    pokes: int = 0
    before: Any = None
    walks: Overlays = field(default_factory=Overlays)

    def __post_init__(self) -> None:
        self.observer = OverlayObserver(lambda _id, event: self.events.append(event), self._poke)
        self.target = self.box.target()
        self.id = self.target.container.id

    def _poke(self, _id: str) -> None:
        self.pokes += 1

    def sh(self, script: str) -> None:
        subprocess.run(["sh", "-ec", script], cwd=self.box.merged, check=True)

    def look(self) -> None:
        seen = self.walks.take(self.target, None, time.monotonic(), closely=True)[1]
        after: Any = SimpleNamespace(info=SimpleNamespace(id=self.id), host=SimpleNamespace(overlay=seen))
        self.observer.looked(self.target, self.before, after)
        self.before = after

    @property
    def told(self) -> list[tuple[str, str | None]]:
        return [(event.kind, event.path) for event in self.events]

    async def tells(self, *events: tuple[str, str], looking: bool = False) -> None:
        deadline = time.monotonic() + 5
        while not set(events) <= set(self.told):
            assert time.monotonic() < deadline, (events, self.told)
            await asyncio.sleep(0.01)
            if looking:
                self.look()

    async def starts(self) -> None:
        """Returns once all that is there is watched."""
        self.observer.start(self.target)
        await until(lambda: not any(one.upper.wanted for one in self.observer._watched.values()), "all is watched")

    def watches(self) -> list[int]:
        """Devices of what is watched, as the kernel tells (proc_pid_fdinfo(5))."""
        notify = self.observer._inotify
        assert notify is not None
        with open(f"/proc/self/fdinfo/{notify.fd}") as lines:
            return [int(found[1], 16) for line in lines if (found := re.search(r"sdev:([0-9a-f]+)", line))]


@pytest.fixture
def scene() -> Iterator[Scene]:
    before = len(os.listdir("/proc/self/fd"))
    with stacked() as box:
        made = Scene(box)
        yield made
        made.observer.close()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_what_was_there_is_no_news_and_stopping_ends_every_watch(scene: Scene) -> None:
    scene.sh("mkdir -p a/b/c; touch a/b/c/old")
    await scene.starts()
    assert len(scene.watches()) == 5  # the upper, three directories, work
    scene.sh("echo x > a/b/c/new")
    await scene.tells(("created", "/a/b/c/new"))
    assert [event.path for event in scene.events] == ["/a/b/c/new"]
    assert scene.pokes == 1
    scene.observer.stop(scene.id)
    assert scene.watches() == []
    scene.sh("echo x > a/after")
    await asyncio.sleep(0.1)
    assert len(scene.events) == 1


async def test_without_inotify_two_walks_are_compared_and_that_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_self: object) -> None:
        raise OSError(errno.EMFILE, "too many")

    monkeypatch.setattr(inotify.Inotify, "__init__", none)
    await scene.starts()
    assert "EMFILE" in scene.observer.gaps[GAP]
    scene.look()
    scene.sh("rm etc/issue; echo x >> etc/motd; mkdir fresh")
    scene.look()
    assert set(scene.told) == {
        ("copied_up", "/etc"), ("whiteout", "/etc/issue"), ("copied_up", "/etc/motd"), ("created", "/fresh"),
    }  # fmt: skip


async def test_more_directories_than_are_watched_are_told_from_walks(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upper, "MAX_DIRECTORIES", 3)
    scene.sh("mkdir a b c d e")
    await scene.starts()
    scene.look()
    assert scene.observer.gaps_of(scene.id).keys() == {GAP}
    scene.sh("for d in a b c d e; do echo x > $d/new; done")
    await scene.tells(*(("created", f"/{name}/new") for name in "abcde"), looking=True)
    assert len(scene.events) == 5


async def test_watches_that_are_used_up_are_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_self: object, path: str, _mask: int) -> int:
        raise OSError(errno.ENOSPC, "no space", path)

    monkeypatch.setattr(inotify.Inotify, "watch", none)
    await scene.starts()
    assert "ENOSPC" in scene.observer.gaps[GAP]
    scene.look()
    scene.sh("mkdir fresh")
    await scene.tells(("created", "/fresh"), looking=True)


async def test_lost_records_are_made_good_from_walks_and_it_goes_on_live(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.starts()
    scene.look()
    notify = scene.observer._inotify
    assert notify is not None
    scene.sh("mkdir lost; echo x > lost/file")
    while notify.read():
        pass
    read = notify.read
    lost = [inotify.Record(-1, inotify.IN_Q_OVERFLOW, 0, b"")]
    monkeypatch.setattr(notify, "read", lambda limit: [lost.pop()] if lost else read(limit))
    scene.sh("echo x > trigger")
    await scene.tells(("created", "/lost"), ("created", "/lost/file"), looking=True)
    await until(lambda: len(scene.watches()) == 3, "all is watched again")  # the upper, lost, work
    scene.sh("echo x > lost/live")
    await scene.tells(("created", "/lost/live"))


async def test_who_floods_is_let_be_for_a_while(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "FLOOD", 100)
    monkeypatch.setattr(overlay, "PAUSE", 0.3)
    await scene.starts()
    scene.look()
    scene.sh("i=0; while [ $i -lt 300 ]; do : > f$i; i=$((i+1)); done")
    await until(lambda: scene.observer.gaps_of(scene.id), "it is let be")
    assert scene.watches() == []
    scene.sh("echo x > meanwhile; rm f1")
    await scene.tells(("created", "/meanwhile"), looking=True)
    await until(lambda: scene.observer.gaps_of(scene.id) == {} and scene.watches(), "it is listened to again")
    scene.sh("echo x > later")
    await scene.tells(("created", "/later"))


async def test_directories_swapped_for_links_lead_no_watch_out_of_the_upper(scene: Scene) -> None:
    await scene.starts()
    over = threading.Event()
    outside = scene.box.top / "lower0"

    def swapping() -> None:
        number = 0
        while not over.is_set():
            name, number = scene.box.merged / f"d{number % 50}", number + 1
            name.mkdir()
            name.rmdir()
            name.symlink_to(outside)
            name.unlink()

    thread = threading.Thread(target=swapping)
    thread.start()
    try:
        device = os.stat(scene.box.upper).st_dev
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            # as the kernel writes it: 12 bits of major, 20 of minor
            assert set(scene.watches()) <= {os.major(device) << 20 | os.minor(device)}
    finally:
        over.set()
        thread.join()


async def test_started_again_it_listens_to_the_same_upper(scene: Scene) -> None:
    await scene.starts()
    await scene.starts()
    assert len(scene.watches()) == 2
    scene.target = scene.box.target(generation=2)
    await scene.starts()
    assert len(scene.watches()) == 2
    scene.sh("echo x > new")
    await scene.tells(("created", "/new"))


async def test_an_upper_that_goes_ends_the_watching(scene: Scene) -> None:
    await scene.starts()
    mounts.unmount(str(scene.box.merged))
    mounts.unmount(str(scene.box.top / "disk"))
    scene.observer.start(scene.target)
    await until(lambda: not scene.watches(), "no watch is left")
