"""The figures that every kind of host has in common, and the file that each comes from."""

from __future__ import annotations

from runtime.probes.gaps import Gaps
from runtime.protocol.model import Figure, Summary

UNLIMITED_V1 = 2**63 - 4096  # memory.limit_in_bytes where none is set: the largest whole number of pages

NOT_COUNTED = "v1 counts a group's I/O only on devices for which a blkio.throttle limit is set, and none is"

Figures = dict[str, dict[str, Figure]]
"""Section (`memory cpu pids io`) → file → figure."""


def _number(value: Figure) -> int | None:
    """A plain number; None for `max` and for what is missing."""
    return value if isinstance(value, int) else None


def _in(value: Figure, key: str) -> int | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, int) else None


def _sum(value: Figure, ending: str) -> int | None:
    """Over all devices: v2 lists those that were used, so none is 0."""
    if not isinstance(value, dict):
        return None
    return sum(figure for key, figure in value.items() if key.endswith(ending) and isinstance(figure, int))


def _sum_v1(value: Figure, ending: str) -> int | None:
    """As `_sum`; but v1 lists the devices it counts on, and none of them is no figure at all."""
    counted = isinstance(value, dict) and any(key.endswith(ending) for key in value)
    return _sum(value, ending) if counted else None


def _thousandth(value: int | None) -> int | None:
    return None if value is None else value // 1000


def frozen(figures: Figures) -> bool | None:
    """Whether a freezer holds every process still: v1's, or cgroup2's. None where neither can be read.

    v1 says `FREEZING` while some are not there yet (cgroup-v1/freezer-subsystem.rst); cgroup2 says 0 until all are.
    """
    state = figures["pids"].get("freezer.state")
    unified = _in(figures["pids"].get("cgroup.events"), "frozen")
    if state is None and unified is None:
        return None
    return state == "FROZEN" or unified == 1


def summarise(mode: str, figures: Figures) -> tuple[Summary, dict[str, str]]:
    """A container's figures by the names every host has, and the file each comes from."""
    return _summary_v2(figures) if mode == "v2" else _summary_v1(figures)


def _summary_v1(figures: Figures) -> tuple[Summary, dict[str, str]]:
    memory, cpu, pids = figures["memory"], figures["cpu"], figures["pids"]
    io = figures["io"].get("blkio.throttle.io_service_bytes_recursive")
    limit = _number(memory.get("memory.limit_in_bytes"))
    quota = _number(cpu.get("cpu.cfs_quota_us"))
    stat = cpu.get("cpu.stat")
    summary = Summary(
        memory_bytes=_number(memory.get("memory.usage_in_bytes")),
        memory_limit_bytes=None if limit is None or limit >= UNLIMITED_V1 else limit,
        memory_peak_bytes=_number(memory.get("memory.max_usage_in_bytes")),
        oom_kills=_in(memory.get("memory.oom_control"), "oom_kill"),
        cpu_usage_usec=_thousandth(_number(cpu.get("cpuacct.usage"))),
        cpu_quota_usec=None if quota is None or quota < 0 else quota,
        cpu_period_usec=_number(cpu.get("cpu.cfs_period_us")),
        nr_periods=_in(stat, "nr_periods"),
        nr_throttled=_in(stat, "nr_throttled"),
        throttled_usec=_thousandth(_in(stat, "throttled_time")),
        pids_current=_number(pids.get("pids.current")),
        pids_max=_number(pids.get("pids.max")),
        io_read_bytes=_sum_v1(io, " Read"),
        io_write_bytes=_sum_v1(io, " Write"),
    )
    return summary, _SOURCES_V1


def _summary_v2(figures: Figures) -> tuple[Summary, dict[str, str]]:
    memory, cpu, pids, io = (figures[section] for section in ("memory", "cpu", "pids", "io"))
    stat = cpu.get("cpu.stat")
    quota, _, period = str(cpu.get("cpu.max") or "").partition(" ")
    summary = Summary(
        memory_bytes=_number(memory.get("memory.current")),
        memory_limit_bytes=_number(memory.get("memory.max")),
        memory_peak_bytes=_number(memory.get("memory.peak")),
        oom_kills=_in(memory.get("memory.events"), "oom_kill"),
        cpu_usage_usec=_in(stat, "usage_usec"),
        cpu_quota_usec=int(quota) if quota.isdigit() else None,
        cpu_period_usec=int(period) if period.isdigit() else None,
        nr_periods=_in(stat, "nr_periods"),
        nr_throttled=_in(stat, "nr_throttled"),
        throttled_usec=_in(stat, "throttled_usec"),
        pids_current=_number(pids.get("pids.current")),
        pids_max=_number(pids.get("pids.max")),
        io_read_bytes=_sum(io.get("io.stat"), " rbytes"),
        io_write_bytes=_sum(io.get("io.stat"), " wbytes"),
    )
    return summary, _SOURCES_V2


def explain(summary: Summary, sources: dict[str, str], figures: Figures, gaps: Gaps) -> None:
    """Give each null of the summary whose file is missing that file's reason. A null with no reason is no limit."""
    for name, key in sources.items():
        if getattr(summary, name) is not None:
            continue
        section, _, file = key.partition("/")
        if figures[section].get(file) is None:
            gaps[f"cgroup.summary.{name}"] = gaps.get(f"cgroup.{section}.{file}", "not read")
        elif section == "io":
            gaps[f"cgroup.summary.{name}"] = NOT_COUNTED


_SOURCES_V1 = {
    "memory_bytes": "memory/memory.usage_in_bytes",
    "memory_limit_bytes": "memory/memory.limit_in_bytes",
    "memory_peak_bytes": "memory/memory.max_usage_in_bytes",
    "oom_kills": "memory/memory.oom_control",
    "cpu_usage_usec": "cpu/cpuacct.usage",
    "cpu_quota_usec": "cpu/cpu.cfs_quota_us",
    "cpu_period_usec": "cpu/cpu.cfs_period_us",
    "nr_periods": "cpu/cpu.stat",
    "nr_throttled": "cpu/cpu.stat",
    "throttled_usec": "cpu/cpu.stat",
    "pids_current": "pids/pids.current",
    "pids_max": "pids/pids.max",
    "io_read_bytes": "io/blkio.throttle.io_service_bytes_recursive",
    "io_write_bytes": "io/blkio.throttle.io_service_bytes_recursive",
}
_SOURCES_V2 = {
    "memory_bytes": "memory/memory.current",
    "memory_limit_bytes": "memory/memory.max",
    "memory_peak_bytes": "memory/memory.peak",
    "oom_kills": "memory/memory.events",
    "cpu_usage_usec": "cpu/cpu.stat",
    "cpu_quota_usec": "cpu/cpu.max",
    "cpu_period_usec": "cpu/cpu.max",
    "nr_periods": "cpu/cpu.stat",
    "nr_throttled": "cpu/cpu.stat",
    "throttled_usec": "cpu/cpu.stat",
    "pids_current": "pids/pids.current",
    "pids_max": "pids/pids.max",
    "io_read_bytes": "io/io.stat",
    "io_write_bytes": "io/io.stat",
}
