"""The same container on pure cgroup v2, in a virtual machine: limits enforced, figures in their v2 names."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support import machine
from tests.support.stack import ROOT

pytestmark = [pytest.mark.requires("root", "runc", "busybox", "virtual-machine"), pytest.mark.timeout(400)]
Report = dict[str, Any]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    images = Path(os.environ.get("TERRARIUM_IMAGES_DIR", "/var/lib/terrarium/images"))
    found = machine.boot(tmp_path_factory.mktemp("machine"), ROOT / "var/vm", images)
    assert "error" not in found, f"{found['error']}\n{found.get('log')}"
    return found


def test_the_container_runs_there(report: Report) -> None:
    assert report["state"] == "running"
    assert report["comm"]["code"] == 0
    assert report["before"]["mode"] == "v2"


def test_limits_are_set_and_read_back_in_their_v2_names(report: Report) -> None:
    figures = report["before"]["summary"]
    assert figures["memory_limit_bytes"] == 48 << 20
    assert figures["pids_max"] == 24
    assert figures["cpu_quota_usec"] * 4 == figures["cpu_period_usec"]
    assert {"memory.current", "memory.max", "memory.events", "cpu.stat", "pids.current"} <= set(
        report["before"]["files"]
    )


def test_memory_beyond_the_limit_is_killed_and_counted(report: Report) -> None:
    assert report["memory"]["code"] == 128 + signal.SIGKILL, report["memory"]
    assert report["after"]["summary"]["oom_kills"] >= 1


def test_forks_beyond_the_limit_fail(report: Report) -> None:
    assert "can't fork" in report["forks"]["err"]


def test_the_quota_throttles(report: Report) -> None:
    assert report["after"]["summary"]["nr_throttled"] > report["before"]["summary"]["nr_throttled"]


def test_the_upper_layer_has_a_hard_size(report: Report) -> None:
    assert "No space left" in report["disk"]["err"]


def test_no_cgroup_is_left(report: Report) -> None:
    assert report["left"] == []
