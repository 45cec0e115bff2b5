"""What a scrape tells: containers' counters under cAdvisor's names, the terminals', and whether there is a worker.

Names, types and units are cAdvisor's (docs/storage/prometheus.md), so that dashboards made for it fit. Labels are few
and live as long as their container: never a pid or an inode, of which there would be ever more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from playground import worker
from playground.services import metrics_terminals
from runtime.errors import Fault
from runtime.protocol import messages, model, xray

LABELS = ("id", "name", "image")
PERIOD = 100_000  # microseconds, the kernel's usual one, in which a quota of cores is told
PATIENCE = 8.0  # seconds; a scrape's own are ten

Reading = Callable[[xray.Meter], float | None]


def _of(name: str) -> Reading:
    return lambda meter: getattr(meter, name)


def _pressure(kind: str) -> Reading:
    return lambda meter: meter.pressure.get(kind)


def _quota(meter: xray.Meter) -> float | None:
    return None if meter.cpu_quota_cores is None else meter.cpu_quota_cores * PERIOD


def _period(meter: xray.Meter) -> float | None:
    return None if meter.cpu_quota_cores is None else PERIOD


# Counters are named without their `_total`, which the library writes.
COUNTERS: dict[str, tuple[Reading, str]] = {
    "container_cpu_usage_seconds": (_of("cpu_usage_seconds"), "CPU time used."),
    "container_cpu_user_seconds": (_of("cpu_user_seconds"), "CPU time used in user mode."),
    "container_cpu_system_seconds": (_of("cpu_system_seconds"), "CPU time used in kernel mode."),
    "container_cpu_cfs_periods": (_of("cfs_periods"), "Scheduler periods in which it wanted to run."),
    "container_cpu_cfs_throttled_periods": (_of("cfs_throttled_periods"), "Of these, those in which it was throttled."),
    "container_cpu_cfs_throttled_seconds": (_of("cfs_throttled_seconds"), "Time for which it was throttled."),
    "container_oom_events": (_of("oom_events"), "Processes killed for want of memory."),
    "container_fs_reads_bytes": (_of("fs_reads_bytes"), "Bytes read from block devices."),
    "container_fs_writes_bytes": (_of("fs_writes_bytes"), "Bytes written to block devices."),
    "container_network_receive_bytes": (_of("network_receive_bytes"), "Bytes received."),
    "container_network_transmit_bytes": (_of("network_transmit_bytes"), "Bytes sent."),
    **{
        f"container_pressure_{what}_{how}_seconds": (
            _pressure(f"{what} {how}"),
            f"Time for which {'some' if how == 'waiting' else 'all'} of its tasks waited for {what}.",
        )
        for what in ("cpu", "memory", "io")
        for how in ("waiting", "stalled")
    },
}
GAUGES: dict[str, tuple[Reading, str]] = {
    "container_start_time_seconds": (_of("started_at"), "When it was started, since the epoch."),
    "container_memory_usage_bytes": (_of("memory_usage_bytes"), "Memory used, the page cache too."),
    "container_memory_working_set_bytes": (_of("memory_working_set_bytes"), "Memory used, without cold page cache."),
    "container_memory_rss": (_of("memory_rss_bytes"), "Anonymous memory, in bytes."),
    "container_memory_cache": (_of("memory_cache_bytes"), "Page cache, in bytes."),
    "container_memory_max_usage_bytes": (_of("memory_max_usage_bytes"), "The most memory that was ever used."),
    "container_processes": (_of("processes"), "Processes."),
    "container_threads": (_of("threads"), "Threads."),
    "container_threads_max": (_of("threads_max"), "Threads that there may be."),
    "container_fs_usage_bytes": (_of("fs_usage_bytes"), "What it has written to its root file system."),
    "container_fs_limit_bytes": (_of("fs_limit_bytes"), "What it may write there."),
    "container_spec_memory_limit_bytes": (_of("memory_limit_bytes"), "Memory that it may use."),
    "container_spec_cpu_quota": (_quota, "CPU time that it may use in a period, in microseconds."),
    "container_spec_cpu_period": (_period, "That period, in microseconds."),
}


def exposition(accept: str) -> tuple[bytes, str]:
    """What a scraper that sends `Accept: accept` gets, and its content type. A worker that is away is a figure too."""
    encode, kind = choose_encoder(accept)
    registry = CollectorRegistry()
    registry.register(_Scrape())
    return encode(registry), kind


class _Scrape(Collector):
    """One look at the worker."""

    def collect(self) -> Iterator[Metric]:
        yield from metrics_terminals.sockets()
        try:
            measured = worker.call(messages.Measure(), messages.Measured, timeout=PATIENCE)
            containers = worker.call(messages.List(owner=None), messages.Many, timeout=PATIENCE).containers
        except Fault:
            yield GaugeMetricFamily("terrarium_worker_up", "Whether the worker answers.", 0)
            return
        yield GaugeMetricFamily("terrarium_worker_up", "Whether the worker answers.", 1)
        yield _states(containers)
        yield from _families(measured.meters)
        yield from metrics_terminals.families(measured.terminals)


def _states(containers: list[model.Container]) -> Metric:
    """Every state is there, that of none too: what is absent cannot be summed."""
    found = Counter(container.state for container in containers)
    family = GaugeMetricFamily("terrarium_containers", "Containers, by state.", labels=["state"])
    for state in model.State:
        family.add_metric([str(state)], found[state])
    return family


def _families(meters: list[xray.Meter]) -> Iterator[Metric]:
    """A figure that this host does not count has no sample; a family that no container has is left out."""
    labels = {meter.id: [f"/terrarium/{meter.id}", meter.name, meter.image] for meter in meters}
    for table, kind in ((COUNTERS, CounterMetricFamily), (GAUGES, GaugeMetricFamily)):
        for name, (reading, text) in table.items():
            family = kind(name, text, labels=LABELS)
            for meter in meters:
                if (value := reading(meter)) is not None:
                    family.add_metric(labels[meter.id], value)
            if family.samples:
                yield family
    seen = GaugeMetricFamily("container_last_seen", "When it was last looked at, since the epoch.", labels=LABELS)
    for meter in meters:
        seen.add_metric(labels[meter.id], time.time())
    yield seen
