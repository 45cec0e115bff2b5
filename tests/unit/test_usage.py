"""What each process used, and what the chain above gives away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.kernel import capabilities, procfs
from runtime.probes import snapshot
from runtime.protocol.xray import Usage
from tests.support.proc_tree import UID_MAP, World, world


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 0.0)
    return world(tmp_path)


@pytest.fixture
def camera(here: World) -> Iterator[snapshot.Camera]:
    host = snapshot.Host(here.tree.proc)
    made = snapshot.Camera(host)
    yield made
    made.close()
    host.close()


def _run(here: World, *, ticks: tuple[int, int], pages: int) -> None:
    here.tree.process(
        501, ppid=500, ns_pids=(501, 7), comm=b"sleep", cmdline=b"sleep\0009\0", uid=1_879_048_192 + 33,
        uid_map=UID_MAP, starttime=5001, ticks=ticks, pages=pages,
    )  # fmt: skip


def test_time_and_memory_of_each_process_are_told(here: World, camera: snapshot.Camera) -> None:
    _run(here, ticks=(3, 4), pages=10)
    usage = camera.take(here.target).usage
    tick = 1_000_000 // os.sysconf("SC_CLK_TCK")
    assert usage["501"] == Usage(cpu_usec=7 * tick, rss_bytes=10 * os.sysconf("SC_PAGE_SIZE"))
    assert set(usage) == {"500", "501"}, "the chain above always runs: its time would make every picture differ"


def test_who_did_not_run_has_the_same_usage_and_only_that_changes(here: World, camera: snapshot.Camera) -> None:
    one = camera.take(here.target)
    two = camera.take(here.target)
    assert two.usage is one.usage
    _run(here, ticks=(1, 0), pages=0)
    three = camera.take(here.target)
    assert three.usage is not two.usage
    assert three.usage["500"] is two.usage["500"]
    assert three.container.processes is two.container.processes, "time used makes no other picture of the process"


def test_a_zombie_has_no_memory_and_is_told_by_its_state(here: World, camera: snapshot.Camera) -> None:
    here.tree.process(502, ppid=500, ns_pids=(502, 8), state="Z", cmdline=b"", ticks=(5, 0))
    taken = camera.take(here.target)
    assert taken.container.processes["502"].state == "Z"
    assert taken.usage["502"].rss_bytes == 0


def test_usage_goes_with_pid_1(here: World, camera: snapshot.Camera) -> None:
    camera.take(here.target)
    here.tree.end(501)
    here.tree.end(500)
    assert camera.take(here.target).usage == {}


def test_the_hosts_first_process_is_named_and_keeps_its_arguments(here: World, camera: snapshot.Camera) -> None:
    first = camera.take(here.target).host.processes["1"]
    assert (first.role, first.cmdline) == ("host-init", ["/sbin/init"])


def test_what_stat_says_is_read_behind_any_name() -> None:
    raw = b"7 (a) 9 (b) S 1 7 7 0 -1 0 0 0 0 0 12 30 0 0 20 0 3 0 777 4096 25 0"
    assert procfs.parse_used(raw) == procfs.Used(ticks=42, pages=25)


def test_fields_of_status_keep_what_a_name_pretends() -> None:
    raw = b"Name:\tx\\nCapEff:\\tffff\nUid:\t0\t0\t0\t0\nCapEff:\t0000000000000021\n"
    fields = procfs.fields(raw)
    assert fields["CapEff"] == "0000000000000021"
    assert capabilities.sets(fields) == {"effective": ["CAP_CHOWN", "CAP_KILL"]}


def test_a_capability_younger_than_the_list_has_its_number() -> None:
    assert capabilities.names(1 << 40 | 1 << 45) == ["CAP_CHECKPOINT_RESTORE", "CAP_45"]
    assert len(capabilities.names((1 << 41) - 1)) == len(capabilities.NAMES) == 41
