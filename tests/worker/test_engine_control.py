"""Held still and let go, and given other limits: by the kernel's own word, and obeyed."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from runtime.errors import Code, Fault
from runtime.kernel.cgroups import UNIFIED
from runtime.protocol import model
from tests.support.engines import MIB, Room

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")
LIMITS = model.Limits(memory_bytes=64 * MIB, cpus=0.5, pids=64, disk_bytes=16 * MIB)


def _ticks(pid: int | None) -> int:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def _until(found: Callable[[], object], what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


async def _busy(room: Room) -> str:
    id = await room.running("sh", "-c", "while :; do :; done", limits=LIMITS)
    pid = room.engine.record(id).pid
    before = _ticks(pid)
    await _until(lambda: _ticks(pid) > before, "it does not run")
    return id


async def test_a_frozen_container_stands_still_and_goes_on(room: Room) -> None:
    id = await _busy(room)
    pid = room.engine.record(id).pid
    assert await room.engine.freeze(id, True)
    assert room.engine.container(id).frozen
    before = _ticks(pid)
    await asyncio.sleep(0.3)  # what does not happen has no event
    assert _ticks(pid) == before
    assert not await room.engine.freeze(id, True), "twice is no error"
    assert await room.engine.freeze(id, False)
    assert not room.engine.container(id).frozen
    await _until(lambda: _ticks(pid) > before, "it does not go on")


async def test_nothing_enters_a_frozen_container(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    await room.engine.freeze(id, True)
    with pytest.raises(Fault) as refused:
        await room.sh(id, "true")
    assert (refused.value.code, refused.value.hint) == (Code.WRONG_STATE, "Thaw it first.")
    with pytest.raises(Fault, match="frozen"):
        await room.engine.exec_tty(id, ["sh"], 80, 24)
    await room.engine.freeze(id, False)
    assert (await room.sh(id, "echo in")).stdout == b"in\n"


async def test_a_frozen_container_can_be_stopped_and_deleted(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    await room.engine.freeze(id, True)
    stopped = await room.engine.stop(id, 1.0)
    assert stopped.state is model.State.STOPPED
    assert not room.engine.container(id).frozen
    other = await room.running(limits=LIMITS)
    await room.engine.freeze(other, True)
    await room.engine.delete(other)
    assert room.remains(other) == []


async def test_only_what_runs_is_frozen(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    await room.engine.stop(id, 0)
    with pytest.raises(Fault) as refused:
        await room.engine.freeze(id, True)
    assert refused.value.code is Code.WRONG_STATE


async def test_frozen_is_what_the_kernel_says_whoever_did_it(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    group = room.engine._ground.group(id)
    assert not room.engine.container(id).frozen
    state = Path(group.paths["freezer"], "freezer.state") if "freezer" in group.paths else None
    freeze = Path(group.paths[UNIFIED], "cgroup.freeze") if UNIFIED in group.paths else None
    for file, on, off in ((state, "FROZEN", "THAWED"), (freeze, "1", "0")):
        if file is not None:
            file.write_text(on)
            await _until(lambda: room.engine.container(id).frozen, f"not frozen by {file}")
            file.write_text(off)
            await _until(lambda: not room.engine.container(id).frozen, f"not thawed by {file}")


async def test_frozen_outlives_the_worker(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    await room.engine.freeze(id, True)
    await room.crash()
    await room.engine.reconcile()
    assert room.engine.container(id).frozen
    assert await room.engine.freeze(id, False)


async def test_fewer_processes_are_obeyed(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    await room.engine.set_limits(id, model.Limits(memory_bytes=64 * MIB, cpus=0.5, pids=8, disk_bytes=16 * MIB))
    said = await room.sh(id, "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 2 & done; wait")
    assert b"can't fork" in said.stderr, said
    await room.engine.set_limits(id, LIMITS)
    assert (await room.sh(id, "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1 & done; wait")).exit_code == 0


async def test_less_memory_is_obeyed_and_more_is_given(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    hog = "head -c 40000000 /dev/zero | tail -c 40000000 | wc -c"
    assert (await room.sh(id, hog)).stdout.strip() == b"40000000"
    record = await room.engine.set_limits(id, _limits(memory_bytes=24 * MIB))
    assert record.limits.memory_bytes == 24 * MIB
    assert (await room.sh(id, hog)).stdout.strip() != b"40000000"
    assert room.engine._ground.group(id).oom_kills()
    await room.engine.set_limits(id, LIMITS)
    assert (await room.sh(id, hog)).stdout.strip() == b"40000000"
    assert _with_swap(room, id) in (None, LIMITS.memory_bytes)


async def test_less_memory_than_is_in_use_is_refused_and_nothing_changes(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    assert (await room.sh(id, "head -c 14000000 /dev/zero >/kept")).exit_code == 0
    with pytest.raises(Fault) as refused:
        await room.engine.set_limits(id, _limits(memory_bytes=8 * MIB, pids=9, cpus=0.25))
    fault = refused.value
    assert (fault.code, fault.field) == (Code.WRONG_STATE, "memory_bytes")
    assert f"more memory than {8 * MIB} bytes" in fault.message
    assert fault.errno is None, "or the web side would tell no more than its name"
    assert fault.hint
    assert room.engine.record(id).limits == LIMITS
    assert room.engine.record(id).wanted is None
    _holds(room, id, LIMITS)
    assert not room.engine._ground.group(id).oom_kills()


async def test_the_quota_is_obeyed(room: Room) -> None:
    id = await _busy(room)
    stat = room.engine._ground.group(id)
    before = stat._count("cpu", "cpu.stat", "nr_throttled") or 0
    record = await room.engine.set_limits(id, _limits(cpus=0.1))
    assert math.isclose(record.limits.cpus, 0.1)
    await _until(lambda: (stat._count("cpu", "cpu.stat", "nr_throttled") or 0) > before + 3, "never throttled")


async def test_the_disk_grows_and_shrinks_to_what_is_on_it(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    fill = "dd if=/dev/zero of=/fill bs=1M count=20 2>&1; rm -f /fill"
    assert b"No space" in (await room.sh(id, fill)).stdout
    await room.engine.set_limits(id, _limits(disk_bytes=32 * MIB))
    assert b"No space" not in (await room.sh(id, fill)).stdout
    assert (await room.sh(id, "head -c 6000000 /dev/zero >/kept")).exit_code == 0
    with pytest.raises(Fault) as refused:
        await room.engine.set_limits(id, _limits(memory_bytes=48 * MIB, disk_bytes=4 * MIB))
    assert (refused.value.code, refused.value.field) == (Code.WRONG_STATE, "disk_bytes")
    assert f"more than the {4 * MIB} that were asked for" in refused.value.message
    _holds(room, id, _limits(disk_bytes=32 * MIB))  # memory went first, and came back
    assert (await room.engine.set_limits(id, _limits(disk_bytes=8 * MIB))).limits.disk_bytes == 8 * MIB


async def test_a_stopped_container_has_its_new_limits_when_it_starts(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    await room.engine.stop(id, 0)
    wanted = model.Limits(memory_bytes=32 * MIB, cpus=0.25, pids=16, disk_bytes=8 * MIB)
    assert (await room.engine.set_limits(id, wanted)).limits == wanted
    birth = await room.engine.recreate(id, 80, 24)
    room.hold(id, birth)
    await room.engine.start(id)
    _holds(room, id, wanted)


async def test_limits_that_no_launch_would_have_are_refused(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    for field, value in (("memory_bytes", 1), ("cpus", math.nan), ("pids", 0), ("disk_bytes", 2**60)):
        with pytest.raises(Fault) as refused:
            await room.engine.set_limits(id, _limits(**{field: value}))
        assert (refused.value.code, refused.value.field) == (Code.INVALID_SPEC, field)


async def test_the_hosts_memory_is_promised_once(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    room.engine._ground.config = dataclasses.replace(room.engine._ground.config, host_memory_share=1e-9)
    with pytest.raises(Fault) as refused:
        await room.engine.set_limits(id, _limits(memory_bytes=65 * MIB))
    assert refused.value.code is Code.NO_CAPACITY
    assert (await room.engine.set_limits(id, _limits(memory_bytes=60 * MIB))).limits.memory_bytes == 60 * MIB


async def test_the_same_limits_again_are_no_change_and_odd_ones_are_told_as_the_kernel_has_them(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    odd = _limits(memory_bytes=50 * MIB + 5)
    first = await room.engine.set_limits(id, odd)
    assert first.limits.memory_bytes == 50 * MIB
    assert (await room.engine.set_limits(id, odd)).limits == first.limits
    assert await room.engine.set_limits(id, first.limits) == room.engine.record(id)


async def test_a_worker_that_dies_midway_leaves_the_limits_of_before(room: Room) -> None:
    id = await room.running(limits=LIMITS)
    wanted = _limits(memory_bytes=32 * MIB, pids=9)
    record, ground = room.engine.record(id), room.engine._ground
    ground.journal.write(replace(record, wanted=wanted))
    ground.group(id).limit_memory(wanted.memory_bytes)  # and there it died
    await room.crash()
    await room.engine.reconcile()
    assert room.engine.troubles == []
    assert (room.engine.record(id).limits, room.engine.record(id).wanted) == (LIMITS, None)
    _holds(room, id, LIMITS)


def _limits(**changes: object) -> model.Limits:
    return replace(LIMITS, **changes)


def _with_swap(room: Room, id: str) -> int | None:
    """v1's limit of memory and swap together; None where it is not counted."""
    both = Path(room.engine._ground.group(id).paths.get("memory", "/"), "memory.memsw.limit_in_bytes")
    return int(both.read_text()) if both.exists() else None


def _holds(room: Room, id: str, limits: model.Limits) -> None:
    """The kernel's own figures are these."""
    group = room.engine._ground.group(id)
    assert group.memory_limit() == limits.memory_bytes
    assert group.pids_limit() == limits.pids
    quota, period = group.cpu_limit()
    assert math.isclose(quota / period, limits.cpus)
    room_ = os.statvfs(room.engine._ground.place(id).disk)
    assert room_.f_blocks * room_.f_frsize == limits.disk_bytes
