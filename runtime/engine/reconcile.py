"""After a restart of the worker: what the journal says, against what the kernel has.

| journal            | kernel                      | then                                                       |
|--------------------|-----------------------------|------------------------------------------------------------|
| intent `create`    | any                         | undone: nobody was told of it                              |
| intent `delete`    | any                         | finished                                                   |
| intent `revive`    | any                         | the new PID 1 undone; stopped, its files kept              |
| created, running   | PID 1 lives, root mounted   | adopted                                                    |
| created, running   | PID 1 lives, root elsewhere | killed: its keeper is gone and its terminal with it        |
| created, running   | no PID 1                    | stopped, exit unknown until somebody who knows tells it    |
| stopped            | remains of a PID 1          | removed; its files kept                                    |
| limits being set   | some of them changed        | taken back, as far as what is in use allows                |
| nothing            | anything of our name        | removed; user ids in use without a holder are withheld     |
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time

from msgspec.structs import replace

from runtime.engine import control, removal, rootfs
from runtime.engine.ground import Ground
from runtime.engine.place import is_id
from runtime.engine.record import Record
from runtime.errors import Fault
from runtime.kernel import files, pidfd
from runtime.protocol import model


async def reconcile(ground: Ground) -> list[str]:
    """Bring both in line. Returns a sentence for each thing that resisted; one never delays the others."""
    nameless = ground.journal.load()
    troubles = []
    for record in list(ground.journal.records.values()):
        try:
            ground.slots.hold(record.slot, record.id)
        except Fault as fault:
            troubles.append(f"{record.id}: {fault}")
    results = await asyncio.gather(
        *(_settle(ground, record) for record in list(ground.journal.records.values())),
        *(removal.demolish_nameless(ground, id) for id in nameless),
        return_exceptions=True,
    )
    results += await asyncio.gather(
        *(removal.demolish_nameless(ground, id) for id in await asyncio.to_thread(_orphans, ground)),
        return_exceptions=True,
    )
    troubles += [str(result) for result in results if isinstance(result, Exception)]
    await asyncio.to_thread(ground.slots.quarantine_strangers)
    return troubles


async def _settle(ground: Ground, record: Record) -> None:
    if record.intent in ("create", "delete"):
        await removal.demolish(ground, record)
        return
    place = ground.place(record.id)
    if record.wanted is not None:  # nobody was told that they are set
        record = await asyncio.to_thread(control.take_back, ground, record)
    if record.intent == "revive":
        await removal.forget_oci(ground, record)
        ground.journal.write(removal.stopped(ground, record, record.exit))
        return
    if record.state is model.State.STOPPED:
        await removal.forget_oci(ground, replace(record, pid=None))
        ground.journal.write(removal.stopped(ground, record, record.exit))  # without a disk it keeps nothing
        return
    same_boot = record.boot_id == files.boot_id()
    if same_boot and pidfd.alive(record.pid, record.starttime) and rootfs.stands(place):
        return
    if not same_boot:
        reason = "the host was restarted"
    elif rootfs.stands(place):
        reason = "it ended while nobody watched"
    else:
        reason = "its keeper was replaced"
    # PID 1 is asked for before it is killed: the counters of its cgroup go with it.
    lost = model.Exit(at=time.time(), reason=reason)
    await removal.forget_oci(ground, record)
    ground.journal.write(removal.stopped(ground, record, lost))


def _orphans(ground: Ground) -> set[str]:
    """Ids that something on this host is named after, but no record."""
    config = ground.config
    found = ground.hierarchies.children(config.name)
    for directory in (config.containers_dir, config.mounts_dir, config.oci_root):
        with contextlib.suppress(FileNotFoundError):
            found.update(entry.name for entry in os.scandir(directory))
    return {name for name in found if is_id(name)} - ground.journal.records.keys()
