"""What may come in: requests checked word by word, and the host's memory promised only once."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable

from runtime.config import MIB, RuntimeConfig
from runtime.engine.place import is_id
from runtime.engine.record import Record
from runtime.errors import Code, Fault
from runtime.protocol import messages, model

MIN_MEMORY = 6 * MIB
MIN_DISK = 1 * MIB
MIN_CPUS = 0.01
MAX_PIDS = 32_768
MAX_NAME = 64


def check_launch(launch: messages.Launch) -> None:
    """Raises `Fault(invalid-spec)` naming the field."""
    if not is_id(launch.id):
        raise _invalid("id", "the id must be 16 of a-z and 0-9")
    if not launch.owner or len(launch.owner) > 150 or not launch.owner.isprintable():
        raise _invalid("owner", "the owner must be 1 to 150 printable characters")
    if not launch.name or len(launch.name) > MAX_NAME or not launch.name.isprintable():
        raise _invalid("name", f"the name must be 1 to {MAX_NAME} printable characters")
    if launch.command:
        check_argv(launch.command, "command")
    if launch.deadline_seconds is not None and not 0 < launch.deadline_seconds < math.inf:
        raise _invalid("deadline_seconds", "the deadline must be more than 0 seconds")
    check_limits(launch.limits)


def check_limits(limits: model.Limits) -> None:
    """Raises `Fault(invalid-spec)` naming the field."""
    memory, cores = total_memory(), os.cpu_count() or 1
    if not MIN_MEMORY <= limits.memory_bytes <= memory:
        raise _invalid("memory_bytes", f"memory_bytes must be from {MIN_MEMORY} (6 MiB) to this host's {memory}")
    if not MIN_CPUS <= limits.cpus <= cores:  # false for NaN as well
        raise _invalid("cpus", f"cpus must be from {MIN_CPUS} to this host's {cores}")
    if not 1 <= limits.pids <= MAX_PIDS:
        raise _invalid("pids", f"pids must be from 1 to {MAX_PIDS}")
    if not MIN_DISK <= limits.disk_bytes <= memory:
        raise _invalid("disk_bytes", f"disk_bytes must be from {MIN_DISK} (1 MiB) to {memory}: it is kept in memory")


def check_argv(argv: list[str], field: str = "argv") -> None:
    """Raises `Fault(invalid-spec)` naming `field`."""
    if not argv or not argv[0]:
        raise _invalid(field, f"{field} must begin with a program")
    if len(argv) > messages.MAX_ARGV or sum(len(word.encode()) + 1 for word in argv) > messages.MAX_ARGV_BYTES:
        raise _invalid(
            field, f"{field} must have at most {messages.MAX_ARGV} words and {messages.MAX_ARGV_BYTES} bytes"
        )
    if any("\0" in word for word in argv):
        raise _invalid(field, f"{field} must not contain NUL")


def check_exec(request: messages.Exec) -> None:
    """Raises `Fault(invalid-spec)` naming the field."""
    check_argv(request.argv)
    if not 0 < request.timeout_seconds <= messages.MAX_TIMEOUT:
        raise _invalid("timeout_seconds", f"timeout_seconds must be more than 0, at most {messages.MAX_TIMEOUT:g}")
    if len(request.stdin) > messages.MAX_STDIN:
        raise _invalid("stdin", f"stdin must be at most {messages.MAX_STDIN} bytes")
    if not 0 <= request.output_bytes <= messages.MAX_OUTPUT:
        raise _invalid("output_bytes", f"output_bytes must be from 0 to {messages.MAX_OUTPUT}")


def check_capacity(config: RuntimeConfig, records: Iterable[Record], newcomer: Record) -> None:
    """Raises `Fault(no-capacity)` when the host cannot keep its promises with one more (or one more running)."""
    others = [record for record in records if record.id != newcomer.id]
    if len(others) >= config.max_containers:
        raise Fault(
            Code.NO_CAPACITY,
            f"this host holds {len(others)} containers, which is all it may",
            hint="Delete containers that are no longer needed.",
        )
    budget = int(total_memory() * config.host_memory_share)
    promised = sum(promise(record) for record in others)
    if promised + promise(newcomer) > budget:
        raise Fault(
            Code.NO_CAPACITY,
            f"memory: {promised // MIB} of {budget // MIB} MiB are promised, {promise(newcomer) // MIB} more were"
            " asked for",
            hint="Stop containers that are no longer needed, or ask for less memory_bytes.",
        )


def promise(record: Record) -> int:
    """Bytes of the host's memory that the container may take.

    A stopped one keeps its files, which lie in memory. Started again it keeps them beside its whole limit: they were
    charged to a cgroup that is no more. While its limit is being changed, the greater of both is promised.
    """
    if record.state is model.State.STOPPED:
        return record.kept_bytes
    limits = (record.limits, record.wanted or record.limits)
    return record.kept_bytes + max(each.memory_bytes for each in limits)


def total_memory() -> int:
    """The host's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _invalid(field: str, message: str) -> Fault:
    return Fault(Code.INVALID_SPEC, message, field=field)
