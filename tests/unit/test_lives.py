"""Whose process is whose, by news from a feed of the tests' own."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runtime.kernel.connector import EXEC, EXIT, FORK, Happening
from runtime.probes import snapshot
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event
from runtime.server.observers import lives as module
from runtime.server.observers.lives import Lives
from tests.support.proc_tree import UID_MAP, World, container, members, world


@dataclass
class Feed:
    world: World
    lives: Lives
    told: list[Event]
    camera: snapshot.Camera
    last: Snapshot | None = None
    clock: int = field(default_factory=time.monotonic_ns)

    def say(self, what: int, pid: int, ppid: int = 0, status: int = 0, after: float = 0.001) -> None:
        self.clock += int(after * 1e9)
        self.lives.take([Happening(what, self.clock, pid, ppid, status)])

    def look(self, *, blind: bool = False) -> None:
        taken = self.camera.take(self.world.target)
        self.lives.pictured(self.world.target.container.id, taken.container.processes)
        self.lives.compare(self.world.target, self.last, taken, blind=blind)
        self.last = taken
        self.clock = time.monotonic_ns()

    def process(self, pid: int, ns_pid: int, ppid: int = 500, **more: Any) -> None:
        self.world.tree.process(pid, ppid=ppid, ns_pids=(pid, ns_pid), uid_map=UID_MAP, **more)

    def end(self, pid: int) -> None:
        self.world.tree.end(pid)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.told]


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 0.0)
    made = world(tmp_path)
    told: list[Event] = []
    lives = Lives(lambda _id, event: told.append(event), made.tree.proc)
    lives.watch(made.target, [500, 501])
    host = snapshot.Host(made.tree.proc)
    camera = snapshot.Camera(host)
    feed = Feed(made, lives, told, camera)
    feed.look()
    assert told == [], "who was there before is no news"
    yield feed
    camera.close()
    host.close()


def test_a_child_of_a_process_inside_is_told_from_birth_to_death(feed: Feed) -> None:
    feed.process(502, 8, ppid=501)
    feed.say(FORK, 502, 501)
    feed.process(502, 8, ppid=501, comm=b"true")
    feed.say(EXEC, 502)
    feed.end(502)
    feed.say(EXIT, 502, 501, 3 << 8, after=0.25)
    born, became, died = feed.told
    assert (born.kind, born.pid, born.ns_pid, born.ppid, born.comm) == ("born", 502, 8, 501, "sleep")
    assert (became.kind, became.comm, became.ns_pid) == ("exec", "true", 8)
    assert (died.kind, died.code, died.signal, died.short, died.comm) == ("died", 3, None, True, "true")
    assert died.seconds == pytest.approx(0.251)
    assert died.at == pytest.approx(time.time(), abs=5)


def test_one_that_a_picture_saw_is_not_short_and_a_signal_is_no_code(feed: Feed) -> None:
    feed.process(502, 8)
    feed.say(FORK, 502, 500)
    feed.look()
    feed.end(502)
    feed.say(EXIT, 502, 500, 9)
    assert feed.kinds == ["born", "died"]
    assert (feed.told[1].signal, feed.told[1].code, feed.told[1].short) == (9, None, None)
    feed.look()
    assert feed.kinds == ["born", "died"], "told once"


def test_grandchildren_are_followed_though_their_parents_are_gone(feed: Feed) -> None:
    feed.say(FORK, 502, 501)
    feed.say(FORK, 503, 502)
    feed.say(EXIT, 502, 501)
    feed.say(FORK, 504, 503)
    feed.say(EXIT, 504, 503, 1 << 8)
    assert [(event.kind, event.pid) for event in feed.told] == [
        ("born", 502), ("born", 503), ("died", 502), ("born", 504), ("died", 504),
    ]  # fmt: skip
    assert feed.told[1].ns_pid is None, "gone before it could be asked"


def test_strangers_are_nobodys_news(feed: Feed) -> None:
    feed.say(FORK, 9001, 300)
    feed.say(EXEC, 9001)
    feed.say(FORK, 9002, 9001)
    feed.say(EXIT, 9002, 9001)
    assert feed.told == []


def test_a_picture_that_was_quicker_than_the_news_tells_it_once(feed: Feed) -> None:
    feed.process(502, 8)
    taken = feed.camera.take(feed.world.target)
    at = time.monotonic_ns()  # it was born while the picture was being taken
    feed.lives.compare(feed.world.target, feed.last, taken, blind=False)
    feed.lives.take([Happening(FORK, at, 502, 500)])
    assert feed.kinds == ["born"]
    feed.say(EXIT, 502, 500)
    assert feed.kinds == ["born", "died"]
    assert feed.told[1].seconds is not None


def test_one_that_died_after_the_picture_is_not_born_again_by_it(feed: Feed) -> None:
    feed.process(502, 8)
    taken = feed.camera.take(feed.world.target)
    feed.lives.take([Happening(FORK, time.monotonic_ns(), 502, 500), Happening(EXIT, time.monotonic_ns(), 502, 500)])
    feed.lives.compare(feed.world.target, feed.last, taken, blind=False)
    assert feed.kinds == ["born", "died"]


def test_a_zombie_is_dead(feed: Feed) -> None:
    feed.process(502, 8)
    feed.say(FORK, 502, 500)
    feed.say(EXIT, 502, 500)
    feed.process(502, 8, state="Z", cmdline=b"")
    feed.look()
    feed.look()
    assert feed.kinds == ["born", "died"]


def test_who_enters_from_outside_is_found_when_it_becomes_a_program(feed: Feed) -> None:
    runtime = os.getpid() + 1_000_000
    feed.say(FORK, runtime, os.getpid())
    feed.say(FORK, 700, runtime)
    feed.process(700, 9, ppid=400, comm=b"id")
    (feed.world.tree.root / "700/cgroup").write_text(f"4:memory:{feed.world.target.group}\n0::/\n")
    feed.say(EXEC, 700)
    assert feed.kinds == ["born", "exec"]
    assert (feed.told[1].comm, feed.told[1].ns_pid) == ("id", 9)
    feed.say(EXIT, 700, 400, 0)
    assert (feed.told[2].kind, feed.told[2].code, feed.told[2].short) == ("died", 0, True)


def test_who_enters_and_ends_at_once_was_seen_entering(feed: Feed) -> None:
    feed.say(FORK, 700, os.getpid())
    feed.process(700, 9, ppid=400, comm=b"runc:[2:INIT]")
    (feed.world.tree.root / "700/cgroup").write_text("4:memory:/\n0::/\n")
    feed.lives.peek()
    assert list(feed.lives.forked) == [700], "not yet"
    (feed.world.tree.root / "700/cgroup").write_text(f"4:memory:{feed.world.target.group}\n0::/\n")
    feed.lives.peek()
    assert feed.told == [], "it is the runtime's until it becomes a program"
    assert not feed.lives.forked
    feed.end(700)
    feed.say(EXEC, 700)
    feed.say(EXIT, 700, 400, 7 << 8)
    born, became, died = feed.told
    assert (born.kind, born.ns_pid, born.comm) == ("born", 9, "runc:[2:INIT]")
    assert (became.kind, became.ns_pid, became.comm) == ("exec", 9, None)
    assert (died.code, died.ns_pid, died.short) == (7, 9, True)


def test_children_of_ours_that_enter_nothing_are_not_looked_at_for_ever(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pid in (700, 701, 702):
        feed.say(FORK, pid, os.getpid())
    feed.process(700, 9, ppid=400)
    feed.process(702, 9, ppid=400)
    for pid in (700, 702):
        (feed.world.tree.root / f"{pid}/cgroup").write_text("0::/\n")
    feed.lives.peek()
    assert set(feed.lives.forked) == {700, 702}
    feed.say(EXEC, 702)
    monkeypatch.setattr(module, "ENTERING", 0)
    feed.lives.peek()
    assert not feed.lives.forked
    assert feed.told == []


def test_who_enters_a_container_that_nobody_watches_is_followed_no_further(feed: Feed) -> None:
    """Or every program that runs there costs a look, as a descendant of ours, for as long as the other is watched."""
    other = f"4:memory:{os.path.dirname(feed.world.target.group)}/aaaabbbbccccdddd\n0::/\n"
    feed.say(FORK, 700, os.getpid())
    feed.process(700, 9, ppid=400, comm=b"runc:[2:INIT]")
    (feed.world.tree.root / "700/cgroup").write_text(other)
    feed.lives.peek()
    assert not feed.lives.forked
    feed.say(EXEC, 700)
    for child in (701, 702):
        feed.process(child, 10, ppid=700)
        (feed.world.tree.root / f"{child}/cgroup").write_text(other)
        feed.say(FORK, child, 700)
        assert not feed.lives.forked
        feed.say(EXEC, child)
    assert feed.lives._household == {os.getpid(), os.getppid()}
    assert feed.told == []


def test_another_programs_of_ours_are_not_the_containers(feed: Feed) -> None:
    feed.say(FORK, 700, os.getpid())
    feed.process(700, 9, ppid=400)
    (feed.world.tree.root / "700/cgroup").write_text(f"4:memory:{feed.world.target.group}x\n0::/\n")
    feed.say(EXEC, 700)
    assert feed.told == []


def test_a_thread_that_becomes_the_program_does_not_end_the_process(feed: Feed) -> None:
    feed.process(502, 8, threads=3)
    feed.say(FORK, 502, 500)
    feed.look()
    feed.say(EXIT, 502, 500)
    feed.say(EXEC, 502)
    assert feed.kinds == ["born", "exec"]
    feed.say(EXIT, 502, 500, 5 << 8)
    feed.lives.settle(feed.clock + 1)
    assert feed.kinds == ["born", "exec", "died"]
    assert feed.told[2].code == 5


def test_lost_news_are_made_good_by_looking(feed: Feed) -> None:
    feed.process(502, 8)
    feed.say(FORK, 502, 500)
    feed.look()
    feed.end(502)
    feed.end(501)
    feed.process(503, 10)
    feed.lives.lost()
    feed.look()
    assert sorted((event.kind, event.pid) for event in feed.told) == [
        ("born", 502), ("born", 503), ("died", 501), ("died", 502),
    ]  # fmt: skip
    assert all(event.code is None and event.signal is None for event in feed.told)


def test_a_number_used_again_is_another_process(feed: Feed) -> None:
    feed.process(502, 8)
    feed.say(FORK, 502, 500)
    feed.say(FORK, 502, 500, after=5.0)  # its exit was lost
    assert feed.kinds == ["born", "died", "born"]
    assert feed.told[1].seconds == pytest.approx(5.0)


def test_without_news_pictures_tell_births_programs_and_deaths(feed: Feed) -> None:
    feed.process(502, 8, comm=b"sh")
    feed.look(blind=True)
    feed.process(502, 8, comm=b"top", cmdline=b"top\0")
    feed.look(blind=True)
    feed.process(502, 8, comm=b"top", cmdline=b"", state="Z")
    feed.look(blind=True)
    feed.end(502)
    feed.look(blind=True)
    assert feed.kinds == ["born", "exec", "died"]
    assert (feed.told[0].ns_pid, feed.told[0].ppid, feed.told[1].comm) == (8, 500, "top")
    assert feed.told[2].short is None


def test_what_left_the_group_alive_did_not_die(feed: Feed) -> None:
    feed.process(600, 12, ppid=400)
    members(feed.world.paths, 500, 501, 600)
    feed.look(blind=True)
    members(feed.world.paths, 500, 501)
    feed.look(blind=True)
    assert feed.kinds == ["born"]


def test_a_storm_reads_little_of_proc(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    read = feed.world.tree.proc.__class__.file

    def count(*args: Any) -> bytes:
        nonlocal asked
        asked += 1
        return read(*args)

    monkeypatch.setattr(feed.world.tree.proc.__class__, "file", count)
    for pid in range(10_000, 12_000):
        feed.say(FORK, pid, 500, after=0.0)
        feed.say(EXIT, pid, 500, after=0.0)
    assert asked <= 2 * module.READS  # a second may turn meanwhile
    assert len(feed.told) == 4000
    assert len(feed.lives._dead) <= module.REMEMBERED


def test_nothing_stays_of_a_container_that_nobody_watches(feed: Feed) -> None:
    feed.say(FORK, 502, 501)
    feed.say(EXIT, 502, 501)
    feed.lives.forget(feed.world.target.container.id)
    assert not feed.lives
    assert (feed.lives._alive, feed.lives._dead) == ({}, {})
    feed.say(FORK, 503, 501)
    assert feed.kinds == ["born", "died"]


def test_two_containers_are_kept_apart(feed: Feed) -> None:
    other = dataclasses.replace(feed.world.target, container=container(id="other"), cgroup_paths={})
    heard: list[tuple[str, int | None]] = []
    lives = Lives(lambda id, event: heard.append((id, event.pid)), feed.world.tree.proc)
    lives.watch(feed.world.target, [500])
    lives.watch(other, [800])
    lives.take([Happening(FORK, 1, 900, 800), Happening(FORK, 2, 901, 500), Happening(FORK, 3, 902, 900)])
    assert heard == [("other", 900), (feed.world.target.container.id, 901), ("other", 902)]
