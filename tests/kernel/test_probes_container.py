"""A real process in real namespaces, cgroups and on a real overlay, seen from both sides."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from runtime.kernel import cgroups
from runtime.kernel.target import Target
from runtime.probes import delta, snapshot, source
from runtime.protocol import model
from tests.support.parked import BASE, Layers, Parked, group, layers, parked, placed

pytestmark = pytest.mark.requires("root", "userns", "overlay", "cgroups", "busybox")


@dataclass
class Here:
    parked: Parked
    layers: Layers
    group: cgroups.Group
    target: Target
    camera: snapshot.Camera

    def look(self) -> model.Snapshot:
        return self.camera.take(self.target)

    def until(self, seen: Callable[[model.Snapshot], bool]) -> model.Snapshot:
        deadline = time.monotonic() + 10
        while not seen(taken := self.look()):
            assert time.monotonic() < deadline, "it was never seen"
        return taken


@pytest.fixture
def here() -> Iterator[Here]:
    with group(f"c{os.getpid()}") as made, layers() as on, parked(on) as shell:
        target = placed(shell, made, on)
        shell.say(":")  # by now it has become a shell
        host = snapshot.Host()
        camera = snapshot.Camera(host, sparing=True)
        yield Here(shell, on, made, target, camera)
        camera.close()
        host.close()


def test_first_process_is_pid_1(here: Here) -> None:
    taken = here.look()
    key = str(here.parked.pid)
    assert list(taken.container.processes) == [key]
    inner, outer = taken.container.processes[key], taken.host.processes[key]
    assert (inner.pid, inner.ppid, inner.uid, inner.comm, inner.role) == (1, 0, 0, "sh", "init")
    assert (outer.pid, outer.uid, outer.ns_pids) == (here.parked.pid, BASE, [here.parked.pid, 1])
    assert taken.host.processes[str(here.parked.keeper)].role == "keeper"
    assert str(os.getpid()) in taken.host.processes, "the keeper's parent is in the chain"


def test_a_fork_is_seen_by_the_next_look(here: Here) -> None:
    before = here.look()
    inside = here.parked.say("sleep 1000 &")
    after = here.until(lambda taken: any(process.comm == "sleep" for process in taken.container.processes.values()))
    (key,) = after.container.processes.keys() - before.container.processes.keys()
    assert after.container.processes[key].pid == int(inside)
    assert after.container.processes[key].ppid == 1
    assert after.host.processes[key].ppid == here.parked.pid
    assert after.container.cgroup.summary.pids_current == 2


def test_a_fork_costs_a_small_patch(here: Here) -> None:
    """In the worst of several: a figure of the machine, or of pressure, falls into some of them."""
    pictures = []
    for count in range(9):
        asleep = lambda taken, count=count: (  # noqa: E731
            [process.comm for process in taken.container.processes.values()] == ["sh", *["sleep"] * count]
            and {process.state for process in taken.container.processes.values()} == {"S"}
        )
        pictures.append(here.until(asleep))
        here.parked.say("sleep 1000 &")
    worst = max((msgspec.json.encode(delta.between(*two)) for two in itertools.pairwise(pictures)), key=len)
    assert len(worst) <= 950, worst.decode()


def test_a_zombie_is_seen(here: Here) -> None:
    # exec makes PID 1 a program that does not reap
    here.parked.say("(sleep 0.01 & exec sleep 1000) &")
    taken = here.until(lambda taken: any(one.state == "Z" for one in taken.container.processes.values()))
    zombie = next(one for one in taken.container.processes.values() if one.state == "Z")
    assert zombie.cmdline == []


def test_namespaces_are_its_own_but_for_time(here: Here) -> None:
    taken = here.look()
    for kind, namespace in taken.container.namespaces.items():
        assert namespace.id == os.readlink(f"/proc/{here.parked.pid}/ns/{kind}")
        if kind != "mnt":  # the host's may be unreadable
            assert namespace.same_as_host is (kind == "time"), kind
    assert taken.host.namespaces["pid"].id == os.readlink("/proc/self/ns/pid")


def test_the_overlay_is_what_it_stands_on(here: Here) -> None:
    taken = here.look()
    options = taken.container.overlay.options
    assert options is not None
    assert f"upperdir={here.layers.upperdir}" in options
    assert taken.container.overlay.merged == "/"
    assert taken.host.overlay.merged == here.layers.merged
    assert taken.container.overlay.changes == {}


def test_writes_land_in_the_upper_and_are_told_apart(here: Here) -> None:
    here.parked.say("echo more >> /etc/motd")
    here.parked.say("echo new > /etc/new; mkdir /fresh; echo x > /fresh/y")
    here.parked.say("rm /etc/issue")
    here.parked.say("rm -r /etc/old; mkdir /etc/old")
    here.parked.say("chmod 600 /etc/passwd")
    taken = here.until(lambda taken: "/etc/passwd" in taken.container.overlay.changes)
    kinds = {path: change.kind for path, change in taken.container.overlay.changes.items()}
    assert kinds == {
        "/etc": "copied_up",
        "/etc/issue": "deleted",
        "/etc/motd": "copied_up",
        "/etc/new": "created",
        "/etc/old": "opaque",
        "/etc/passwd": "copied_up",
        "/fresh": "created",
        "/fresh/y": "created",
    }
    assert taken.container.overlay.changes["/etc/issue"].type == "device"
    assert taken.container.overlay.changes["/etc/motd"].size_bytes == len("hello\nmore\n")
    assert taken.host.overlay.changes == taken.container.overlay.changes


def test_limits_and_oom_kills_are_counted(here: Here) -> None:
    if here.group.mode == "v2":
        Path(here.group.paths["unified"], "memory.max").write_text(str(32 << 20))
    else:
        Path(here.group.paths["memory"], "memory.limit_in_bytes").write_text(str(32 << 20))
    before = here.look().container.cgroup.summary
    assert (before.memory_limit_bytes, before.oom_kills) == (32 << 20, 0)
    child = os.fork()
    if child == 0:
        for directory in here.group.directories:
            Path(directory, "cgroup.procs").write_text(str(os.getpid()))
        bytearray(64 << 20)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    after = here.look().container.cgroup.summary
    assert after.oom_kills == 1
    assert (after.memory_peak_bytes or 0) > 16 << 20


def test_every_figure_of_this_host_can_be_read_or_says_why(here: Here) -> None:
    taken = here.look()
    for section in ("memory", "cpu", "pids", "io"):
        for name, figure in getattr(taken.host.cgroup, section).items():
            path = f"host.cgroup.{section}.{name}"
            assert (figure is None) == (path in taken.gaps), path
    for name in model.Summary.__struct_fields__:
        if getattr(taken.host.cgroup.summary, name) is None and name not in ("cpu_quota_usec", "pids_max"):
            limitless = name == "memory_limit_bytes"
            assert limitless or f"host.cgroup.summary.{name}" in taken.gaps, name


def test_its_end_is_seen_midway(here: Here) -> None:
    here.look()
    here.parked.say("sleep 1000 &")
    here.parked.end()
    taken = here.until(lambda taken: taken.container.processes == {})
    assert taken.container.namespaces["pid"].id is None
    assert taken.gaps["container.processes"]
    assert taken.container.cgroup.summary.pids_current == 0


def test_a_removed_cgroup_becomes_gaps_and_a_new_one_of_its_name_figures(here: Here) -> None:
    here.parked.end()
    here.look()
    here.group.kill()
    deadline = time.monotonic() + 10
    while here.group.remove():
        assert time.monotonic() < deadline
    taken = here.look()
    assert taken.container.cgroup.summary.pids_current is None
    assert "ENOENT" in taken.gaps["container.cgroup.summary.pids_current"]
    for controller in here.group.paths:
        here.group.make(controller)
    assert here.look().container.cgroup.summary.pids_current == 0


def test_the_source_of_the_upper_is_what_find_prints(here: Here) -> None:
    here.parked.say("mkdir /a; echo 12345 > /a/b; rm /etc/issue")
    text = source.read(here.target, "host", "overlay", "upperdir")
    printed = subprocess.run(text.command_host, shell=True, capture_output=True, text=True, check=True).stdout  # noqa: S602
    assert sorted(printed.splitlines()) == sorted(text.raw.splitlines())
    assert any(line.startswith("c---------") for line in text.raw.splitlines())


def test_the_source_of_a_process_is_its_status(here: Here) -> None:
    text = source.read(here.target, "container", "processes", str(here.parked.pid))
    assert f"NSpid:\t{here.parked.pid}\t1\n" in text.raw
    assert text.command_container == "cat /proc/1/status"


def test_looking_holds_no_mount_namespace_alive(here: Here) -> None:
    here.look()
    for fd in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{fd}")
        except FileNotFoundError:
            continue
        # Our own table is polled: that namespace ends with us, whatever we hold
        assert not target.endswith("/mountinfo") or target == f"/proc/{os.getpid()}/mountinfo"
        assert not target.startswith("mnt:")
        assert not target.startswith(here.layers.upperdir)
