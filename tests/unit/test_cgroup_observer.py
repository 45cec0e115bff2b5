"""What the counters of a control group become when they move: few events, each once."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from runtime.kernel.target import Target
from runtime.protocol.model import Cgroup, Container, Figure, Overlay, Snapshot, Summary, View
from runtime.protocol.xray import Event
from runtime.server.observers.cgroup import CgroupObserver
from tests.support.proc_tree import container

ID = container().id
_OVERLAY = Overlay(
    lowerdir=[], upperdir=None, workdir=None, merged="/", options=None, layers=[], changes={}, changes_truncated=False,
    upper_used_bytes=None, upper_limit_bytes=None,
)  # fmt: skip


class Here:
    """An observer whose clock stands still unless it is moved."""

    def __init__(self, top: Path) -> None:
        (top / "freezer.state").write_text("THAWED\n")
        self.state = top / "freezer.state"
        self.target = Target(
            container=container(), pid=None, starttime=0, keeper_pid=None, cgroup_mode="v1",
            cgroup_paths={"freezer": str(top)},
        )  # fmt: skip
        self.now = 100.0
        self.told: list[Event] = []
        self.observer = CgroupObserver(lambda _, event: self.told.append(event), lambda _: None, lambda: self.now)
        self.observer.start(self.target)
        self.last: Snapshot | None = None

    def look(self, *, throttled: int = 0, refused: int | None = 0, frozen: bool = False) -> list[Event]:
        """What one picture made it tell."""
        before, self.told[:] = self.last, []
        self.last = _picture(replace(container(), frozen=frozen), throttled, refused)
        self.observer.looked(self.target, before, self.last)
        return list(self.told)


def _picture(info: Container, throttled: int, refused: int | None) -> Snapshot:
    events: Figure = None if refused is None else {"max": refused}
    cgroup = Cgroup(
        mode="v1", paths={}, memory={}, cpu={}, pids={"pids.events": events}, io={}, sources={},
        summary=Summary(nr_throttled=throttled, cpu_quota_usec=50_000, pids_max=64),
    )  # fmt: skip
    view = View(processes={}, namespaces={}, cgroup=cgroup, overlay=_OVERLAY)
    return Snapshot(
        taken_at=0.0, monotonic=0.0, boot_id="b", node="local", info=info, container=view, host=view, gaps={}
    )  # fmt: skip


def test_what_was_counted_before_is_no_news(tmp_path: Path) -> None:
    here = Here(tmp_path)
    assert here.look(throttled=40, refused=3) == []
    assert here.look(throttled=40, refused=3) == []


def test_refused_forks_are_told_with_how_many(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.look()
    assert here.look(refused=2) == [Event(seq=0, at=0.0, kind="refused-fork", count=2, limit=64)]
    assert here.look(refused=2) == []
    assert here.look(refused=None) == []
    assert [event.count for event in here.look(refused=5)] == [3]


def test_the_first_throttled_period_is_told_at_once_and_those_after_it_together(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.look()
    assert here.look(throttled=1) == [Event(seq=0, at=0.0, kind="throttled", count=1, limit=50_000)]
    for count in range(2, 6):
        here.now += 1
        assert here.look(throttled=count * 10) == []
    here.now += 1
    assert [event.count for event in here.look(throttled=60)] == [59]
    here.now += 60
    assert here.look(throttled=60) == []
    assert [event.count for event in here.look(throttled=61)] == [1]


def test_what_is_left_of_a_burst_is_told_though_nothing_moves_any_more(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.look()
    here.look(throttled=1)
    assert here.look(throttled=5) == []
    here.now += 5
    assert [event.count for event in here.look(throttled=5)] == [4]


def test_a_new_cgroup_counts_from_the_beginning(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.look(throttled=50, refused=9)
    assert here.look(throttled=0, refused=0) == []
    assert [event.kind for event in here.look(throttled=2, refused=1)] == ["refused-fork", "throttled"]


def test_freezing_is_told_once_and_not_when_who_did_it_said_so(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.look()
    here.state.write_text("FROZEN\n")
    assert [event.kind for event in here.look(frozen=True)] == ["frozen"]
    assert here.look(frozen=True) == []
    assert not here.observer.told(ID, frozen=True), "the picture was quicker"
    here.state.write_text("THAWED\n")
    assert here.observer.told(ID, frozen=False)
    assert here.look(frozen=False) == []


def test_a_picture_that_is_older_than_the_news_is_none(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.look()
    here.state.write_text("FROZEN\n")
    assert here.observer.told(ID, frozen=True)
    assert here.look(frozen=False) == []
    assert here.look(frozen=True) == []


def test_of_one_that_nobody_watches_nothing_is_told(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.look()
    here.observer.stop(ID)
    here.observer.stop(ID)
    assert here.look(refused=7, frozen=True) == []
    assert here.observer.told(ID, frozen=True), "nobody else tells it"
    here.observer.close()
