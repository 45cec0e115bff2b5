"""A container from its first step to its last, with the real runtime."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from runtime.engine.admission import promise
from runtime.errors import Code, Fault
from runtime.kernel import cgroups, pidfd
from runtime.kernel.files import read_text
from runtime.probes import snapshot
from runtime.protocol import messages, model
from tests.support.engines import MIB, Room
from tests.support.pty_viewer import until

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")


async def test_created_container_waits_to_be_started(room: Room) -> None:
    launch = room.launch("sleep", "1000")
    birth = await room.engine.create(launch)
    assert birth is not None
    room.hold(launch.id, birth)
    record = room.engine.record(launch.id)
    assert (record.state, record.pid, record.intent) == (model.State.CREATED, birth.pid, None)
    assert os.get_inheritable(birth.master) is False
    assert read_text(f"/proc/{birth.pid}/cmdline").endswith("init\0")
    started = await room.engine.start(launch.id)
    assert started.state is model.State.RUNNING
    result = await room.engine.exec(messages.Exec(id=launch.id, owner=None, argv=["cat", "/proc/1/comm"]))
    assert (result.exit_code, result.stdout) == (0, b"sleep\n")


async def test_same_id_again_is_the_same_container(room: Room) -> None:
    launch = room.launch("sleep", "1000")
    first, second = await asyncio.gather(room.engine.create(launch), room.engine.create(launch))
    births = [birth for birth in (first, second) if birth is not None]
    assert len(births) == 1
    room.hold(launch.id, births[0])
    with pytest.raises(Fault) as caught:
        await room.engine.create(messages.Launch(id=launch.id, owner="eve", name="x", image="busybox"))
    assert caught.value.code is Code.ALREADY_EXISTS


async def test_terminal_has_its_size_before_the_program_runs(room: Room) -> None:
    launch = messages.Launch(
        id="t" * 16, owner="ada", name="x", image="busybox", command=["stty", "size"], cols=133, rows=37
    )
    birth = await room.engine.create(launch)
    assert birth is not None
    room.hold(launch.id, birth)
    await room.engine.start(launch.id)
    assert (await _read(birth.master)).strip() == "37 133"


async def test_exit_code_of_pid_1_is_known(room: Room) -> None:
    id = await room.running("sh", "-c", "exit 7")
    record = room.engine.record(id)
    status = await room.reaper.status(record.pid or 0, record.starttime, 5)
    exit = room.engine.autopsy(id, status)
    stopped = room.engine.exited(id, exit)
    assert (stopped.state, stopped.exit) == (model.State.STOPPED, exit)
    assert (exit.code, exit.signal, exit.oom) == (7, None, False)
    assert room.engine.exited(id, model.Exit(at=0, reason="nobody knows")) is stopped


async def test_stop_kills_what_ignores_the_terms(room: Room) -> None:
    id = await room.running("sh", "-c", "trap '' TERM HUP; while :; do sleep 1; done")
    stopped = await room.engine.stop(id, grace_seconds=0.2)
    assert stopped.exit is not None
    assert (stopped.state, stopped.pid, stopped.exit.signal) == (model.State.STOPPED, None, 9)
    assert await room.engine.stop(id) is stopped


async def test_stop_lets_a_program_end_by_itself(room: Room) -> None:
    # The trap's line tells that the program is there to hear the signal.
    launch = room.launch("sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    birth = await room.engine.create(launch)
    assert birth is not None
    room.hold(launch.id, birth)
    await room.engine.start(launch.id)
    assert "ready" in await _read(birth.master)
    stopped = await room.engine.stop(launch.id, grace_seconds=10)
    assert stopped.exit is not None
    assert stopped.exit.code == 5


async def test_stop_spares_the_program_that_was_started_after_the_one_it_was_for(room: Room) -> None:
    id = await room.running("sh", "-c", "trap 'exit 0' TERM; echo on > /root/on; while :; do sleep 0.02; done")
    while (await room.sh(id, "cat /root/on")).exit_code:
        pass
    first = room.engine.record(id)
    async with room.engine._turns.turn(id):
        again = asyncio.ensure_future(room.engine.recreate(id, 80, 24))
        await asyncio.sleep(0)
        stopping = asyncio.ensure_future(room.engine.stop(id, grace_seconds=20))
        await until(lambda: not pidfd.alive(first.pid, first.starttime), "PID 1 has ended")
        room.engine.exited(id, model.Exit(at=0.0, code=0))
    birth = await again
    room.hold(id, birth)
    await stopping
    assert pidfd.alive(birth.pid, birth.starttime)
    assert room.engine.record(id).state is model.State.CREATED


async def test_frozen_container_is_stopped_and_removed(room: Room) -> None:
    id = await room.running()
    group = room.engine.hierarchies.group(f"{room.config.name}/{id}")
    group._freeze()
    await room.engine.stop(id, grace_seconds=0)
    await room.engine.delete(id)
    assert room.remains(id) == []


async def test_files_are_there_when_it_is_started_again(room: Room) -> None:
    id = await room.running()
    await room.sh(id, "echo kept > /root/note")
    await room.engine.stop(id, grace_seconds=0)
    with pytest.raises(Fault) as caught:
        await room.engine.exec(messages.Exec(id=id, owner=None, argv=["true"]))
    assert caught.value.code is Code.WRONG_STATE
    room.hold(id, await room.engine.recreate(id, 90, 20))
    record = await room.engine.start(id)
    assert (record.generation, record.exit) == (2, None)
    assert (await room.sh(id, "cat /root/note")).stdout == b"kept\n"
    with pytest.raises(Fault) as again:
        await room.engine.recreate(id, 80, 24)
    assert again.value.code is Code.WRONG_STATE


async def test_files_kept_from_before_count_beside_the_limit(room: Room) -> None:
    id = await room.running(limits=model.Limits(memory_bytes=32 * MIB, disk_bytes=256 * MIB))
    for n in range(3):
        assert (await room.sh(id, f"head -c {16 * MIB} /dev/zero > /root/{n}")).exit_code == 0
        stopped = await room.engine.stop(id, grace_seconds=0)
        assert (n + 1) * 16 * MIB <= stopped.kept_bytes == promise(stopped) < (n + 1) * 16 * MIB + MIB
        room.hold(id, await room.engine.recreate(id, 80, 24))
        await room.engine.start(id)
        assert promise(room.engine.record(id)) == stopped.kept_bytes + 32 * MIB


async def test_delete_leaves_nothing_and_is_idempotent(room: Room) -> None:
    id = await room.running()
    record = room.engine.record(id)
    daemon = await room.sh(id, "(setsid sleep 900 &) ; echo started")
    assert daemon.stdout == b"started\n"
    await room.engine.delete(id)
    assert room.remains(id) == []
    assert not pidfd.alive(record.pid, record.starttime)
    assert pidfd.of_user_range(record.host_id, 65_536) == {}
    assert record.slot not in room.engine._ground.slots.quarantined
    await room.engine.delete(id)
    with pytest.raises(Fault) as caught:
        room.engine.record(id)
    assert caught.value.code is Code.NOT_FOUND


async def test_ranges_of_user_ids_are_not_shared(room: Room) -> None:
    first, second = await room.running(), await room.running()
    bases = [room.engine.record(id).host_id for id in (first, second)]
    assert abs(bases[0] - bases[1]) >= 65_536
    for id, base in zip((first, second), bases, strict=True):
        assert (await room.sh(id, "cat /proc/self/uid_map")).stdout.split() == [b"0", str(base).encode(), b"65536"]


async def test_layers_are_roots_inside_and_cannot_be_changed(room: Room) -> None:
    id = await room.running()
    target = room.engine.target(id)
    seen = await room.sh(id, "stat -c %u:%g /bin/busybox; chmod 4755 /bin/busybox; echo x >> /etc/passwd; rm /bin/vi")
    assert seen.stdout.splitlines()[0] == b"0:0"
    stored = room.images.get("busybox").lowerdirs
    for mounted, layer in zip(target.lowerdir[1:], stored, strict=True):
        assert sorted(os.listdir(mounted)) == sorted(os.listdir(layer))
    programs = [layer / "bin/busybox" for layer in stored if (layer / "bin/busybox").exists()]
    assert [program.stat().st_mode & 0o7777 for program in programs] == [0o755]
    assert target.upperdir is not None
    assert sorted(os.listdir(target.upperdir)) == ["bin", "etc"]


async def test_memory_beyond_the_limit_is_killed_and_counted(room: Room) -> None:
    id = await room.running(limits=model.Limits(memory_bytes=16 * MIB, disk_bytes=8 * MIB))
    # tail(1) of a stream without a line end keeps all of it in memory.
    result = await room.sh(id, "exec tail -n 1 /dev/zero", timeout_seconds=60)
    assert (result.exit_code, result.signal) == (None, 9)
    assert result.reason == "killed by SIGKILL for want of memory"
    assert (room.engine.hierarchies.group(f"{room.config.name}/{id}").oom_kills() or 0) >= 1
    assert room.engine.record(id).state is model.State.RUNNING


async def test_processes_beyond_the_limit_are_refused(room: Room) -> None:
    id = await room.running(limits=model.Limits(memory_bytes=64 * MIB, pids=8))
    result = await room.sh(id, "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 30 & done; echo no")
    assert b"fork" in result.stderr


async def test_processor_time_is_limited(room: Room) -> None:
    id = await room.running(limits=model.Limits(memory_bytes=64 * MIB, cpus=0.2))
    result = await room.sh(id, "while :; do :; done", timeout_seconds=1.5)
    assert result.timed_out
    group = room.engine.hierarchies.group(f"{room.config.name}/{id}")
    stat = f"{group.paths.get('cpu') or group.paths['unified']}/cpu.stat"
    counts = dict(line.split() for line in read_text(stat).splitlines())
    assert int(counts["nr_throttled"]) >= 5


async def test_its_reads_from_the_disk_are_counted(room: Room) -> None:
    if cgroups.disk_of(str(room.config.images_dir)) is None:
        pytest.skip("the images lie on no single disk")
    id = await room.running()
    taken = snapshot.take(room.engine.target(id))
    assert taken.host.cgroup.summary.io_read_bytes is not None
    assert not [gap for gap in taken.gaps if ".io_" in gap]


async def test_disk_beyond_the_limit_is_refused(room: Room) -> None:
    id = await room.running(limits=model.Limits(memory_bytes=64 * MIB, disk_bytes=4 * MIB))
    result = await room.sh(id, "dd if=/dev/zero of=/root/big bs=1M count=8")
    assert result.exit_code == 1
    assert b"No space left" in result.stderr
    full = await room.sh(id, "cd /root; rm big; i=0; while [ $i -lt 2000 ]; do : > f$i || exit 9; i=$((i+1)); done")
    assert full.exit_code != 0


async def test_workers_umask_is_not_the_containers(room: Room) -> None:
    id = await room.running()
    assert (await room.sh(id, "umask")).stdout == b"0022\n"
    assert (await room.sh(id, "tr '\\0' '\\n' < /proc/1/status | grep Umask")).stdout.split() == [b"Umask:", b"0022"]
    files = "/sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max"
    assert b"128" in (await room.sh(id, f"cat {files} 2>/dev/null")).stdout.split()


async def test_unknown_program_is_said_so(room: Room) -> None:
    with pytest.raises(Fault) as caught:
        await room.engine.create(room.launch("no-such-program"))
    assert (caught.value.code, caught.value.field) == (Code.SPAWN_FAILED, "command")
    assert caught.value.message == "not found in the container: no-such-program"
    assert room.engine.records() == []


async def test_unknown_image_is_said_so(room: Room) -> None:
    with pytest.raises(Fault) as caught:
        await room.engine.create(room.launch("sh", image="no-such-image"))
    assert caught.value.code is Code.NOT_FOUND
    assert room.engine.records() == []


async def test_eight_begin_at_once(room: Room) -> None:
    ids = await asyncio.gather(*(room.running() for _ in range(8)))
    assert len({room.engine.record(id).slot for id in ids}) == 8
    await asyncio.gather(*(room.engine.delete(id) for id in ids))
    assert [room.remains(id) for id in ids] == [[]] * 8


async def test_host_null_device_is_untouched(room: Room) -> None:
    before = os.stat("/dev/null")
    id = await room.running()
    await room.sh(id, "chmod 0 /dev/null; chown 5:5 /dev/null; exit 0")
    after = os.stat("/dev/null")
    assert (before.st_uid, before.st_gid, before.st_mode) == (after.st_uid, after.st_gid, after.st_mode)


async def _read(master: int, seconds: float = 10.0) -> str:
    """What the terminal says first, up to a line end."""
    os.set_blocking(master, False)
    deadline = time.monotonic() + seconds
    text = b""
    while b"\n" not in text:
        assert time.monotonic() < deadline, text
        try:
            text += os.read(master, 4096)
        except BlockingIOError:
            await asyncio.sleep(0.005)
        except OSError:
            break
    return text.decode()
