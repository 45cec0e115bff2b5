"""Both sides of a container, in a world of fixture trees."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from runtime.kernel.target import Target
from runtime.probes import namespace_graph, snapshot
from runtime.protocol import model
from runtime.protocol.model import NAMESPACE_KINDS
from tests.support.proc_tree import HOST_NAMESPACES, OWN_NAMESPACES, UID_MAP, World, container, members, world


@pytest.fixture(autouse=True)
def _closely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 0.0)  # in a world of files nothing runs


@pytest.fixture
def here(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
def host(here: World) -> Iterator[snapshot.Host]:
    shared = snapshot.Host(here.tree.proc)
    yield shared
    shared.close()


def test_first_process_is_pid_1_inside_and_itself_outside(here: World, host: snapshot.Host) -> None:
    taken = snapshot.take(here.target, host)
    inner, outer = taken.container.processes["500"], taken.host.processes["500"]
    assert (inner.pid, inner.ppid, inner.uid, inner.role) == (1, 0, 0, "init")
    assert (outer.pid, outer.ppid, outer.uid, outer.role) == (500, 400, 1_879_048_192, "init")
    assert inner.ns_pids == outer.ns_pids == [500, 1]


def test_a_child_is_counted_by_each_side_in_its_own_numbers(here: World, host: snapshot.Host) -> None:
    taken = snapshot.take(here.target, host)
    inner, outer = taken.container.processes["501"], taken.host.processes["501"]
    assert (inner.pid, inner.ppid, inner.uid, inner.role) == (7, 1, 33, "")
    assert (outer.pid, outer.ppid, outer.uid) == (501, 500, 1_879_048_192 + 33)
    assert inner.cmdline == ["sleep", "9"]


def test_the_host_sees_the_chain_above_and_no_more_of_it_than_names(here: World, host: snapshot.Host) -> None:
    taken = snapshot.take(here.target, host)
    assert list(taken.container.processes) == ["500", "501"]
    assert set(taken.host.processes) == {"1", "300", "400", "500", "501"}
    assert taken.host.processes["400"].role == "keeper"
    assert taken.host.processes["400"].cmdline == ["python3", "-m", "runtime.keeper"]
    assert taken.host.processes["300"].cmdline == ["manager"]
    assert taken.host.processes["1"].ppid == 0


def test_roles_tell_terminals_from_other_entrants(here: World, host: snapshot.Host) -> None:
    for pid in (600, 601):
        here.tree.process(pid, ppid=400, ns_pids=(pid, pid - 590), uid_map=UID_MAP, namespaces=OWN_NAMESPACES)
    members(here.paths, 500, 501, 600, 601)
    terminal = model.Terminal(id="t2", argv=["sh"], console=False, pid=600)
    target = dataclasses.replace(here.target, container=container(terminals=[terminal]))
    taken = snapshot.take(target, host)
    assert taken.container.processes["600"].role == "terminal"
    assert taken.container.processes["601"].role == "exec"
    assert taken.container.processes["600"].ppid == 0


def test_zombies_are_shown_though_no_cgroup_lists_them(here: World, host: snapshot.Host) -> None:
    here.tree.process(502, ppid=501, ns_pids=(502, 8), state="Z", cmdline=b"")
    taken = snapshot.take(here.target, host)
    assert (taken.container.processes["502"].state, taken.container.processes["502"].cmdline) == ("Z", [])


def test_a_member_outside_the_pid_namespace_is_the_hosts_alone(here: World, host: snapshot.Host) -> None:
    here.tree.process(700, ppid=400, comm=b"runc:[1:CHILD]")
    members(here.paths, 500, 501, 700)
    taken = snapshot.take(here.target, host)
    assert "700" not in taken.container.processes
    assert "700" in taken.host.processes


def test_a_nested_pid_namespace_keeps_the_containers_own_number(here: World, host: snapshot.Host) -> None:
    here.tree.process(503, ppid=501, ns_pids=(503, 9, 1))
    taken = snapshot.take(here.target, host)
    assert (taken.container.processes["503"].pid, taken.container.processes["503"].ppid) == (9, 7)


def test_a_child_list_with_a_reused_pid_shows_no_strangers_process(here: World, host: snapshot.Host) -> None:
    (here.tree.root / "501/task/501/children").write_text("999 ")
    here.tree.process(999, ppid=300, comm=b"stranger")
    taken = snapshot.take(here.target, host)
    assert "999" not in taken.host.processes


def test_ids_without_a_mapping_read_as_nobody(here: World, host: snapshot.Host) -> None:
    here.tree.process(504, ppid=500, ns_pids=(504, 10), uid=1000)
    assert snapshot.take(here.target, host).container.processes["504"].uid == 65_534


def test_an_unreadable_map_falls_back_to_the_containers_range(here: World, host: snapshot.Host) -> None:
    (here.tree.root / "500/uid_map").unlink()
    assert snapshot.take(here.target, host).container.processes["501"].uid == 33


def test_namespaces_are_told_from_the_hosts(here: World, host: snapshot.Host) -> None:
    here.tree.process(
        500, ppid=400, ns_pids=(500, 1), uid_map=UID_MAP, starttime=5000,
        namespaces={**OWN_NAMESPACES, "time": HOST_NAMESPACES["time"]},
    )  # fmt: skip
    taken = snapshot.take(here.target, host)
    assert set(taken.container.namespaces) == set(taken.host.namespaces) == set(NAMESPACE_KINDS)
    assert taken.container.namespaces["pid"] == model.Namespace(id=OWN_NAMESPACES["pid"], same_as_host=False)
    assert taken.container.namespaces["time"] == model.Namespace(id=HOST_NAMESPACES["time"], same_as_host=True)
    assert taken.host.namespaces["net"] == model.Namespace(id=HOST_NAMESPACES["net"], same_as_host=True)


def test_a_hidden_host_mount_namespace_is_a_gap_unless_the_keeper_noted_it(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here.tree.root / "1/ns/mnt").unlink()
    monkeypatch.delenv("TERRARIUM_HOST_MNT_NS", raising=False)
    host = snapshot.Host(here.tree.proc)
    taken = snapshot.take(here.target, host)
    assert taken.host.namespaces["mnt"] == model.Namespace(id=None, same_as_host=None)
    assert taken.container.namespaces["mnt"].same_as_host is None
    assert "ENOENT" in taken.gaps["host.namespaces.mnt.id"]
    host.close()
    monkeypatch.setenv("TERRARIUM_HOST_MNT_NS", "mnt:[4026531832]")
    host = snapshot.Host(here.tree.proc)
    taken = snapshot.take(here.target, host)
    assert taken.host.namespaces["mnt"].id == "mnt:[4026531832]"
    assert taken.container.namespaces["mnt"].same_as_host is False
    assert "host.namespaces.mnt.id" not in taken.gaps
    host.close()


def test_a_kernel_without_time_namespaces_says_so(here: World, host: snapshot.Host) -> None:
    (here.tree.root / "500/ns/time").unlink()
    taken = snapshot.take(here.target, host)
    assert taken.container.namespaces["time"].id is None
    assert "Linux 5.6" in taken.gaps["container.namespaces.time.id"]


def test_another_process_with_the_number_of_pid_1_is_not_it(here: World, host: snapshot.Host) -> None:
    target = dataclasses.replace(here.target, starttime=4999)
    taken = snapshot.take(target, host)
    assert taken.container.processes == taken.host.processes == {}
    assert taken.container.namespaces["pid"].id is None


def test_a_stopped_container_is_told_with_reasons(here: World, host: snapshot.Host) -> None:
    target = dataclasses.replace(here.target, pid=None, starttime=0, container=container(None), cgroup_paths={})
    taken = snapshot.take(target, host)
    assert taken.container.processes == {}
    for kind in NAMESPACE_KINDS:
        assert taken.gaps[f"container.namespaces.{kind}.id"]
    assert taken.container.cgroup.memory["memory.usage_in_bytes"] is None
    assert taken.gaps["container.cgroup.memory.memory.usage_in_bytes"]
    assert taken.gaps["host.cgroup.summary.memory_bytes"]
    assert taken.container.overlay.options is None


def test_it_may_vanish_between_any_two_pictures(here: World, host: snapshot.Host) -> None:
    camera = snapshot.Camera(host)
    assert camera.take(here.target).container.processes
    here.tree.end(501)
    here.tree.end(500)
    taken = camera.take(here.target)
    assert taken.container.processes == {}
    assert taken.gaps["container.processes"]
    camera.close()


def test_a_quiet_container_gives_the_same_objects_again(here: World, host: snapshot.Host) -> None:
    camera = snapshot.Camera(host)
    one, two = camera.take(here.target), camera.take(here.target)
    for side in ("container", "host"):
        for part in ("processes", "namespaces", "cgroup", "overlay"):
            assert getattr(getattr(one, side), part) is getattr(getattr(two, side), part), f"{side}.{part}"
    assert one.gaps is two.gaps
    camera.close()


def test_a_new_program_in_an_old_process_is_noticed(here: World, host: snapshot.Host) -> None:
    camera = snapshot.Camera(host)
    camera.take(here.target)
    here.tree.process(501, ppid=500, ns_pids=(501, 7), comm=b"top", cmdline=b"top\0-d1\0", starttime=5001)
    assert camera.take(here.target).container.processes["501"].cmdline == ["top", "-d1"]
    camera.close()


def test_pictures_survive_json(here: World, host: snapshot.Host) -> None:
    here.tree.process(505, ppid=500, ns_pids=(505, 11), comm=b"\xff) \xe4\xb8", cmdline=b"\xfe\0\xff\0")
    taken = snapshot.take(here.target, host)
    assert msgspec.json.decode(msgspec.json.encode(taken), type=model.Snapshot) == taken


def test_a_camera_lets_go_of_all_its_files(here: World, host: snapshot.Host) -> None:
    host.machine.take(0)
    before = len(os.listdir("/proc/self/fd"))
    camera = snapshot.Camera(host)
    camera.take(here.target)
    assert len(os.listdir("/proc/self/fd")) > before
    camera.close()
    camera.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_new_generation_is_looked_at_anew(here: World, host: snapshot.Host) -> None:
    camera = snapshot.Camera(host)
    camera.take(here.target)
    here.tree.end(501)
    here.tree.process(
        800, ppid=400, ns_pids=(800, 1), uid=1_879_048_192, starttime=8000, uid_map=UID_MAP, namespaces=OWN_NAMESPACES
    )
    members(here.paths, 800)
    target: Target = dataclasses.replace(here.target, pid=800, starttime=8000, container=container(800, generation=2))
    assert set(camera.take(target).container.processes) == {"800"}
    camera.close()


def test_a_container_of_which_nothing_ran_is_not_looked_at_again(
    here: World, host: snapshot.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 1000.0)
    camera = snapshot.Camera(host)
    camera.take(here.target)
    one = camera.take(here.target)  # the first has no pulse to compare with
    here.tree.process(502, ppid=500, ns_pids=(502, 8))
    two = camera.take(here.target)
    assert two.container is one.container
    assert two.monotonic > one.monotonic
    here.write("cpuacct/cpuacct.usage", "842659655\n")
    assert "502" in camera.take(here.target).container.processes
    here.tree.end(502)
    assert "502" not in camera.take(here.target, closely=True).container.processes
    camera.close()


def test_what_is_known_of_a_quiet_container_is_told_at_once(
    here: World, host: snapshot.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 1000.0)
    camera = snapshot.Camera(host)
    for _ in range(3):
        camera.take(here.target)
    terminal = model.Terminal(id="t2", argv=["sh"], console=False, pid=501)
    target = dataclasses.replace(here.target, container=container(terminals=[terminal]))
    taken = camera.take(target)
    assert taken.info.terminals == [terminal]
    assert taken.container.processes["501"].role == "terminal"
    camera.close()


def test_a_picture_taken_once_asks_every_process_for_its_namespaces(
    here: World, host: snapshot.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a stream some wait for the next picture; here there is none."""
    monkeypatch.setattr(namespace_graph, "MAX_SECONDS", -1.0)
    pids = range(600, 700)
    for pid in pids:
        here.tree.process(pid, ppid=500, ns_pids=(pid, pid), namespaces=OWN_NAMESPACES, starttime=pid + 9000)
    members(here.paths, 500, 501, *pids)
    assert "graph.differs" not in snapshot.take(here.target, host).gaps
    camera = snapshot.Camera(host, sparing=True)
    assert "graph.differs" in camera.take(here.target).gaps
    camera.close()


def test_many_long_command_lines_are_cut_so_that_the_picture_stays_small(here: World, host: snapshot.Host) -> None:
    pids = range(10_000, 10_400)
    for pid in pids:
        here.tree.process(pid, ppid=500, ns_pids=(pid, pid - 9000), cmdline=b"\x01" * 5000, uid=1_879_048_192)
    members(here.paths, 500, 501, *pids)
    taken = snapshot.take(here.target, host)
    assert len(taken.container.processes) == 402
    assert len(msgspec.json.encode(taken)) < 2_500_000
    assert taken.host.processes["10000"].cmdline[0].endswith("…")
