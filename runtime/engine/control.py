"""A container under our hand: held still and let go, and given other limits."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from runtime.engine import admission, removal, rootfs, spec
from runtime.engine.ground import Ground
from runtime.engine.record import Record
from runtime.engine.spawn import to_the_end
from runtime.errors import Code, Fault
from runtime.protocol import model

FREEZE_SECONDS = 5.0
"""How long the kernel may take to hold all processes: one that waits for a disk comes when it has it."""

_LIVE = (model.State.CREATED, model.State.RUNNING)
_MEMORY, _CPUS, _PIDS, _DISK = "memory_bytes", "cpus", "pids", "disk_bytes"
_FIELDS = (_MEMORY, _DISK, _CPUS, _PIDS)  # those that the kernel may refuse come first
_WORDS = {_MEMORY: "memory", _CPUS: "cpus", _PIDS: "pids", _DISK: "disk"}


async def freeze(ground: Ground, record: Record, frozen: bool) -> bool:
    """As `Engine.freeze`."""
    group = ground.group(record.id)
    if group.frozen() == frozen:
        return False
    if not frozen:
        group.thaw()
        return True
    try:
        group.freeze()
        # Asked again and again: v1 finds out that the last has stopped only when it is asked
        held = await removal.until(group.frozen, FREEZE_SECONDS)
    except BaseException:
        group.thaw()
        raise
    if not held:
        group.thaw()
        raise Fault(
            Code.TIMEOUT,
            f"container {record.id} could not be frozen: a process of it waits in the kernel",
            hint="Try again when it has got what it waits for.",
            op="freeze",
        )
    return True


def changes(before: model.Limits, after: model.Limits) -> str:
    """What differs, in the form `memory 67108864 → 134217728, cpus 0.5 → 1`; empty where nothing does."""
    return ", ".join(
        f"{_WORDS[field]} {getattr(before, field):.10g} → {getattr(after, field):.10g}"
        if field == _CPUS
        else f"{_WORDS[field]} {getattr(before, field)} → {getattr(after, field)}"
        for field in (_MEMORY, _CPUS, _PIDS, _DISK)
        if getattr(before, field) != getattr(after, field)
    )


async def set_limits(ground: Ground, record: Record, limits: model.Limits) -> Record:
    """As `Engine.set_limits`; the limits are valid already."""
    if record.intent is not None or record.state is model.State.CREATING:
        raise Fault(Code.WRONG_STATE, f"container {record.id} is being made or removed: its limits cannot be changed")
    if record.limits == limits:
        return record
    revised = replace(record, limits=limits)
    if admission.promise(revised) > admission.promise(record):
        admission.check_capacity(ground.config, ground.journal.records.values(), revised)
    return await to_the_end(_settle(ground, record, limits))


async def _settle(ground: Ground, record: Record, limits: model.Limits) -> Record:
    ground.journal.write(replace(record, wanted=limits))  # promised from here on, be it only to be given back
    settled = record.limits
    try:
        settled = await asyncio.to_thread(_apply, ground, record, limits)
        ground.failpoint("limits")
    finally:
        latest = ground.journal.records.get(record.id, record)  # PID 1 may have ended meanwhile
        latest = ground.journal.write(replace(latest, limits=settled, wanted=None))
    return latest


def take_back(ground: Ground, record: Record) -> Record:
    """A worker died while it set limits: those of before again, or what the kernel has where it will not go back."""
    with contextlib.suppress(Fault, OSError):
        _apply(ground, replace(record, limits=record.wanted or record.limits), record.limits)
    with contextlib.suppress(OSError):
        record = replace(record, limits=_read_back(ground, record, record.limits, _FIELDS))
    return ground.journal.write(replace(record, wanted=None))


@dataclass(frozen=True)
class _Act:
    """One limit. `do` sets it, `undo` sets the one of before; both raise `OSError`."""

    field: str
    do: Callable[[], None]
    undo: Callable[[], None]


def _apply(ground: Ground, record: Record, limits: model.Limits) -> model.Limits:
    """Set what differs, all or none. Returns the limits as the kernel has them. Blocks. Raises `Fault`."""
    done: list[_Act] = []
    for act in _acts(ground, record, limits):
        try:
            act.do()
            done.append(act)
        except OSError as error:
            fault = _refusal(ground, record, act.field, limits, error)
            for other in reversed(done):
                try:
                    other.undo()
                except OSError as failure:
                    fault.add_note(f"undo {other.field}: {failure}")
            raise fault from error
    return _read_back(ground, record, limits, [act.field for act in done])


def _acts(ground: Ground, record: Record, limits: model.Limits) -> list[_Act]:
    """What there is to do, which for a container without a PID 1 is its disk alone: it has no cgroup."""
    place, group, before = ground.place(record.id), ground.group(record.id), record.limits

    def cpus(value: model.Limits) -> None:
        group.limit_cpu(spec.cpu_quota_usec(value), spec.CPU_PERIOD_USEC)

    setters: dict[str, Callable[[model.Limits], None]] = {}
    if record.state in _LIVE:
        setters[_MEMORY] = lambda value: group.limit_memory(value.memory_bytes)
        setters[_CPUS] = cpus
        setters[_PIDS] = lambda value: group.limit_pids(value.pids)
    if rootfs.disk_size(place) is not None:
        setters[_DISK] = lambda value: rootfs.resize_disk(place, value.disk_bytes)
    return [
        _Act(field, lambda setter=setters[field]: setter(limits), lambda setter=setters[field]: setter(before))  # type: ignore[misc]
        for field in _FIELDS
        if field in setters and getattr(before, field) != getattr(limits, field)
    ]


def _read_back(
    ground: Ground, record: Record, limits: model.Limits, fields: list[str] | tuple[str, ...]
) -> model.Limits:
    """`limits`, with those of `fields` as the kernel has them. Raises `OSError`."""
    group, found = ground.group(record.id), {}
    if record.state in _LIVE:
        quota, period = group.cpu_limit()
        found = {
            _MEMORY: group.memory_limit(),
            _CPUS: quota / period if quota > 0 else None,
            _PIDS: group.pids_limit(),
        }
    found[_DISK] = rootfs.disk_size(ground.place(record.id))
    return replace(limits, **{field: value for field, value in found.items() if field in fields and value is not None})


def _refusal(ground: Ground, record: Record, field: str, limits: model.Limits, error: OSError) -> Fault:
    """The kernel's no, as a person reads it. With an errno it would be told beyond the worker as that word alone."""
    wanted = getattr(limits, field)
    if field == _MEMORY and error.errno == errno.EBUSY:
        return Fault(
            Code.WRONG_STATE,
            f"container {record.id} uses more memory than {wanted} bytes, and the kernel cannot take it back",
            field=field,
            hint="End processes or delete files of the container, which lie in memory too, or ask for more.",
        )
    if field == _DISK and error.errno == errno.EINVAL:
        return Fault(
            Code.WRONG_STATE,
            f"the files of container {record.id} take {rootfs.kept_bytes(ground.place(record.id))} bytes, more than the"
            f" {wanted} that were asked for",
            field=field,
            hint="Delete files of the container, or ask for more.",
        )
    if error.errno in (errno.ENOENT, errno.ENODEV):
        return Fault(Code.VANISHED, f"container {record.id} ended", op=f"set {_WORDS[field]}")
    fault = Fault.from_os_error(error, op=f"set {_WORDS[field]}")
    fault.field = field
    return fault
