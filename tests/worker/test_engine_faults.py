"""What is left when something goes wrong at every step: nothing, or a container that works."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import stat

import pytest
from msgspec.structs import replace

from runtime.engine import Birth, Engine, oci, steps
from runtime.errors import Code, Fault
from runtime.kernel import mounts, pidfd
from runtime.kernel.files import read_text
from runtime.protocol import messages, model
from tests.support.engines import Room

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")

STEPS = ("layers", "disk", "overlay", "bundle", "oci")


class Dies(BaseException):
    """The worker's process ends here: no roll-back runs."""


def _nothing(name: str) -> None:
    """No failpoint."""


def fail_after(step: str, error: BaseException) -> object:
    def point(name: str) -> None:
        if name == step:
            raise error

    return point


@pytest.mark.parametrize("step", STEPS)
async def test_failure_after_a_step_leaves_nothing_and_the_id_works_again(room: Room, step: str) -> None:
    launch = room.launch("sleep", "1000")
    room.engine.failpoint = fail_after(step, OSError(28, "No space left on device"))  # type: ignore[assignment]
    with pytest.raises(Fault) as caught:
        await room.engine.create(launch)
    assert caught.value.code is Code.NO_CAPACITY
    assert not getattr(caught.value, "__notes__", [])
    assert room.remains(launch.id) == []
    assert room.engine.records() == []
    assert [point for point in mounts.points() if launch.id in point] == []
    room.engine.failpoint = _nothing
    birth = await room.engine.create(launch)
    assert birth is not None
    room.hold(launch.id, birth)
    await room.engine.start(launch.id)
    assert (await room.sh(launch.id, "echo works")).stdout == b"works\n"


@pytest.mark.parametrize("step", STEPS)
async def test_cancelled_create_leaves_nothing(room: Room, step: str) -> None:
    launch = room.launch("sleep", "1000")
    task = asyncio.ensure_future(room.engine.create(launch))

    def point(name: str) -> None:
        if name == step:
            task.cancel()

    room.engine.failpoint = point
    with pytest.raises(asyncio.CancelledError):
        await task
    assert room.remains(launch.id) == []
    assert room.engine.records() == []


@pytest.mark.parametrize("step", STEPS)
async def test_worker_that_dies_after_a_step_is_cleaned_up_after(room: Room, step: str) -> None:
    launch = room.launch("sleep", "1000")
    await _die_after(room, launch, step)
    assert room.remains(launch.id) != []
    await room.crash()
    assert await room.engine.reconcile() == []
    assert room.engine.troubles == []
    assert room.remains(launch.id) == []
    assert room.engine.records() == []
    birth = await room.engine.create(launch)
    assert birth is not None
    room.hold(launch.id, birth)


async def _die_after(room: Room, launch: messages.Launch, step: str) -> None:
    """Run a create up to `step`, and then nothing more of it: neither the rest nor the undo."""
    reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def point(name: str) -> None:
        if name == step and not reached.done():
            reached.set_result(None)
            raise Dies

    engine = room.engine
    engine.failpoint = point

    async def no_undo(*_: object) -> None:
        """A dead process undoes nothing."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "_undo", no_undo)
        patch.setattr(Engine, "_unmake", no_undo)
        with pytest.raises(Dies):
            await engine.create(launch)
    if step == "oci":  # its terminal would have gone with the process
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/self/fd/{name}").endswith("ptmx"):
                    os.close(int(name))


async def test_running_containers_are_adopted(room: Room) -> None:
    ids = [await room.running() for _ in range(3)]
    pids = [room.engine.record(id).pid for id in ids]
    await room.crash()
    adopted = await room.engine.reconcile()
    assert {record.id for record in adopted} == set(ids)
    assert [room.engine.record(id).pid for id in ids] == pids
    assert (await room.sh(ids[0], "echo still")).stdout == b"still\n"
    assert len({await _slot_of_new(room), *(room.engine.record(id).slot for id in ids)}) == 4


async def _slot_of_new(room: Room) -> int:
    return room.engine.record(await room.running()).slot


async def test_container_that_ended_meanwhile_is_stopped_with_a_reason(room: Room) -> None:
    id = await room.running()
    record = room.engine.record(id)
    pidfd.send(record.pid, record.starttime, signal.SIGKILL)
    await room.reaper.status(record.pid or 0, record.starttime, 5)
    await room.crash()
    assert await room.engine.reconcile() == []
    stopped = room.engine.record(id)
    assert stopped.exit is not None
    assert (stopped.state, stopped.exit.code) == (model.State.STOPPED, None)
    assert stopped.exit.reason == "it ended while nobody watched"
    told = room.engine.exited(id, model.Exit(at=1.0, signal=9, reason="killed by SIGKILL"))
    assert told.exit is not None
    assert told.exit.signal == 9


async def test_container_of_another_boot_is_never_signalled(room: Room) -> None:
    id = await room.running()
    await room.engine.stop(id, grace_seconds=0)
    bystander = await asyncio.create_subprocess_exec("sleep", "60")
    since = pidfd.starttime(bystander.pid)
    assert since is not None
    stale = replace(
        room.engine.record(id), state=model.State.RUNNING, pid=bystander.pid, starttime=since, boot_id="another"
    )
    room.engine._ground.journal.write(stale)
    await room.crash()
    await room.engine.reconcile()
    stopped = room.engine.record(id)
    assert stopped.exit is not None
    assert (stopped.state, stopped.exit.reason) == (model.State.STOPPED, "the host was restarted")
    assert bystander.returncode is None
    assert pidfd.alive(bystander.pid, since)
    bystander.terminate()
    await bystander.wait()


async def test_unfinished_delete_is_finished(room: Room) -> None:
    id = await room.running()
    room.engine._ground.journal.write(replace(room.engine.record(id), intent="delete"))
    await room.crash()
    await room.engine.reconcile()
    assert room.engine.records() == []
    assert room.remains(id) == []


async def test_unfinished_revival_is_undone_and_the_files_are_kept(room: Room) -> None:
    id = await room.running()
    await room.sh(id, "echo kept > /root/note")
    await room.engine.stop(id, grace_seconds=0)
    room.hold(id, await room.engine.recreate(id, 80, 24))
    room.engine._ground.journal.write(
        replace(room.engine.record(id), intent="revive", state=model.State.CREATING, pid=None)
    )
    await room.crash()
    await room.engine.reconcile()
    assert room.engine.record(id).state is model.State.STOPPED
    room.hold(id, await room.engine.recreate(id, 80, 24))
    await room.engine.start(id)
    assert (await room.sh(id, "cat /root/note")).stdout == b"kept\n"


async def test_torn_journal_does_not_stop_the_others(room: Room) -> None:
    kept, torn = await room.running(), await room.running()
    path = room.engine._ground.place(torn).journal
    with open(path, "w") as file:  # noqa: ASYNC230
        file.write('{"id": "')
    await room.crash()
    adopted = await room.engine.reconcile()
    assert [record.id for record in adopted] == [kept]
    assert room.remains(torn) == []


async def test_remains_that_no_record_speaks_of_are_swept(room: Room) -> None:
    id = await room.running()
    os.unlink(room.engine._ground.place(id).journal)
    stranger = "s" * 16
    group = room.engine.hierarchies.group(f"{room.config.name}/{stranger}")
    for controller in group.paths:
        if controller != "cpuset":
            group.make(controller)
    group.child("below").make("memory" if "memory" in group.paths else "unified")
    await room.crash()
    await room.engine.reconcile()
    assert room.remains(id) == []
    assert room.remains(stranger) == []


async def test_second_engine_of_the_same_name_is_refused(room: Room) -> None:
    with pytest.raises(Fault) as caught:
        await Engine(room.config, room.images).reconcile()
    assert caught.value.code is Code.WRONG_STATE


async def test_runtime_killed_at_any_moment_leaves_nothing(room: Room) -> None:
    """The OCI runtime does not clean up after itself: what it had made by then must be found by name."""
    rng = random.Random(1)  # noqa: S311
    outcomes = []
    for _ in range(12):
        launch = room.launch("sleep", "1000")
        killer = asyncio.ensure_future(_kill_runtime(launch.id, rng.uniform(0.0, 0.06)))
        (outcome,) = await asyncio.gather(room.engine.create(launch), return_exceptions=True)
        killer.cancel()
        await asyncio.wait({killer})
        if isinstance(outcome, Birth):
            room.hold(launch.id, outcome)
            outcomes.append("too late")
            await room.engine.delete(launch.id)
        else:
            assert isinstance(outcome, Fault), outcome
            assert (outcome.code, getattr(outcome, "__notes__", [])) == (Code.SPAWN_FAILED, [])
            outcomes.append("killed")
        assert room.remains(launch.id) == []
    assert outcomes.count("killed") >= 3
    assert room.engine._ground.slots.quarantined == set()


async def _kill_runtime(id: str, delay: float) -> None:
    """SIGKILL `runc create` of that container, `delay` after it began."""
    while True:
        for pid in pidfd.numbers():
            with contextlib.suppress(OSError):
                words = read_text(f"/proc/{pid}/cmdline").split("\0")
                if "create" in words and id in words:
                    await asyncio.sleep(delay)
                    os.kill(pid, signal.SIGKILL)
                    return
        await asyncio.sleep(0.001)


async def test_pid_1_that_dies_between_create_and_start_is_told(room: Room) -> None:
    launch = room.launch("sleep", "1000")
    birth = await room.engine.create(launch)
    assert birth is not None
    room.hold(launch.id, birth)
    pidfd.send(birth.pid, birth.starttime, signal.SIGKILL)
    await room.reaper.status(birth.pid, birth.starttime, 5)
    with pytest.raises(Fault) as caught:
        await room.engine.start(launch.id)
    assert caught.value.code is Code.SPAWN_FAILED
    await room.engine.delete(launch.id)
    assert room.remains(launch.id) == []


async def test_deleting_races_with_exec_and_stop_and_has_one_outcome(room: Room) -> None:
    id = await room.running()
    results = await asyncio.gather(
        room.sh(id, "sleep 866", timeout_seconds=60),
        room.engine.stop(id, grace_seconds=0),
        room.engine.delete(id),
        room.engine.delete(id),
        return_exceptions=True,
    )
    for result in results:
        assert not isinstance(result, BaseException) or isinstance(result, Fault), result
    assert room.remains(id) == []


async def test_runtime_that_is_missing_is_told_and_leaves_nothing(room: Room, tmp_path: object) -> None:
    launch = room.launch("sleep", "1000")
    room.engine._ground.oci.program = f"{tmp_path}/runc"
    with pytest.raises(Fault) as caught:
        await room.engine.create(launch)
    assert caught.value.code is Code.SPAWN_FAILED
    assert room.remains(launch.id) == []


async def test_runtime_that_hangs_is_killed(room: Room, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"{tmp_path}/runc"
    with open(program, "w") as file:  # noqa: ASYNC230
        file.write("#!/bin/sh\nexec sleep 865\n")
    os.chmod(program, stat.S_IRWXU)
    monkeypatch.setattr(oci, "SECONDS", 0.2)
    launch = room.launch("sleep", "1000")
    room.engine._ground.oci.program = program
    with pytest.raises(Fault) as caught:
        await room.engine.create(launch)
    assert caught.value.code is Code.TIMEOUT
    assert room.remains(launch.id) == []


async def test_images_that_cannot_be_id_mapped_are_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, target: str, userns_fd: int) -> None:
        raise OSError(22, "mount_setattr: Invalid argument")

    monkeypatch.setattr(mounts, "idmapped", refuse)
    launch = room.launch("sleep", "1000")
    with pytest.raises(Fault) as caught:
        await room.engine.create(launch)
    assert (caught.value.code, caught.value.errno) == (Code.UNSUPPORTED_KERNEL, "EINVAL")
    assert room.remains(launch.id) == []
