"""A real control group in every hierarchy of this host: found, counted, frozen, killed and removed."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.kernel import files, pidfd
from runtime.kernel.cgroups import UNIFIED, Group, Hierarchies, detect
from tests.support import leaks

pytestmark = pytest.mark.requires("root", "cgroups")
NAME = f"terrarium-eng-{secrets.token_hex(3)}"


@pytest.fixture
def hierarchies() -> Hierarchies:
    return detect()


@pytest.fixture
def group(hierarchies: Hierarchies) -> Iterator[Group]:
    made = hierarchies.group(f"{NAME}/child")
    with leaks.none(NAME):
        for controller in made.paths:
            made.make(controller)
        try:
            yield made
        finally:
            deadline = time.monotonic() + 10
            while hierarchies.group(NAME).remove():  # the killed take a moment to go
                assert time.monotonic() < deadline, made.processes()
                made.kill()
                time.sleep(0.005)
    assert not hierarchies.group(NAME).exists()


@pytest.fixture
def sleeper(group: Group) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the group, in the hierarchies that take one without more ado (cpuset wants cpus first)."""
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 600 & wait"])
    for controller, path in group.paths.items():
        if controller != "cpuset":
            files.write_text(f"{path}/cgroup.procs", str(child.pid))
    yield child
    child.kill()
    child.wait()


def test_group_has_a_directory_in_every_hierarchy(hierarchies: Hierarchies, group: Group) -> None:
    assert all(os.path.isdir(path) for path in group.directories)
    assert hierarchies.children(NAME) == {"child"}
    assert hierarchies.children("terrarium-that-is-not-there") == set()


def test_members_are_seen_also_below(group: Group, sleeper: subprocess.Popen[bytes]) -> None:
    assert sleeper.pid in group.processes()
    below = group.child("below")
    controller = "freezer" if "freezer" in group.paths else UNIFIED
    below.make(controller)
    files.write_text(f"{below.paths[controller]}/cgroup.procs", str(sleeper.pid))
    assert sleeper.pid in group.processes()


def test_busy_group_is_not_removed_and_says_so(group: Group, sleeper: subprocess.Popen[bytes]) -> None:
    assert set(group.remove()) <= set(group.directories)
    assert group.exists()


def test_kill_reaches_children_that_are_frozen(group: Group, sleeper: subprocess.Popen[bytes]) -> None:
    frozen = group._freeze()
    if not frozen and UNIFIED in group.paths:
        files.write_text(f"{group.paths[UNIFIED]}/cgroup.freeze", "1")
    group.kill()
    assert sleeper.wait(10) == -signal.SIGKILL
    watch = [pidfd.open_pidfd(pid) for pid in group.processes()]
    for fd in watch:
        if fd is not None:
            assert pidfd.ended(fd, 10)
            os.close(fd)


def test_frozen_is_told_by_every_freezer_of_this_host(group: Group, sleeper: subprocess.Popen[bytes]) -> None:
    alone = [
        Group("v1" if controller == "freezer" else "v2", {controller: group.paths[controller]})
        for controller in ("freezer", UNIFIED)
        if controller in group.paths
    ]
    assert alone
    for one in alone:
        assert not one.frozen()
        one.freeze()
        deadline = time.monotonic() + 10
        while not (one.frozen() and group.frozen()):
            assert time.monotonic() < deadline
        one.thaw()
        while group.frozen():
            assert time.monotonic() < deadline


def test_limits_are_set_and_read_back(group: Group, sleeper: subprocess.Popen[bytes]) -> None:
    assert (group.memory_limit(), group.pids_limit(), group.cpu_limit()[0]) == (None, None, -1)
    group.limit_pids(7)
    group.limit_cpu(25_000, 100_000)
    for most in (64 << 20, 32 << 20, 48 << 20):  # down and up, memory with swap never below memory alone
        group.limit_memory(most)
        assert group.memory_limit() == most
    assert (group.pids_limit(), group.cpu_limit()) == (7, (25_000, 100_000))


def test_a_memory_limit_below_what_is_in_use_is_refused(group: Group) -> None:
    hold = "import sys; input(); held = b'x' * (24 << 20); print(flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for controller, path in group.paths.items():
        if controller != "cpuset":
            files.write_text(f"{path}/cgroup.procs", str(child.pid))
    with child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(b"\n")
        child.stdin.flush()
        child.stdout.readline()
        group.limit_memory(64 << 20)
        with pytest.raises(OSError, match="busy") as refused:
            group.limit_memory(8 << 20)
        assert refused.value.errno == errno.EBUSY
        assert group.memory_limit() == 64 << 20
        assert child.poll() is None
        assert group.oom_kills() == 0
        child.stdin.close()


def test_kernel_refusal_is_raised_and_names_the_file(group: Group) -> None:
    path = f"{group.directories[0]}/cgroup.procs"
    with pytest.raises(OSError, match=r"cgroup\.procs") as caught:
        files.write_text(path, "not a pid")
    assert caught.value.filename == path


def test_reused_pid_is_not_taken_for_the_process_it_was(sleeper: subprocess.Popen[bytes]) -> None:
    since = pidfd.starttime(sleeper.pid)
    assert since is not None
    assert pidfd.alive(sleeper.pid, since)
    assert not pidfd.alive(sleeper.pid, since + 1)
    assert pidfd.open_pidfd(sleeper.pid, since + 1) is None
    assert not pidfd.send(sleeper.pid, since + 1, signal.SIGKILL)
    assert pidfd.send(sleeper.pid, since, signal.SIGCONT)


def test_processes_are_found_by_their_range_of_user_ids() -> None:
    base = 1_946_157_056 + 200 * 65_536
    assert pidfd.of_user_range(base, 65_536) == {}
    child = subprocess.Popen(["/bin/sleep", "600"], user=base + 7, group=base + 7)
    try:
        assert pidfd.of_user_range(base, 65_536) == {base + 7: [child.pid]}
    finally:
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert pidfd.of_user_range(base, 65_536) == {}  # a zombie holds no id
        child.wait()


def test_a_process_cannot_hide_others_by_what_it_calls_itself() -> None:
    base = 1_946_157_056 + 201 * 65_536
    names = ("a\x0bb", "Uid:\x0c9", "\u2028", "\r", "\udcff")
    rename = (
        "import sys, time; open('/proc/self/comm', 'w', errors='surrogateescape').write(sys.argv[1]); time.sleep(60)"
    )
    python = os.path.realpath(sys.executable)  # the checkout's own may lie where no other user gets to
    children = [
        subprocess.Popen(
            [python, "-S", "-c", rename, name], user=base + n, group=base + n, env={"PYTHONUTF8": "1"}, cwd="/"
        )
        for n, name in enumerate(names)
    ]
    try:
        for child, name in zip(children, names, strict=True):
            while Path(f"/proc/{child.pid}/comm").read_bytes() != os.fsencode(name) + b"\n":
                assert child.poll() is None
        found = {base + n: [child.pid] for n, child in enumerate(children)}
        assert pidfd.of_user_range(base, 65_536) == found
        assert all(pidfd.alive(child.pid, pidfd.starttime(child.pid) or 0) for child in children)
    finally:
        for child in children:
            child.kill()
            child.wait()
