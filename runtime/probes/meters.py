"""A container's counters for a metrics scrape, of all that run: plain reads, nothing kept.

Some twenty files are read anew in a fifth of a millisecond a container; keeping two thousand open from one scrape to
the next, for a hundred, would cost more. Call it in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from runtime.kernel import procfs
from runtime.kernel.cgroups import UNIFIED
from runtime.kernel.target import Target
from runtime.protocol.xray import Meter

_TICK = os.sysconf("SC_CLK_TCK")
_UNLIMITED_V1 = 2**63 - 4096
_NAMES = {"some": "waiting", "full": "stalled"}  # as cAdvisor calls the two lines of a PSI file
Lines = dict[str, int]


def read(targets: Iterable[Target]) -> list[Meter]:
    """One `Meter` each; what cannot be read is null. Never raises for a container that vanishes."""
    return [_read(target) for target in targets]


def _read(target: Target) -> Meter:
    files = _Files(target.cgroup_paths)
    figures = _v2(files) if target.cgroup_mode == "v2" else _v1(files)
    usage, inactive = figures.get("memory_usage_bytes"), figures.pop("inactive", None)
    if usage is not None and inactive is not None:
        figures["memory_working_set_bytes"] = max(0, int(usage) - int(inactive))
    figures |= _disk(target) | _network(target)
    container = target.container
    return Meter(
        id=container.id,
        name=container.name,
        image=container.image,
        started_at=container.started_at,
        processes=files.count("pids" if "pids" in target.cgroup_paths else UNIFIED, "cgroup.procs"),
        threads=files.number("pids", "pids.current"),
        threads_max=files.number("pids", "pids.max"),
        pressure=_pressure(files),
        **figures,  # type: ignore[arg-type]
    )


class _Files:
    """The files of one container, by v1 controller; on cgroup2 all are in one directory."""

    def __init__(self, paths: dict[str, str]) -> None:
        self._paths = paths

    def raw(self, controller: str, name: str) -> bytes:
        """Empty for what cannot be read."""
        directory = self._paths.get(controller) or self._paths.get(UNIFIED)
        try:
            return procfs.read(f"{directory}/{name}")
        except OSError:
            return b""

    def has(self, controller: str, name: str) -> bool:
        return os.path.exists(f"{self._paths.get(controller) or self._paths.get(UNIFIED)}/{name}")

    def number(self, controller: str, name: str) -> int | None:
        """None for `max` and v1's largest number too."""
        try:
            value = int(self.raw(controller, name))
        except ValueError:
            return None
        return value if 0 <= value < _UNLIMITED_V1 else None

    def lines(self, controller: str, name: str) -> Lines:
        found = {}
        for line in self.raw(controller, name).splitlines():
            key, _, value = line.rpartition(b" ")
            if value.isdigit():
                found[key.decode()] = int(value)
        return found

    def count(self, controller: str, name: str) -> int | None:
        return self.raw(controller, name).count(b"\n")


Figures = dict[str, float | int | None]


def _v1(files: _Files) -> Figures:
    stat, ticks = files.lines("cpu", "cpu.stat"), files.lines("cpuacct", "cpuacct.stat")
    memory = files.lines("memory", "memory.stat")
    quota, period = files.number("cpu", "cpu.cfs_quota_us"), files.number("cpu", "cpu.cfs_period_us")
    io = files.lines("blkio", "blkio.throttle.io_service_bytes_recursive")
    return {
        "cpu_usage_seconds": _over(files.number("cpuacct", "cpuacct.usage"), 1e9),
        "cpu_user_seconds": _over(ticks.get("user"), _TICK),
        "cpu_system_seconds": _over(ticks.get("system"), _TICK),
        "cfs_periods": stat.get("nr_periods"),
        "cfs_throttled_periods": stat.get("nr_throttled"),
        "cfs_throttled_seconds": _over(stat.get("throttled_time"), 1e9),
        "cpu_quota_cores": quota / period if quota and period else None,
        "memory_usage_bytes": files.number("memory", "memory.usage_in_bytes"),
        "memory_rss_bytes": memory.get("total_rss"),
        "memory_cache_bytes": memory.get("total_cache"),
        "memory_max_usage_bytes": files.number("memory", "memory.max_usage_in_bytes"),
        "memory_limit_bytes": files.number("memory", "memory.limit_in_bytes"),
        "oom_events": files.lines("memory", "memory.oom_control").get("oom_kill"),
        "inactive": memory.get("total_inactive_file"),
        "fs_reads_bytes": _sum(io, " Read"),
        "fs_writes_bytes": _sum(io, " Write"),
    }


def _v2(files: _Files) -> Figures:
    stat, memory = files.lines(UNIFIED, "cpu.stat"), files.lines(UNIFIED, "memory.stat")
    quota, _, period = files.raw(UNIFIED, "cpu.max").decode().strip().partition(" ")
    io: Lines = {}
    for line in files.raw(UNIFIED, "io.stat").decode().splitlines():
        device, *pairs = line.split()
        for pair in pairs:
            key, _, value = pair.partition("=")
            io[f"{device} {key}"] = int(value)
    nothing = 0 if files.has(UNIFIED, "io.stat") else None  # a device is listed once it was used
    return {
        "cpu_usage_seconds": _over(stat.get("usage_usec"), 1e6),
        "cpu_user_seconds": _over(stat.get("user_usec"), 1e6),
        "cpu_system_seconds": _over(stat.get("system_usec"), 1e6),
        "cfs_periods": stat.get("nr_periods"),
        "cfs_throttled_periods": stat.get("nr_throttled"),
        "cfs_throttled_seconds": _over(stat.get("throttled_usec"), 1e6),
        "cpu_quota_cores": int(quota) / int(period) if quota.isdigit() and period.isdigit() else None,
        "memory_usage_bytes": files.number(UNIFIED, "memory.current"),
        "memory_rss_bytes": memory.get("anon"),
        "memory_cache_bytes": memory.get("file"),
        "memory_max_usage_bytes": files.number(UNIFIED, "memory.peak"),
        "memory_limit_bytes": files.number(UNIFIED, "memory.max"),
        "oom_events": files.lines(UNIFIED, "memory.events").get("oom_kill"),
        "inactive": memory.get("inactive_file"),
        "fs_reads_bytes": _sum(io, " rbytes") or nothing,
        "fs_writes_bytes": _sum(io, " wbytes") or nothing,
    }


def _over(value: int | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _sum(lines: Lines, ending: str) -> int | None:
    """Over all devices; None where none is listed, as v1 lists those that it counts on."""
    found = [value for key, value in lines.items() if key.endswith(ending)]
    return sum(found) if found else None


def _pressure(files: _Files) -> dict[str, float]:
    """Seconds since birth, from `total=` of cgroup2's PSI files (Documentation/accounting/psi.rst)."""
    found = {}
    for kind in ("cpu", "memory", "io"):
        for line in files.raw(UNIFIED, f"{kind}.pressure").decode().splitlines():
            name, _, rest = line.partition(" ")
            total = rest.rpartition("total=")[2]
            if name in _NAMES and total.isdigit():
                found[f"{kind} {_NAMES[name]}"] = int(total) / 1e6
    return found


def _disk(target: Target) -> Figures:
    """The upper is a file system of its own, so its free blocks say what is used of it."""
    try:
        room = os.statvfs(target.upperdir or "")
    except OSError:
        return {}
    return {
        "fs_usage_bytes": (room.f_blocks - room.f_bfree) * room.f_frsize,
        "fs_limit_bytes": room.f_blocks * room.f_frsize,
    }


def _network(target: Target) -> Figures:
    """All interfaces but the loopback; none: no figures. proc_pid_net(5): dev."""
    try:
        raw = procfs.read(f"/proc/{target.pid}/net/dev").decode()
    except OSError:
        return {}
    rows = [line.partition(":") for line in raw.splitlines()[2:]]
    found = [rest.split() for name, _, rest in rows if name.strip() != "lo"]
    if not found:
        return {}
    return {
        "network_receive_bytes": sum(int(row[0]) for row in found),
        "network_transmit_bytes": sum(int(row[8]) for row in found),
    }
