"""One process closely, and the host with manners, as the worker answers."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from runtime.errors import Code
from runtime.protocol import messages
from runtime.protocol.xray import ProcessDetail
from tests.worker.instance import Instance

pytestmark = pytest.mark.requires("root", "runc", "busybox")

SECRET = "hunter2-of-nobodys-business"


@contextlib.contextmanager
def stranger() -> Iterator[int]:
    """A process of the host that is nobody's business, with a secret among its arguments and one in its environment."""
    environ = {**os.environ, "TOKEN": f"env-{SECRET}"}
    code = "import sys; print(flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, f"--password={SECRET}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
    )
    assert process.stdin
    assert process.stdout
    process.stdout.readline()
    try:
        yield process.pid
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(20)


def _inspect(instance: Instance, id: str, pid: int) -> ProcessDetail:
    return instance.call(messages.Inspect(id=id, owner="anna", pid=pid), messages.Inspected).process


def test_pid_1_closely(instance: Instance, box: messages.Launched) -> None:
    init = box.container.pid or 0
    detail = _inspect(instance, box.container.id, init)
    assert (detail.ns_pids, detail.role, detail.comm) == ([init, 1], "init", "sh")
    assert detail.exe is not None
    assert detail.exe.endswith("busybox")
    assert detail.root == "/"
    assert detail.cwd is not None
    assert detail.cwd.startswith("/")
    assert detail.uids == [box.container.host_id] * 4
    assert detail.uids_inside == detail.gids_inside == [0] * 4
    assert [(thread.tid, thread.ns_tid) for thread in detail.threads] == [(init, 1)]
    assert "CAP_CHOWN" in detail.capabilities["effective"]
    assert "CAP_SYS_ADMIN" not in detail.capabilities["effective"]
    assert detail.seccomp == 2
    assert any(path.endswith(f"/{box.container.id}") for path in detail.cgroups.values())
    assert detail.namespaces["pid"] == box.snapshot.container.namespaces["pid"].id
    assert abs(detail.started_at - (box.container.started_at or 0)) < 5
    assert (detail.rss_bytes or 0) > 0


def test_the_keeper_is_shown_whole_and_the_hosts_first_process_by_its_name(
    instance: Instance, box: messages.Launched
) -> None:
    processes = box.snapshot.host.processes
    by_role = {process.role: process.pid for process in processes.values()}
    keeper = _inspect(instance, box.container.id, by_role["keeper"])
    assert "runtime.keeper" in (keeper.cmdline or [])
    assert keeper.exe
    assert keeper.uids_inside == [None] * 4, "the host's root is not mapped"
    first = _inspect(instance, box.container.id, by_role["host-init"])
    arguments = Path("/proc/1/cmdline").read_bytes().split(b"\0")
    assert (first.pid, first.role, first.cmdline) == (1, "host-init", [arguments[0].decode()])
    assert (first.exe, first.cwd, first.root, first.open_files, first.cgroups) == (None, None, None, None, {})


def test_a_process_above_that_is_not_ours_keeps_its_arguments(instance: Instance, box: messages.Launched) -> None:
    detail = _inspect(instance, box.container.id, os.getpid())  # the tests started the keeper
    assert len(detail.cmdline or []) == 1
    assert (detail.exe, detail.threads, detail.groups) == (None, [], None)


def test_what_is_neither_inside_nor_above_is_not_found(instance: Instance, box: messages.Launched) -> None:
    other = instance.launch("sh").container
    with stranger() as pid:
        for number in (pid, other.pid or 0, 0, -1, 2**31):
            fault = instance.refusal(messages.Inspect(id=box.container.id, owner="anna", pid=number))
            assert (fault.code, fault.field) == (Code.NOT_FOUND, "pid"), number
    instance.call(messages.Delete(id=other.id, owner="anna"), messages.Done)
    stopped = instance.launch("true")
    for pid in (stopped.container.pid or 2, 1):
        assert instance.refusal(messages.Inspect(id=stopped.container.id, owner="eve", pid=pid)).code is Code.NOT_FOUND
    instance.call(messages.Delete(id=stopped.container.id, owner="anna"), messages.Done)


def test_a_student_sees_no_stranger_in_any_answer(instance: Instance, box: messages.Launched) -> None:
    with stranger() as pid:
        seen = instance.call(messages.LookAtHost(sight="student"), messages.HostSeen).host
        snapshot = instance.call(messages.TakeSnapshot(id=box.container.id, owner="anna"), messages.Watched).snapshot
        for answer in (seen, snapshot, box):
            assert SECRET.encode() not in msgspec.json.encode(answer)
        assert str(pid) not in seen.processes
        assert not seen.complete
        assert "1" in seen.processes
        assert {"keeper", "worker", "host-init"} <= {process.role for process in seen.processes.values()}
        assert seen.mounts == {}
        assert seen.totals.processes > len(seen.processes)
        assert seen.totals.containers == 1
        assert seen.totals.threads >= seen.totals.processes
        assert seen.totals.namespaces["pid"] >= 2


def test_with_the_permission_all_of_the_host_is_there_but_no_environment(
    instance: Instance, box: messages.Launched
) -> None:
    with stranger() as pid:
        before = instance.call(messages.LookAtHost(sight="host"), messages.HostSeen).host
        while str(pid) not in before.processes:  # an answer of a moment ago is given again
            before = instance.call(messages.LookAtHost(sight="host"), messages.HostSeen).host
        assert before.complete
        assert f"--password={SECRET}" in before.processes[str(pid)].cmdline
        assert f"env-{SECRET}".encode() not in msgspec.json.encode(before)
        assert str(box.container.pid) in before.processes
        assert before.usage[str(pid)].rss_bytes > 0
        assert any(mount.point == "/" for mount in before.mounts.values())
        student = instance.call(messages.LookAtHost(sight="student"), messages.HostSeen).host
        assert SECRET.encode() not in msgspec.json.encode(student), "what others were shown is not shown to him"


def test_sources_of_a_process(instance: Instance, box: messages.Launched) -> None:
    id, init = box.container.id, box.container.pid
    for name in ("status", "stat", "cgroup", "limits", "uid_map", "cmdline"):
        request = messages.Source(id=id, owner="anna", side="container", panel="processes", key=f"{init}/{name}")
        source = instance.call(request, messages.Sourced).source
        assert source.path == f"/proc/{init}/{name}"
        assert f"/proc/1/{name}" in (source.command_container or "")
    environ = messages.Source(id=id, owner="anna", side="host", panel="processes", key=f"{init}/environ")
    assert instance.refusal(environ).code is Code.NOT_FOUND
