"""How much memory a container uses: one set of figures, four answers, and the parts they are made of.

Pure: from the files of a `Cgroup` alone. The page has a twin of this file; both are held to the examples of
tests/unit/accounting.json, which is a list of

    {"name": …, "cgroup": {"mode": "v1" | "hybrid" | "v2", "memory": {file: figure, …}},
     "meminfo": {"MemTotal": …, "MemAvailable": …} | null, "answer": what `used` returns, as JSON}

Who counts how (all bytes, file names as the kernel writes them):

kernel      what the limit is held against: memory.usage_in_bytes (memory.current)
docker      `docker stats`: usage − total_inactive_file (inactive_file); the whole usage where that is no less
            (docker/cli, cli/command/container/stats_helpers.go)
kubernetes  the working set of `kubectl top` and of evictions: usage − total_inactive_file (inactive_file), never below
            0 (google/cadvisor, container/libcontainer/handler.go)
free        free(1) inside the container: MemTotal − MemAvailable of /proc/meminfo, which is the whole machine's
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from runtime.protocol.model import Cgroup, Figure

Counter = Literal["kernel", "docker", "kubernetes", "free"]
Kind = Literal["anon", "shmem", "active_file", "inactive_file", "file_other", "slab", "kernel", "sock", "rest"]


class Count(Struct, frozen=True, kw_only=True):
    """One answer. `bytes` is null where a file it needs is missing; `formula` names the files."""

    by: Counter
    bytes: int | None
    formula: str


class Part(Struct, frozen=True, kw_only=True):
    """One part of the usage. `formula`: the lines it is read from."""

    kind: Kind
    bytes: int
    formula: str


class UsedMemory(Struct, frozen=True, kw_only=True):
    """`anatomy` in the order it is drawn, from what cannot be dropped to what can, then the kernel's own.

    The parts sum up to the kernel's `usage`, but where the files are read a moment apart or a processor has not yet
    added what it charged: then the last part is 0 and the sum a little more. v1 has no figure for the kernel's own
    memory beside memory.kmem.usage_in_bytes, which is what the usage has over anonymous memory and page cache.
    """

    counts: list[Count]
    anatomy: list[Part]


def used(cgroup: Cgroup, meminfo: Mapping[str, int | float | str | None] | None = None) -> UsedMemory:
    """The four answers and the anatomy. `meminfo`: lines of /proc/meminfo in bytes; else those the host's side has."""
    memory = cgroup.memory
    usage_file, stat, names = _V2 if cgroup.mode == "v2" else _V1
    usage = _number(memory.get(usage_file))
    lines = memory.get(stat)
    inactive = _line(lines, names["inactive_file"])
    machine = meminfo if meminfo is not None else _map(memory.get("meminfo"))
    total, available = _number(machine.get("MemTotal")), _number(machine.get("MemAvailable"))
    less = f"{usage_file} − {names['inactive_file']}"
    clean = None if usage is None or inactive is None else usage - inactive
    counts = [
        Count(by="kernel", bytes=usage, formula=usage_file),
        Count(by="docker", bytes=clean if clean is None or clean > 0 else usage, formula=less),
        Count(by="kubernetes", bytes=clean if clean is None else max(0, clean), formula=less),
        Count(
            by="free",
            bytes=None if total is None or available is None else total - available,
            formula="MemTotal − MemAvailable",
        ),
    ]
    return UsedMemory(counts=counts, anatomy=_anatomy(cgroup, usage_file, names, usage))


def _anatomy(cgroup: Cgroup, usage_file: str, names: Mapping[str, str], usage: int | None) -> list[Part]:
    """What is known of the parts; none without memory.stat."""
    memory = cgroup.memory
    lines = memory.get("memory.stat")
    if not isinstance(lines, dict):
        return []

    def line(kind: str) -> int:
        return _line(lines, names[kind]) or 0

    cache = [line(kind) for kind in ("shmem", "active_file", "inactive_file")]
    parts = [
        Part(kind="anon", bytes=line("anon"), formula=names["anon"]),
        Part(kind="shmem", bytes=cache[0], formula=names["shmem"]),
        Part(kind="active_file", bytes=cache[1], formula=names["active_file"]),
        Part(kind="inactive_file", bytes=cache[2], formula=names["inactive_file"]),
        Part(
            kind="file_other",
            bytes=max(0, line("file") - sum(cache)),
            formula=f"{names['file']} − {names['shmem']} − {names['active_file']} − {names['inactive_file']}",
        ),
    ]
    if cgroup.mode == "v2":
        slab = line("slab")
        parts += [
            Part(kind="slab", bytes=slab, formula="slab"),
            Part(kind="kernel", bytes=max(0, line("kernel") - slab), formula="kernel − slab"),
            Part(kind="sock", bytes=line("sock"), formula="sock"),
        ]
        if usage is not None:
            known = sum(part.bytes for part in parts)
            parts.append(Part(kind="rest", bytes=max(0, usage - known), formula=f"{usage_file} − the parts above"))
    elif usage is not None:
        kernel = max(0, usage - line("anon") - line("file"))
        parts.append(Part(kind="kernel", bytes=kernel, formula=f"{usage_file} − {names['anon']} − {names['file']}"))
    return parts


def _number(value: Figure) -> int | None:
    return value if isinstance(value, int) else None


def _map(value: Figure) -> Mapping[str, int | float | str | None]:
    return value if isinstance(value, dict) else {}


def _line(value: Figure, key: str) -> int | None:
    return _number(_map(value).get(key))


_V1 = (
    "memory.usage_in_bytes",
    "memory.stat",
    {
        "anon": "total_rss",
        "file": "total_cache",
        "shmem": "total_shmem",
        "active_file": "total_active_file",
        "inactive_file": "total_inactive_file",
    },
)
_V2 = (
    "memory.current",
    "memory.stat",
    {
        "anon": "anon",
        "file": "file",
        "shmem": "shmem",
        "active_file": "active_file",
        "inactive_file": "inactive_file",
        "slab": "slab",
        "kernel": "kernel",
        "sock": "sock",
    },
)
