"""Keys choose among what a container has; nothing else can be read by them."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errors import Code, Fault
from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.probes import snapshot, source
from runtime.protocol import messages
from tests.support.proc_tree import cgroup_tree, container


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A "container" whose PID 1 is this very process."""
    pid = os.getpid()
    (tmp_path / "upper").mkdir()
    return Target(
        container=container(pid),
        pid=pid,
        starttime=procfs.Proc().stat(pid).starttime,
        keeper_pid=None,
        cgroup_mode="hybrid",
        cgroup_paths=cgroup_tree(tmp_path, "hybrid"),
        upperdir=str(tmp_path / "upper"),
    )


@pytest.fixture
def host() -> Iterator[snapshot.Host]:
    shared = snapshot.Host()
    yield shared
    shared.close()


def test_a_process_shows_its_status(target: Target, host: snapshot.Host) -> None:
    text = source.read(target, "host", "processes", str(os.getpid()), host)
    assert text.path == f"/proc/{os.getpid()}/status"
    assert "NSpid:" in text.raw
    assert text.man == "proc_pid_status(5)"
    assert text.command_host == f"cat /proc/{os.getpid()}/status"


def test_a_namespace_shows_its_link(target: Target) -> None:
    text = source.read(target, "container", "namespaces", "net")
    assert text.raw == os.readlink("/proc/self/ns/net") + "\n"
    assert (text.man, text.command_container) == ("network_namespaces(7)", "readlink /proc/1/ns/net")


def test_any_process_of_the_container_shows_its_links_and_none_of_another(target: Target, host: snapshot.Host) -> None:
    own = os.getpid()
    text = source.read(target, "container", "namespaces", f"{own}/pid_for_children", host)
    assert text.raw == os.readlink("/proc/self/ns/pid_for_children") + "\n"
    assert (text.path, text.man) == (f"/proc/{own}/ns/pid_for_children", "pid_namespaces(7)")
    refused: list[tuple[Literal["container", "host"], str]] = [
        ("container", "1/net"),
        ("container", "../self/net"),
        ("container", f"{own}/net_for_children"),
        ("host", f"{own}/net"),
        ("host", "pid_for_children"),
    ]
    for side, key in refused:
        with pytest.raises(Fault) as fault:
            source.read(target, side, "namespaces", key, host)
        assert fault.value.code is Code.NOT_FOUND, key


def test_a_figure_shows_its_file_whole(target: Target) -> None:
    text = source.read(target, "host", "cgroup", "memory/memory.stat")
    assert "workingset_refault_file" in text.raw
    assert text.path.endswith("/memory/terrarium/c/memory.stat")
    assert "cgroup-v1/memory" in text.man
    assert source.read(target, "host", "cgroup", "cpu/cpuacct.usage").raw == "842659654\n"
    assert source.read(target, "host", "cgroup", "cpuacct/cpuacct.usage").raw == "842659654\n"


def test_a_file_that_this_kernel_lacks_or_does_not_answer_in_is_not_called_vanished(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(target.cgroup_paths["memory"], "memory.stat").unlink()
    with pytest.raises(Fault) as lacking:
        source.read(target, "host", "cgroup", "memory/memory.stat")
    assert (lacking.value.code, lacking.value.errno) == (Code.UNSUPPORTED_KERNEL, "ENOENT")
    assert "memory.stat" in lacking.value.message

    def silent(*_: object, **__: object) -> bytes:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(procfs, "read", silent)
    with pytest.raises(Fault) as mute:
        source.read(target, "host", "cgroup", "memory/memory.usage_in_bytes")
    assert mute.value.code is Code.UNSUPPORTED_KERNEL
    assert "memory.usage_in_bytes: invalid argument" in mute.value.message


def test_the_machines_figures_are_the_hosts_alone(target: Target) -> None:
    assert source.read(target, "host", "cgroup", "memory/meminfo").path == "/proc/meminfo"
    with pytest.raises(Fault) as refused:
        source.read(target, "container", "cgroup", "memory/meminfo")
    assert refused.value.code is Code.NOT_FOUND


def test_every_figure_of_a_picture_has_its_source(target: Target, host: snapshot.Host) -> None:
    taken = snapshot.take(target, host)
    for section in ("memory", "cpu", "pids", "io"):
        for name, figure in getattr(taken.host.cgroup, section).items():
            if figure is not None:
                assert source.read(target, "host", "cgroup", f"{section}/{name}").path.startswith("/")
    for key in taken.container.cgroup.sources.values():
        assert source.read(target, "container", "cgroup", key).raw


def test_the_upper_is_listed(target: Target) -> None:
    Path(target.upperdir or "", "new").write_text("12345")
    text = source.read(target, "host", "overlay", "upperdir")
    assert text.raw.endswith(" new\n")
    assert text.command_host.startswith("find ")


def test_the_mount_table_is_shown_raw(target: Target) -> None:
    text = source.read(target, "host", "overlay", "mountinfo")
    assert any(line.split()[4] == "/" for line in text.raw.splitlines())
    assert text.command_container == "cat /proc/1/mountinfo"


@pytest.mark.parametrize("panel", ["processes", "namespaces", "cgroup", "overlay"])
@pytest.mark.parametrize(
    "key", ["", "..", "1/../2", "/etc/shadow", "memory/../../../../etc/shadow", "memory/", "/memory.stat", "self", "-1"]
)
def test_no_key_is_a_path(target: Target, host: snapshot.Host, panel: messages.Panel, key: str) -> None:
    with pytest.raises(Fault) as refused:
        source.read(target, "host", panel, key, host)
    assert (refused.value.code, refused.value.field) == (Code.NOT_FOUND, "key")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_whatever_the_key_the_answer_is_not_found(target: Target, key: str) -> None:
    panels: tuple[messages.Panel, ...] = ("namespaces", "cgroup")
    for panel in panels:
        with pytest.raises(Fault):
            source.read(target, "host", panel, f"x{key}")


def test_a_process_of_someone_else_is_not_the_containers(target: Target, host: snapshot.Host) -> None:
    strangers = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
    shown = snapshot.take(target, host).host.processes
    key = next(pid for pid in strangers if pid not in shown)
    with pytest.raises(Fault) as refused:
        source.read(target, "host", "processes", key, host)
    assert refused.value.code is Code.NOT_FOUND


def test_a_stopped_container_has_no_process_to_show(target: Target) -> None:
    stopped = dataclasses.replace(target, pid=None, container=container(None))
    with pytest.raises(Fault) as refused:
        source.read(stopped, "container", "namespaces", "net")
    assert refused.value.code is Code.WRONG_STATE


def test_a_reused_pid_is_not_read(target: Target) -> None:
    other = dataclasses.replace(target, starttime=1)
    with pytest.raises(Fault) as refused:
        source.read(other, "container", "namespaces", "net")
    assert refused.value.code is Code.VANISHED


def test_a_vanished_cgroup_says_so(target: Target, tmp_path: Path) -> None:
    gone = dataclasses.replace(target, cgroup_paths={"memory": str(tmp_path / "gone")})
    with pytest.raises(Fault) as refused:
        source.read(gone, "host", "cgroup", "memory/memory.stat")
    assert refused.value.code is Code.VANISHED
