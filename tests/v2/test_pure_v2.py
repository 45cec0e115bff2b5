"""The same container on pure cgroup v2, in a virtual machine: limits enforced, control, events, figures in v2 names."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import machine
from tests.support.stack import ROOT

pytestmark = [pytest.mark.requires("root", "runc", "busybox", "virtual-machine"), pytest.mark.timeout(400)]
Report = dict[str, Any]
Chapter = Callable[[str], Report]
GROUP = "/sys/fs/cgroup/terrarium/purev2purev2pure"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    images = Path(os.environ.get("TERRARIUM_IMAGES_DIR", "/var/lib/terrarium/images"))
    return machine.boot(tmp_path_factory.mktemp("machine"), ROOT / "var/vm", images)


@pytest.fixture
def chapter(report: Report) -> Chapter:
    """One chapter of what the machine reported."""

    def read(name: str) -> Report:
        found = dict(report[name])
        assert "error" not in found, f"{found['error']}\n{report['log']}"
        return found

    return read


def test_the_container_runs_there(chapter: Chapter) -> None:
    found = chapter("start")
    assert found["state"] == "running"
    assert found["comm"]["out"] == "sh\n"
    assert found["mode"] == "v2"
    assert found["paths"] == {"unified": GROUP}


def test_limits_are_set_and_read_back_in_their_v2_names(chapter: Chapter) -> None:
    found = chapter("start")
    figures = found["summary"]
    assert figures["memory_limit_bytes"] == 48 << 20
    assert figures["pids_max"] == 24
    assert figures["cpu_quota_usec"] * 4 == figures["cpu_period_usec"]
    assert found["effective"]["memory_bytes"] == {"value": 48 << 20, "at": GROUP, "own": True}


def test_every_v2_file_of_the_panel_is_there(chapter: Chapter) -> None:
    found = chapter("start")
    assert {"memory.current", "memory.max", "memory.high", "memory.peak", "memory.events", "memory.stat"} <= set(
        found["files"]
    )
    assert {"cpu.stat", "cpu.max", "cpu.weight", "pids.current", "pids.max", "io.stat"} <= set(found["files"])
    assert {"memory.pressure", "cpu.pressure", "io.pressure", "cgroup.freeze", "cgroup.events"} <= set(found["files"])
    weightless = {"container.cgroup.io.io.weight", "host.cgroup.io.io.weight"}  # only some disks' schedulers weigh
    assert {path for path in found["gaps"] if "cgroup" in path} <= weightless


def test_files_go_in_and_out(chapter: Chapter) -> None:
    """Who carries them is in the container's one group there, its freezer and its limits at once."""
    found = chapter("files")
    assert found["same"]
    assert found["inside"].split() == [found["sha"], "-", "0:0", "644", "in"]


def test_memory_beyond_the_limit_is_killed_and_counted(chapter: Chapter) -> None:
    found = chapter("memory")
    assert found["said"]["code"] == 128 + signal.SIGKILL, found
    assert found["kills"] >= 1


def test_the_kill_is_told_with_its_victim_and_whose_limit_it_was(chapter: Chapter) -> None:
    event = chapter("memory")["event"]
    assert event is not None
    assert event["comm"] == "dd"
    assert event["limit_bytes"] == 48 << 20
    assert event["limit_at"] == GROUP
    assert event["bytes"] > 24 << 20
    assert event["ns_pid"] < event["pid"]


def test_the_quota_throttles_and_that_is_told(chapter: Chapter) -> None:
    found = chapter("throttling")
    assert found["after"]["nr_throttled"] > found["before"]["nr_throttled"]
    assert found["after"]["throttled_usec"] > found["before"]["throttled_usec"]
    assert found["event"]["count"] >= 1
    assert found["event"]["limit"] == 25_000


def test_the_upper_layer_has_a_hard_size(chapter: Chapter) -> None:
    assert "No space left" in chapter("disk")["err"]


def test_frozen_and_thawed_by_the_kernels_own_word(chapter: Chapter) -> None:
    found = chapter("freezing")
    frozen, kernel, seen = found["frozen"]
    assert frozen
    assert "frozen 1" in kernel
    assert seen
    thawed, kernel = found["thawed"]
    assert not thawed
    assert "frozen 0" in kernel
    assert found["after"]["out"] == "on\n"


def test_a_frozen_container_is_not_entered(chapter: Chapter) -> None:
    assert chapter("freezing")["exec"]["code"] == "wrong-state"


def test_freezing_is_told_also_when_somebody_else_did_it(chapter: Chapter) -> None:
    assert chapter("freezing")["told"] == ["frozen", "thawed", "frozen"]


def test_limits_change_under_a_running_container(chapter: Chapter) -> None:
    found = chapter("limits")
    assert found["changed"] == {"memory_bytes": 40 << 20, "cpus": 1.0, "pids": 32, "disk_bytes": 20 << 20}
    kernel = found["kernel"]
    assert (kernel["memory.max"], kernel["cpu.max"], kernel["pids.max"]) == (str(40 << 20), "100000 100000", "32")
    assert kernel.get("memory.swap.max", "0") == "0", "memory without an end, though slow"
    assert found["event"]["reason"].startswith(f"memory {48 << 20} → {40 << 20}, cpus 0.25 → 1, pids 24 → 32")


def test_less_memory_than_is_in_use_is_refused_and_nobody_is_killed_for_it(chapter: Chapter) -> None:
    found = chapter("limits")
    refused = found["refused"]
    assert (refused["code"], refused["field"]) == ("wrong-state", "memory_bytes")
    assert found["after"] == found["kernel"]
    before, after = found["killed"]
    assert before == after


def test_less_memory_is_taken_where_it_can_be(chapter: Chapter) -> None:
    assert chapter("limits")["shrunk"] == [24 << 20, str(24 << 20), "max"]


def test_namespaces_are_its_own_but_for_time(chapter: Chapter) -> None:
    found = chapter("probes")
    assert {kind for kind, same in found["namespaces"].items() if same} == {"time"}
    assert len(found["namespaces"]) == 8
    assert found["own"]["pid_for_children"] == found["own"]["pid"]


def test_the_walls_are_seen(chapter: Chapter) -> None:
    found = chapter("probes")
    assert {"/", "/proc", "/dev", "/sys/fs/cgroup", "/etc/hosts", "/proc/kcore"} <= set(found["mounts"])
    assert found["uid_map"][0]["count"] == 65_536
    assert found["seccomp"] == 2
    assert {"null", "zero", "tty", "ptmx"} <= set(found["devices"])
    assert not [name for name in found["devices"] if name.startswith(("sd", "vd", "loop"))]


def test_the_network_is_a_loopback_and_who_listens(chapter: Chapter) -> None:
    found = chapter("probes")
    assert found["interfaces"] == ["lo"]
    assert [one["port"] for one in found["listening"]] == [8080]


def test_provenance_and_the_upper_layers_events(chapter: Chapter) -> None:
    found = chapter("probes")
    assert found["verdict"] == "copied_up"
    changes = found["changes"]
    assert (changes["/etc/passwd"], changes["/etc/group"], changes["/new"]) == ("copied_up", "deleted", "created")
    told = [event["kind"] for event in found["events"]]
    assert told == ["copied_up", "whiteout", "created", "exec"]


def test_counters_for_a_scrape_have_no_hole(chapter: Chapter) -> None:
    meter = chapter("metrics")
    there_is_none = {"network_receive_bytes", "network_transmit_bytes"}
    assert {name for name, value in meter.items() if value is None} <= there_is_none
    assert meter["memory_limit_bytes"] == 24 << 20
    assert meter["oom_events"] >= 1
    assert meter["cfs_throttled_seconds"] > 0
    assert meter["pressure"]["cpu waiting"] > 0


def test_a_command_that_is_killed_leaves_no_child(chapter: Chapter) -> None:
    assert chapter("killing") | {"seconds": 0} == {"timed_out": True, "left": [], "seconds": 0}


def test_forks_beyond_the_limit_fail_and_are_told(chapter: Chapter) -> None:
    found = chapter("forks")
    assert "can't fork" in found["said"]["err"]
    assert found["event"]["limit"] == 24


def test_a_frozen_container_stops_and_no_cgroup_is_left(chapter: Chapter) -> None:
    found = chapter("end")
    assert found["state"] == "stopped"
    assert found["left"] == []
