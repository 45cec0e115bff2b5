"""Which kernel files make up the cgroup panel, and how each is read.

A closed list: it is also what a request may name. Files are the kernel's (Documentation/admin-guide/cgroup-v2.rst and
cgroup-v1/), none is renamed, none is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from runtime.kernel.cgroups import UNIFIED
from runtime.protocol.model import Figure

SECTIONS = ("memory", "cpu", "pids", "io")

# memory.stat has forty lines, all of them moving, on both sides of a picture: what tells kinds of memory apart is here
# (`runtime.protocol.accounting` adds them up), the rest is one "show me" away
_MEMORY_STAT_V1 = (
    "total_cache",
    "total_rss",
    "total_shmem",
    "total_mapped_file",
    "total_inactive_file",
    "total_active_file",
    "total_swap",
)
_MEMORY_STAT_V2 = (
    "anon",
    "file",
    "kernel",
    "shmem",
    "sock",
    "file_mapped",
    "inactive_file",
    "active_file",
    "slab",
)
_MEMINFO = ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")


def word(raw: bytes) -> Figure:
    """One value: a number, or a word such as `max`, or several on one line such as `50000 100000`."""
    text = raw.decode().strip()
    try:
        return int(text)
    except ValueError:
        return text


def keyed(raw: bytes, only: tuple[str, ...] | None = None) -> Figure:
    """`key value` lines."""
    pairs = (line.rsplit(None, 1) for line in raw.decode().splitlines() if line)
    found: dict[str, int | float | str | None] = {key: int(value) for key, value in pairs}
    return found if only is None else {key: found[key] for key in only if key in found}


def nested(raw: bytes) -> Figure:
    """v2's `254:0 rbytes=1 wbytes=2` and pressure's `some avg10=0.00 total=1`, flat: `254:0 rbytes`."""
    found: dict[str, int | float | str | None] = {}
    for line in raw.decode().splitlines():
        name, *pairs = line.split()
        for pair in pairs:
            key, _, value = pair.partition("=")
            found[f"{name} {key}"] = float(value) if "." in value else int(value)
    return found


def pressure(raw: bytes) -> Figure:
    """A PSI file: the last ten seconds' share, and the microseconds in all from which every other share follows."""
    found = nested(raw)
    assert isinstance(found, dict)  # noqa: S101
    return {key: value for key, value in found.items() if key == "some avg10" or key.endswith(" total")}


def weights(raw: bytes) -> Figure:
    """io.weight: `default 100`, then a line for each device that has its own."""
    return keyed(raw)


def kibibytes(raw: bytes, only: tuple[str, ...]) -> Figure:
    """/proc/meminfo, in bytes: its `kB` are 1024."""
    found: dict[str, int | float | str | None] = {}
    for line in raw.decode().splitlines():
        key, _, rest = line.partition(":")
        if key in only:
            found[key] = int(rest.split()[0]) * 1024
    return found


def load(raw: bytes) -> Figure:
    """/proc/loadavg: the last minute's load, and how many tasks there are."""
    one, _, _, tasks, _ = raw.decode().split()
    return {"1min": float(one), "tasks": int(tasks.partition("/")[2])}


def _memory_stat_v1(raw: bytes) -> Figure:
    return keyed(raw, _MEMORY_STAT_V1)


def _memory_stat_v2(raw: bytes) -> Figure:
    return keyed(raw, _MEMORY_STAT_V2)


def _meminfo(raw: bytes) -> Figure:
    return kibibytes(raw, _MEMINFO)


def _vmstat_oom(raw: bytes) -> Figure:
    return keyed(raw, ("oom_kill",))


@dataclass(frozen=True, slots=True)
class File:
    """One file. `controller` says in which directory it is: a v1 controller, `unified`; `proc` where it is in none."""

    section: str
    name: str
    controller: str
    parse: Callable[[bytes], Figure]
    at: str = ""  # its path, where it is not in a cgroup
    live: bool = True  # false: to be asked for, but not in pictures, where each byte is sent twice
    gap: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gap", f"cgroup.{self.section}.{self.name}")

    @property
    def key(self) -> str:
        """What a `Source` request calls it."""
        return f"{self.section}/{self.name}"


_V1 = (
    File("memory", "memory.usage_in_bytes", "memory", word),
    File("memory", "memory.limit_in_bytes", "memory", word),
    File("memory", "memory.max_usage_in_bytes", "memory", word),
    File("memory", "memory.soft_limit_in_bytes", "memory", word),
    File("memory", "memory.memsw.limit_in_bytes", "memory", word),
    File("memory", "memory.kmem.usage_in_bytes", "memory", word, live=False),  # usage less rss and cache, bar a page
    File("memory", "memory.swappiness", "memory", word),
    File("memory", "memory.failcnt", "memory", word),
    File("memory", "memory.oom_control", "memory", keyed),
    File("memory", "memory.stat", "memory", _memory_stat_v1),
    File("cpu", "cpuacct.usage", "cpuacct", word),
    File("cpu", "cpuacct.stat", "cpuacct", keyed),
    File("cpu", "cpu.stat", "cpu", keyed),
    File("cpu", "cpu.cfs_quota_us", "cpu", word),
    File("cpu", "cpu.cfs_period_us", "cpu", word),
    File("cpu", "cpu.cfs_burst_us", "cpu", word),
    File("cpu", "cpu.shares", "cpu", word),
    File("cpu", "cpuset.effective_cpus", "cpuset", word),
    File("cpu", "cpuset.effective_mems", "cpuset", word),
    File("pids", "pids.current", "pids", word),
    File("pids", "pids.max", "pids", word),
    File("pids", "pids.events", "pids", keyed),
    File("pids", "freezer.state", "freezer", word),
    File("io", "blkio.throttle.io_service_bytes_recursive", "blkio", keyed),
    File("io", "blkio.bfq.weight", "blkio", word),
)
# What every cgroup2 directory has, though it has no controller
_CORE = (
    File("memory", "memory.pressure", "unified", pressure),
    File("cpu", "cpu.pressure", "unified", pressure),
    File("pids", "cgroup.freeze", "unified", word),
    File("pids", "cgroup.events", "unified", keyed),
    File("io", "io.pressure", "unified", pressure),
)
_V2 = (
    File("memory", "memory.current", "unified", word),
    File("memory", "memory.max", "unified", word),
    File("memory", "memory.high", "unified", word),
    File("memory", "memory.low", "unified", word),
    File("memory", "memory.min", "unified", word),
    File("memory", "memory.peak", "unified", word),
    File("memory", "memory.swap.current", "unified", word),
    File("memory", "memory.swap.max", "unified", word),
    File("memory", "memory.events", "unified", keyed),
    File("memory", "memory.events.local", "unified", keyed),
    File("memory", "memory.stat", "unified", _memory_stat_v2),
    File("cpu", "cpu.stat", "unified", keyed),
    File("cpu", "cpu.max", "unified", word),
    File("cpu", "cpu.max.burst", "unified", word),
    File("cpu", "cpu.weight", "unified", word),
    File("cpu", "cpuset.cpus.effective", "unified", word),
    File("cpu", "cpuset.mems.effective", "unified", word),
    File("pids", "pids.current", "unified", word),
    File("pids", "pids.max", "unified", word),
    File("pids", "pids.events", "unified", keyed),
    File("io", "io.stat", "unified", nested),
    File("io", "io.weight", "unified", weights),
    *_CORE,
)
MACHINE = (
    File("memory", "meminfo", "proc", _meminfo, "/proc/meminfo"),
    File("memory", "vmstat", "proc", _vmstat_oom, "/proc/vmstat"),
    File("cpu", "online", "proc", word, "/sys/devices/system/cpu/online"),
    File("pids", "loadavg", "proc", load, "/proc/loadavg"),
    File("pids", "pid_max", "proc", word, "/proc/sys/kernel/pid_max"),
)


CORE_FILES = frozenset(file.name for file in _CORE)
"""cgroup2's own, which on a hybrid host only the host sees."""

PULSE = frozenset({"cpuacct.usage", "memory.usage_in_bytes", "cpu.stat", "memory.current", "pids.current"})
"""Files of which one moves whenever anything of the container has run, be it for a nanosecond."""

SPARED: dict[str, frozenset[str] | None] = {
    "cpuacct.usage": None,
    "cpuacct.stat": None,
    "pids.current": None,
    "memory.max_usage_in_bytes": None,
    "memory.peak": None,
    "cpu.stat": frozenset(
        {"usage_usec", "user_usec", "system_usec", "nr_periods", "nr_throttled", "throttled_time", "throttled_usec"}
    ),
}
"""Files, or lines of them (None: the whole file), that a stream's pictures leave out. They always move, and the summary
has them, so that the patch of a fork would carry each four times; or no panel shows them beyond where they stand."""

LIMITS_V1 = {"memory_bytes": ("memory", "memory.limit_in_bytes"), "pids": ("pids", "pids.max")}
LIMITS_V2 = {"memory_bytes": (UNIFIED, "memory.max"), "pids": (UNIFIED, "pids.max")}
"""Key of `Cgroup.effective` → controller and file, of the limits that hold for all below a directory."""


@cache
def of_mode(mode: str) -> tuple[File, ...]:
    """The files of a container's cgroup."""
    return {"v1": _V1, "v2": _V2, "hybrid": (*_V1, *_CORE)}[mode]


def spared(figures: dict[str, dict[str, Figure]]) -> dict[str, dict[str, Figure]]:
    """The figures by their files' names, without what a stream leaves out."""
    return {
        section: {
            name: _less(figure, SPARED.get(name, frozenset()))
            for name, figure in files.items()
            if figure is None or SPARED.get(name, frozenset()) is not None
        }
        for section, files in figures.items()
    }


def _less(figure: Figure, lines: frozenset[str] | None) -> Figure:
    if not lines or not isinstance(figure, dict):
        return figure
    return {key: value for key, value in figure.items() if key not in lines}


def by_key(files: tuple[File, ...], key: str) -> File | None:
    """The file a request names, by `section/name` or `controller/name` (`cpu/` or `cpuacct/cpuacct.usage`)."""
    group, _, name = key.partition("/")
    return next((file for file in files if file.name == name and group in (file.section, file.controller)), None)
