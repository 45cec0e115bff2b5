"""Files of a process: a closed list, of the container's own processes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errors import Code, Fault
from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.probes import source
from runtime.probes.source_processes import FILES
from tests.support.proc_tree import cgroup_tree, container


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A "container" whose PID 1 is this very process: here both sides count alike."""
    return Target(
        container=container(os.getpid()),
        pid=os.getpid(),
        starttime=procfs.Proc().stat(os.getpid()).starttime,
        keeper_pid=os.getppid(),
        cgroup_mode="hybrid",
        cgroup_paths=cgroup_tree(tmp_path, "hybrid"),
    )


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_shown_with_the_commands_that_print_it(target: Target, name: str) -> None:
    text = source.read(target, "host", "processes", f"{os.getpid()}/{name}")
    assert text.path == f"/proc/{os.getpid()}/{name}"
    assert text.man
    assert text.command_container is not None
    assert not text.truncated
    printed = subprocess.run(text.command_host, shell=True, capture_output=True, check=True).stdout  # noqa: S602
    assert printed.count(b"\n") == text.raw.count("\n")
    if name in ("cgroup", "cmdline", "limits", "uid_map"):  # the others change as they are read
        assert printed.decode() == text.raw


def test_of_the_chain_above_only_status_is_shown(target: Target) -> None:
    parent = os.getppid()
    text = source.read(target, "host", "processes", f"{parent}/status")
    assert text.command_container is None
    assert source.read(target, "host", "processes", str(parent)).path == text.path
    for name in FILES.keys() - {"status"}:
        with pytest.raises(Fault) as refused:
            source.read(target, "host", "processes", f"{parent}/{name}")
        assert (refused.value.code, refused.value.field) == (Code.NOT_FOUND, "key")


@pytest.mark.parametrize(
    "key", ["environ", "mem", "maps", "root/etc/shadow", "fd/0", "../1/status", "task", "", "status/"]
)
def test_no_other_file_is_ever_shown(target: Target, key: str) -> None:
    with pytest.raises(Fault) as refused:
        source.read(target, "host", "processes", f"{os.getpid()}/{key}")
    assert (refused.value.code, refused.value.field) == (Code.NOT_FOUND, "key")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_whatever_the_key_no_path_comes_of_it(target: Target, key: str) -> None:
    with pytest.raises(Fault):
        source.read(target, "host", "processes", f"{os.getpid()}/x{key}")
