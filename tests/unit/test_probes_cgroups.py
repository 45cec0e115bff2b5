"""Figures of control groups, from files that real kernels wrote."""

from __future__ import annotations

import dataclasses
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from runtime.kernel import mountinfo
from runtime.probes import cgroup_files, cgroups, kept
from runtime.probes.cgroup_summary import NOT_COUNTED
from runtime.protocol.model import Effective, Summary
from tests.support.proc_tree import World, world

_MODES = ["v1", "v2", "hybrid"]


def test_pure_v2_has_v2_names_and_a_whole_summary(tmp_path: Path) -> None:
    probe = cgroups.Cgroups(world(tmp_path, "v2").target)
    cgroup, gaps = probe.take()
    assert gaps == {}
    assert cgroup.memory["memory.max"] == 67_108_864
    assert cgroup.memory["memory.high"] == "max"
    assert cgroup.cpu["cpu.max"] == "50000 100000"
    assert cgroup.io["io.stat"] == {}
    assert cgroup.summary == Summary(
        memory_bytes=409_600,
        memory_limit_bytes=67_108_864,
        memory_peak_bytes=471_040,
        oom_kills=0,
        cpu_usage_usec=3_072_511,
        cpu_quota_usec=50_000,
        cpu_period_usec=100_000,
        nr_periods=63,
        nr_throttled=15,
        throttled_usec=77_680,
        pids_current=3,
        pids_max=64,
        io_read_bytes=0,
        io_write_bytes=0,
    )
    probe.close()


def test_hybrid_has_v1_limits_and_cgroup2_pressure(tmp_path: Path) -> None:
    probe = cgroups.Cgroups(world(tmp_path, "hybrid").target)
    cgroup, gaps = probe.take()
    assert cgroup.memory["memory.limit_in_bytes"] == 67_108_864
    assert cgroup.memory["memory.oom_control"] == {"oom_kill_disable": 0, "under_oom": 0, "oom_kill": 1}
    pressure = cgroup.cpu["cpu.pressure"]
    assert isinstance(pressure, dict)
    assert pressure["some avg10"] == 3.26
    assert pressure["full total"] == 383_312
    assert cgroup.summary == Summary(
        memory_bytes=10_145_792,
        memory_limit_bytes=67_108_864,
        memory_peak_bytes=67_108_864,
        oom_kills=1,
        cpu_usage_usec=842_659,
        cpu_quota_usec=50_000,
        cpu_period_usec=100_000,
        nr_periods=19,
        nr_throttled=15,
        throttled_usec=734_389,
        pids_current=1,
        pids_max=64,
    )
    assert gaps == {"cgroup.summary.io_read_bytes": NOT_COUNTED, "cgroup.summary.io_write_bytes": NOT_COUNTED}
    probe.close()


@pytest.mark.parametrize("mode", _MODES)
def test_in_a_stream_what_the_summary_says_is_not_said_by_its_files(
    tmp_path: Path, mode: Literal["v1", "v2", "hybrid"]
) -> None:
    here = world(tmp_path, mode).target
    full, sparing = cgroups.Cgroups(here), cgroups.Cgroups(here, sparing=True)
    (whole, gaps), (spared, same) = full.take(), sparing.take()
    assert (spared.summary, spared.sources, same) == (whole.summary, whole.sources, gaps)
    assert sparing.take()[0] is spared
    for section in ("memory", "cpu", "pids", "io"):
        left, all_of_it = getattr(spared, section), getattr(whole, section)
        absent = {name: all_of_it[name] for name in all_of_it.keys() - left.keys()}
        assert absent.keys() <= {
            "cpuacct.usage",
            "cpuacct.stat",
            "pids.current",
            "memory.max_usage_in_bytes",
            "memory.peak",
        }
        told = {842_659_654, spared.summary.pids_current, spared.summary.memory_peak_bytes}
        assert told.issuperset(value for name, value in absent.items() if name != "cpuacct.stat")
        for name in left.keys() - {"cpu.stat"}:
            assert left[name] == all_of_it[name]
    assert spared.cpu["cpu.stat"] == {
        line: value
        for line, value in whole.cpu["cpu.stat"].items()  # type: ignore[union-attr]
        if line not in ("usage_usec", "nr_periods", "nr_throttled", "throttled_time", "throttled_usec")
        and line not in ("user_usec", "system_usec")
    }
    full.close()
    sparing.close()


def test_a_file_that_cannot_be_read_is_named_in_a_stream_too(tmp_path: Path) -> None:
    here = world(tmp_path, "hybrid")
    Path(here.target.cgroup_paths["cpuacct"], "cpuacct.usage").unlink()
    probe = cgroups.Cgroups(here.target, sparing=True)
    cgroup, gaps = probe.take()
    assert cgroup.cpu["cpuacct.usage"] is None
    assert gaps["cgroup.summary.cpu_usage_usec"] == gaps["cgroup.cpu.cpuacct.usage"]
    probe.close()


def test_the_machines_figures_come_one_by_one_and_none_is_older_than_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = cgroups.Machine()
    read: list[tuple[int, str]] = []
    second = 0

    def note(path: str) -> int:
        read.append((second, path))
        return 1

    for file in machine._kept:
        monkeypatch.setattr(file, "read", partial(note, file.path))
    for second in range(20):
        before = machine._last
        figures, gaps = machine.take(float(second))
        assert not gaps
        assert (machine._last is before) == (second not in {at for at, _ in read})
        assert figures["memory"]["meminfo"] == 1
    machine.close()
    assert {at for at, _ in read if at < 5} == {0}
    assert all(sum(at == second for at, _ in read) <= 1 for second in range(1, 20))
    for path in {path for _, path in read}:
        seconds = [at for at, one in read if one == path]
        assert max(b - a for a, b in pairwise(seconds)) < 10


def test_v1_has_no_pressure_and_does_not_miss_it(tmp_path: Path) -> None:
    probe = cgroups.Cgroups(world(tmp_path, "v1").target)
    cgroup, _ = probe.take()
    assert "memory.pressure" not in cgroup.memory
    assert cgroup.summary.memory_bytes == 10_145_792
    probe.close()


def test_v1_counts_io_where_a_limit_makes_it_count(tmp_path: Path) -> None:
    here = world(tmp_path, "v1")
    Path(here.paths["blkio"], "blkio.throttle.io_service_bytes_recursive").write_text(
        "254:0 Read 1048576\n254:0 Write 4198400\n254:0 Sync 9441280\n254:0 Async 0\n254:0 Total 9441280\n"
        "8:0 Read 512\n8:0 Write 0\nTotal 9441280\n"
    )
    probe = cgroups.Cgroups(here.target)
    summary = probe.take()[0].summary
    assert (summary.io_read_bytes, summary.io_write_bytes) == (1_048_576 + 512, 4_198_400)
    probe.close()


def test_v2_io_is_summed_over_devices(tmp_path: Path) -> None:
    here = world(tmp_path, "v2")
    Path(here.paths["unified"], "io.stat").write_text(
        "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n8:0 rbytes=1 wbytes=0 rios=1 wios=0\n"
    )
    probe = cgroups.Cgroups(here.target)
    summary = probe.take()[0].summary
    assert (summary.io_read_bytes, summary.io_write_bytes) == (4097, 8192)
    probe.close()


def test_no_limit_is_null_and_no_gap(tmp_path: Path) -> None:
    here = world(tmp_path, "hybrid")
    Path(here.paths["memory"], "memory.limit_in_bytes").write_text("9223372036854771712\n")
    Path(here.paths["cpu"], "cpu.cfs_quota_us").write_text("-1\n")
    Path(here.paths["pids"], "pids.max").write_text("max\n")
    probe = cgroups.Cgroups(here.target)
    cgroup, gaps = probe.take()
    assert (cgroup.summary.memory_limit_bytes, cgroup.summary.cpu_quota_usec, cgroup.summary.pids_max) == (
        None, None, None,
    )  # fmt: skip
    assert not [path for path in gaps if "limit" in path or "quota" in path or "pids" in path]
    probe.close()


@pytest.mark.parametrize("mode", _MODES)
def test_every_summary_figure_names_a_file_that_is_read(tmp_path: Path, mode: str) -> None:
    probe = cgroups.Cgroups(world(tmp_path, mode).target)  # type: ignore[arg-type]
    cgroup, _ = probe.take()
    assert set(cgroup.sources) == set(Summary.__struct_fields__)
    for key in cgroup.sources.values():
        assert cgroup_files.by_key(cgroup_files.of_mode(mode), key), key
    probe.close()


def test_a_missing_file_is_null_with_its_reason_in_the_summary_too(tmp_path: Path) -> None:
    here = world(tmp_path, "v2")
    Path(here.paths["unified"], "memory.peak").unlink()
    probe = cgroups.Cgroups(here.target)
    cgroup, gaps = probe.take()
    assert cgroup.memory["memory.peak"] is None
    assert gaps["cgroup.memory.memory.peak"].startswith("ENOENT: no such file or directory (")
    assert gaps["cgroup.summary.memory_peak_bytes"] == gaps["cgroup.memory.memory.peak"]
    probe.close()


def test_a_file_that_is_no_figure_is_a_gap(tmp_path: Path) -> None:
    here = world(tmp_path, "v2")
    Path(here.paths["unified"], "memory.events").write_text("what is this\n")
    probe = cgroups.Cgroups(here.target)
    assert "not understood" in probe.take()[1]["cgroup.memory.memory.events"]
    probe.close()


@pytest.mark.parametrize("above", ["", "/docker/0a1b"], ids=["on the host", "in a container of another engine"])
def test_inside_paths_come_from_the_containers_mounts(tmp_path: Path, above: str) -> None:
    here = world(tmp_path, "hybrid")
    target = dataclasses.replace(
        here.target,
        cgroup_paths={
            "memory": "/sys/fs/cgroup/memory/terrarium/c",
            "cpu": "/sys/fs/cgroup/cpu,cpuacct/terrarium/c",
            "cpuacct": "/sys/fs/cgroup/cpu,cpuacct/terrarium/c",
            "pids": "/sys/fs/cgroup/pids/terrarium/c",
            "blkio": "/sys/fs/cgroup/blkio/terrarium/c",
            "unified": "/sys/fs/cgroup/unified/terrarium/c",
        },
    )
    root = (above or "/").encode()
    own = mountinfo.parse(
        b"1 0 0:1 / / rw - ext4 /dev/vda1 rw\n"
        b"9 1 0:2 /elsewhere /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        b"2 1 0:2 %b /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        b"3 1 0:3 %b /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        b"4 1 0:4 %b /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
        b"6 1 0:6 %b /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
        b"5 1 0:5 %b /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" % (root, root, root, root, root)
    )
    top = above.encode()
    mounts = mountinfo.parse(
        b"1 0 0:1 / / rw - overlay overlay rw\n"
        b"2 1 0:2 %b/terrarium/c /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
        b"3 1 0:3 %b/terrarium/c /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
        b"4 1 0:4 %b/terrarium /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
        b"6 1 0:6 / /sys/fs/cgroup/blkio ro - cgroup cgroup rw,blkio\n"
        b"5 1 0:5 %b/terrarium/other /sys/fs/cgroup/unified ro - cgroup2 cgroup2 rw\n" % (top, top, top, top)
    )
    paths, gaps = cgroups.inside_paths(target, mounts, own)
    assert paths == {
        "memory": "/sys/fs/cgroup/memory",
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "pids": "/sys/fs/cgroup/pids/c",
        "blkio": f"/sys/fs/cgroup/blkio{above}/terrarium/c",
    }
    assert list(gaps) == ["cgroup.paths.unified"]


def test_the_machines_figures_stand_beside_on_the_host(tmp_path: Path) -> None:
    probe, machine = cgroups.Cgroups(world(tmp_path).target), cgroups.Machine()
    cgroup, _ = probe.take()
    host = cgroups.from_host(cgroup, machine.take(0.0)[0])
    meminfo = host.memory["meminfo"]
    assert isinstance(meminfo, dict)
    assert int(meminfo["MemTotal"] or 0) > 2**27
    assert host.summary == cgroup.summary
    assert "meminfo" not in cgroup.memory
    probe.close()
    machine.close()


def test_a_kept_file_is_parsed_only_when_its_bytes_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("1\n")
    parsed: list[bytes] = []

    def parse(raw: bytes) -> int:
        parsed.append(raw)
        return int(raw)

    file = kept.KeptFile(str(path), parse)
    assert [file.read(), file.read()] == [1, 1]
    path.write_text("2\n")
    assert file.read() == 2
    assert parsed == [b"1\n", b"2\n"]
    file.close()
    assert file.read() == 2
    file.close()


def test_without_descriptors_to_spare_a_file_is_read_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_budget", lambda: 0)
    path = tmp_path / "file"
    path.write_text("1\n")
    file = kept.KeptFile(str(path), int)
    assert file.read() == 1
    assert file._fd == -1


def test_a_world_of_each_mode_is_whole(tmp_path: Path) -> None:
    worlds: list[World] = [world(tmp_path / mode, mode) for mode in ("v1", "v2", "hybrid")]
    assert [here.target.cgroup_mode for here in worlds] == _MODES


def test_pressure_is_told_where_it_can_be_read(tmp_path: Path) -> None:
    for mode, inside_has_it in (("hybrid", False), ("v2", True)):
        probe = cgroups.Cgroups(world(tmp_path / mode, mode).target)  # type: ignore[arg-type]
        cgroup, _ = probe.take()
        inside = cgroups.from_inside(cgroup, {})
        assert "cpu.pressure" in cgroup.cpu
        assert ("cpu.pressure" in inside.cpu) is inside_has_it
        assert inside.summary == cgroup.summary
        probe.close()


@pytest.mark.parametrize("mode", _MODES)
def test_the_limit_that_bites_may_be_an_ancestors(tmp_path: Path, mode: str) -> None:
    here = world(tmp_path, mode)  # type: ignore[arg-type]
    controller, file = ("unified", "memory.max") if mode == "v2" else ("memory", "memory.limit_in_bytes")
    own = Path(here.paths[controller])
    (own.parent / file).write_text("9223372036854771712\n" if mode != "v2" else "max\n")
    (own.parent.parent / file).write_text("33554432\n")
    probe = cgroups.Cgroups(here.target)
    effective = probe.take()[0].effective
    assert effective["memory_bytes"] == Effective(value=33_554_432, at=str(own.parent.parent), own=False)
    assert effective["pids"] == Effective(value=64, at=here.paths.get("pids", str(own)), own=True)
    (own / file).write_text("1048576\n")
    assert probe.take()[0].effective["memory_bytes"] == Effective(value=1_048_576, at=str(own), own=True)
    probe.close()


def test_where_nothing_limits_no_limit_bites(tmp_path: Path) -> None:
    here = world(tmp_path, "v2")
    for file in ("memory.max", "pids.max"):
        Path(here.paths["unified"], file).write_text("max\n")
    probe = cgroups.Cgroups(here.target)
    assert probe.take()[0].effective == {}
    probe.close()


@pytest.mark.parametrize(
    ("mode", "file", "text", "frozen"),
    [
        ("v1", "freezer/freezer.state", "FROZEN\n", True),
        ("v1", "freezer/freezer.state", "FREEZING\n", False),
        ("hybrid", "freezer/freezer.state", "FROZEN\n", True),
        ("hybrid", "unified/cgroup.events", "populated 1\nfrozen 1\n", True),
        ("v2", "unified/cgroup.events", "populated 1\nfrozen 1\n", True),
        ("v2", "unified/cgroup.freeze", "1\n", False),  # asked for, not yet so
    ],
)
def test_frozen_is_what_the_freezer_says(tmp_path: Path, mode: str, file: str, text: str, frozen: bool) -> None:
    here = world(tmp_path, mode)  # type: ignore[arg-type]
    probe = cgroups.Cgroups(here.target)
    assert probe.take()[0].frozen is False
    here.write(file, text)
    cgroup = probe.take()[0]
    assert cgroup.frozen is frozen
    assert cgroups.from_inside(cgroup, {}).frozen is frozen
    probe.close()


def test_a_host_without_a_freezer_says_nothing_of_it(tmp_path: Path) -> None:
    here = world(tmp_path, "v1")
    Path(here.paths["freezer"], "freezer.state").unlink()
    probe = cgroups.Cgroups(here.target)
    cgroup, gaps = probe.take()
    assert cgroup.frozen is None
    assert gaps["cgroup.pids.freezer.state"].startswith("ENOENT")
    probe.close()


def test_what_is_told_by_other_figures_is_only_shown_when_asked_for(tmp_path: Path) -> None:
    probe = cgroups.Cgroups(world(tmp_path, "v1").target)
    assert "memory.kmem.usage_in_bytes" not in probe.take()[0].memory
    assert cgroup_files.by_key(cgroup_files.of_mode("v1"), "memory/memory.kmem.usage_in_bytes")
    probe.close()
