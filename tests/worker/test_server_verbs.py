"""What the worker can be asked, with real containers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from runtime.errors import Code, Fault
from runtime.protocol import client, messages, model
from tests.worker.instance import Instance, new_id


def test_the_worker_says_who_it_is(instance: Instance) -> None:
    info = instance.ready().info
    assert info.version == 1
    assert info.kernel == os.uname().release
    assert Path(f"/proc/{info.pid}/stat").read_text().split()[3] == str(instance.process.pid)


def test_a_launch_answers_with_a_running_container_and_its_first_picture(
    instance: Instance, box: messages.Launched
) -> None:
    container = box.container
    assert container.state is model.State.RUNNING
    assert [terminal.id for terminal in container.terminals] == [box.terminal] == ["console"]
    assert str(container.pid) in box.snapshot.host.processes
    assert box.snapshot.container.processes[str(container.pid)].pid == 1
    assert instance.call(messages.Get(id=container.id, owner="anna"), messages.One).container == container


def test_the_same_id_again_is_the_same_container(instance: Instance, box: messages.Launched) -> None:
    again = instance.launch("sh", id=box.container.id)
    assert again.container == box.container


async def test_two_launches_of_one_id_at_once_make_one_container(instance: Instance) -> None:
    name = new_id()
    first, second = await asyncio.gather(*(asyncio.to_thread(instance.launch, "sh", id=name) for _ in range(2)))
    assert first.container.pid == second.container.pid
    assert second.container.state is model.State.RUNNING
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)


def test_somebody_elses_container_is_as_if_absent(instance: Instance, box: messages.Launched) -> None:
    for name in (box.container.id, new_id()):
        eve = "eve"
        for request in (
            messages.Get(id=name, owner=eve),
            messages.Start(id=name, owner=eve),
            messages.Stop(id=name, owner=eve),
            messages.Exec(id=name, owner=eve, argv=["id"]),
            messages.OpenTerminal(id=name, owner=eve),
            messages.CloseTerminal(id=name, owner=eve, terminal="console"),
            messages.MintTicket(id=name, owner=eve, terminal="console", user="9"),
            messages.TakeSnapshot(id=name, owner=eve),
            messages.Watch(id=name, owner=eve),
            messages.Source(id=name, owner=eve, side="host", panel="namespaces", key="mnt"),
        ):
            fault = instance.refusal(request)
            assert (fault.code, fault.message) == (Code.NOT_FOUND, f"there is no container {name}"), request
    assert instance.refusal(messages.Delete(id=box.container.id, owner="eve")).code is Code.NOT_FOUND
    assert instance.call(messages.List(owner="eve"), messages.Many).containers == []
    assert instance.call(messages.Get(id=box.container.id, owner=None), messages.One)


def test_a_launch_of_somebody_elses_id_is_refused(instance: Instance, box: messages.Launched) -> None:
    request = messages.Launch(id=box.container.id, owner="eve", name="x", image="busybox")
    assert instance.refusal(request).code is Code.ALREADY_EXISTS


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"image": "no-such-image"}, Code.NOT_FOUND, "image"),
        ({"image": "../etc"}, Code.INVALID_SPEC, "image"),
        ({"id": "../../etc/passwd"}, Code.INVALID_SPEC, "id"),
        ({"limits": model.Limits(pids=0)}, Code.INVALID_SPEC, "pids"),
        ({"limits": model.Limits(cpus=-1)}, Code.INVALID_SPEC, "cpus"),
        ({"command": ["sh", "a\0b"]}, Code.INVALID_SPEC, "command"),
        ({"deadline_seconds": -1.0}, Code.INVALID_SPEC, "deadline_seconds"),
    ],
)
def test_a_launch_that_cannot_be_is_refused_by_field_and_leaves_nothing(
    instance: Instance, more: dict[str, object], code: Code, field: str
) -> None:
    body = {"id": new_id(), "owner": "anna", "name": "x", "image": "busybox", **more}
    fault = instance.refusal(messages.Launch(**body))  # type: ignore[arg-type]
    assert (fault.code, fault.field) == (code, field)
    assert instance.call(messages.List(owner=None), messages.Many).containers == []


def test_a_program_that_is_not_there_fails_the_launch_and_leaves_nothing(instance: Instance) -> None:
    with pytest.raises(Fault) as caught:
        instance.launch("/no/such/program")
    assert caught.value.code in (Code.SPAWN_FAILED, Code.INVALID_SPEC)
    assert instance.call(messages.List(owner=None), messages.Many).containers == []


def test_exec_runs_inside(instance: Instance, box: messages.Launched) -> None:
    request = messages.Exec(id=box.container.id, owner="anna", argv=["sh", "-c", "cat; exit 3"], stdin=b"in")
    result = instance.call(request, messages.Executed).result
    assert (result.exit_code, result.stdout) == (3, b"in")


def test_stop_tells_how_it_ended_and_start_runs_it_again_with_its_files(
    instance: Instance, box: messages.Launched
) -> None:
    name = box.container.id
    instance.call(messages.Exec(id=name, owner="anna", argv=["touch", "/root/kept"]), messages.Executed)
    stopped = instance.call(messages.Stop(id=name, owner="anna", grace_seconds=0.1), messages.One).container
    assert (stopped.state, stopped.pid) == (model.State.STOPPED, None)
    assert stopped.exit is not None
    assert stopped.terminals[0].exit == stopped.exit
    assert instance.call(messages.Stop(id=name, owner="anna"), messages.One).container == stopped
    started = instance.call(messages.Start(id=name, owner="anna"), messages.Launched).container
    assert (started.state, started.generation, started.exit) == (model.State.RUNNING, 2, None)
    assert [terminal.pid for terminal in started.terminals] == [started.pid]
    found = instance.call(messages.Exec(id=name, owner="anna", argv=["ls", "/root"]), messages.Executed).result
    assert b"kept" in found.stdout


def test_delete_is_idempotent(instance: Instance) -> None:
    name = instance.launch("sh").container.id
    for _ in range(2):
        instance.call(messages.Delete(id=name, owner="anna"), messages.Done)
    assert instance.refusal(messages.Get(id=name, owner="anna")).code is Code.NOT_FOUND


def test_a_deadline_stops_it(instance: Instance) -> None:
    name = instance.launch("sh", deadline_seconds=0.4).container.id
    deadline = time.monotonic() + 10
    while (one := instance.call(messages.Get(id=name, owner=None), messages.One)).container.pid is not None:
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.02)
    assert one.container.state is model.State.STOPPED
    assert instance.refusal(messages.Start(id=name, owner="anna")).code is Code.WRONG_STATE
    instance.call(messages.Delete(id=name, owner=None), messages.Done)


def test_memory_beyond_the_limit_is_an_oom_exit(instance: Instance) -> None:
    hog = "x=x; while :; do x=$x$x; done"
    name = instance.launch("sh", "-c", hog, limits=model.Limits(memory_bytes=16 * model.MIB)).container.id
    deadline = time.monotonic() + 20
    while (one := instance.call(messages.Get(id=name, owner=None), messages.One)).container.exit is None:
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.02)
    assert one.container.exit.oom
    assert one.container.exit.signal == signal.SIGKILL
    instance.call(messages.Delete(id=name, owner=None), messages.Done)


def test_a_source_is_read_only_from_what_the_container_has(instance: Instance, box: messages.Launched) -> None:
    request = messages.Source(id=box.container.id, owner="anna", side="host", panel="namespaces", key="mnt")
    source = instance.call(request, messages.Sourced).source
    assert source.path
    bad = messages.Source(id=box.container.id, owner="anna", side="host", panel="cgroup", key="../../etc/passwd")
    assert instance.refusal(bad).code is Code.NOT_FOUND


def test_the_doctor_answers_over_the_socket(instance: Instance) -> None:
    checks = instance.call(messages.Doctor(), messages.Diagnosis).checks
    assert {"kernel", "cgroups", "idmapped mounts", "oci runtime"} <= {check.name for check in checks}
    assert all(check.fix for check in checks if check.level == "bad")


async def test_watching_tells_each_change_and_the_end(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh")).container.id
    reader, writer = await client.connect(instance.config.socket, messages.Watch(id=name, owner="anna"))
    first = client.decode(await client.read_frame(reader) or b"", messages.Watched)
    assert first.seq == 0
    await instance.ask(messages.OpenTerminal(id=name, owner="anna", argv=["sleep", "60"]), messages.Opened)
    patch = client.decode(await client.read_frame(reader) or b"", messages.Reply)
    told: list[str] = []
    while isinstance(patch, messages.Happened):  # between patches, as things happen
        told += [event.kind for event in patch.events]
        patch = client.decode(await client.read_frame(reader) or b"", messages.Reply)
    assert isinstance(patch, messages.Patched)
    assert patch.seq == 1
    assert "born" in told
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)
    last: messages.Reply = patch
    while (frame := await client.read_frame(reader)) is not None:
        last = client.decode(frame, messages.Reply)
    assert isinstance(last, messages.Gone)
    writer.close()
