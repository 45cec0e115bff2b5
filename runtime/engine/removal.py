"""The end of a container: everything of it found by its id, killed, unmounted, removed, and proven gone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from msgspec.structs import replace

from runtime.engine import rootfs
from runtime.engine.ground import Ground
from runtime.engine.record import Record
from runtime.engine.spawn import to_the_end
from runtime.errors import Code, Fault
from runtime.kernel import files, mounts, pidfd
from runtime.protocol import model

SECONDS = 10.0
"""How long the kernel may take to let go of one thing."""


async def kill(ground: Ground, id: str, pid: int | None = None, starttime: int = 0) -> None:
    """SIGKILL to PID 1, with which its whole pid namespace dies (pid_namespaces(7)), and to all of its cgroups.

    Raises `Fault(timeout)` when something still lives after `SECONDS`.
    """
    group = ground.group(id)
    if not group.exists():
        return
    group.thaw()
    if pid:
        pidfd.send(pid, starttime, signal.SIGKILL)

    def empty() -> bool:
        if group.processes():
            group.kill()
            return False
        return True

    if not await until(empty, SECONDS):
        raise Fault(
            Code.TIMEOUT, f"container {id}: processes {sorted(group.processes())} survive SIGKILL", op="cgroup.kill"
        )


async def forget_oci(ground: Ground, record_or_id: Record | str) -> None:
    """Undo of `runc create`, whole or killed half-way: no process, no OCI state, no cgroup in any hierarchy."""
    if isinstance(record_or_id, Record):
        id, pid, starttime = record_or_id.id, record_or_id.pid, record_or_id.starttime
        if record_or_id.boot_id != files.boot_id():
            pid = None
    else:
        id, pid, starttime = record_or_id, None, 0
    await kill(ground, id, pid, starttime)
    await ground.oci.delete(id)
    group = ground.group(id)
    left: list[str] = []

    def removed() -> bool:
        left[:] = group.remove()
        if left:
            group.kill()  # a process may have been moved in, or frozen, meanwhile
        return not left

    if not await until(removed, SECONDS):
        raise Fault(Code.TIMEOUT, f"container {id}: cgroup {left[0]} cannot be removed", op="rmdir")


async def take_down(ground: Ground, id: str) -> None:
    """The mounts and their directories, in the reverse order of their making. What the container wrote is gone."""
    place = ground.place(id)
    for undo in (rootfs.undo_overlay, rootfs.undo_disk, rootfs.undo_layers):
        await to_the_end(asyncio.to_thread(undo, place))
    await asyncio.to_thread(_sweep, place.mounts)


def stopped(ground: Ground, record: Record, exit: model.Exit | None) -> Record:
    """The record of a container without PID 1, which keeps its files if they are still there."""
    place = ground.place(record.id)
    return replace(
        record,
        state=model.State.STOPPED,
        pid=None,
        exit=exit,
        kept_bytes=rootfs.kept_bytes(place),
        files_kept=rootfs.stands(place),
        intent=None,
        step=None,
    )


def _sweep(directory: str) -> None:
    mounts.unmount_below(directory)
    mounts.remove_directories(directory)


async def demolish(ground: Ground, record: Record) -> None:
    """Remove all of a container and its record; its user ids go back when nobody with one lives.

    Raises `Fault` when something resists; the record stays then, to be tried again.
    """
    await forget_oci(ground, record)
    await take_down(ground, record.id)
    await release_slot(ground, record)
    ground.journal.forget(record.id)


async def demolish_nameless(ground: Ground, id: str) -> None:
    """The same for remains that no record speaks of."""
    await forget_oci(ground, id)
    await take_down(ground, id)
    ground.journal.forget(id)


async def release_slot(ground: Ground, record: Record) -> None:
    """Free the range of user ids after proof of death, or withhold it."""
    inhabitants = [0]

    def vacant() -> bool:
        inhabitants[:] = ground.slots.inhabitants(record.slot)
        return not inhabitants

    if not await asyncio.to_thread(vacant) and not await until(vacant, 2.0):
        ground.slots.quarantined.add(record.slot)
    ground.slots.give_back(record.slot, record.id)


async def until(done: Callable[[], bool], seconds: float) -> bool:
    """Ask `done` at growing intervals until it is true; False when `seconds` have passed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    pause = 0.001
    while not done():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.1)
    return True
