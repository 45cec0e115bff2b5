"""Figures of the terminals, as the worker counts them, and of this web process' sockets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from playground.services import tally
from runtime.protocol.terminals import Histogram, TerminalMeters

PREFIX = "terrarium_terminal_"
ROLES = ("rw", "ro", "guest")

# Counters are named without their `_total`, which the library writes.
COUNTERS = {
    "pty_read_bytes": "Bytes read from ptys.",
    "sent_bytes": "Bytes of output sent to viewers.",
    "replay_bytes": "Bytes of output sent again, to viewers that came back.",
    "paused_seconds": "Time for which a pty was not read, as who governs it was behind.",
    "lag_gaps": "Times that a viewer fell so far behind that output was left out.",
    "input_dropped": "Inputs that a pty did not take.",
}
GAUGES = {
    "sessions": "Terminals, ended ones that can still be read among them.",
    "ring_bytes": "Memory that keeps the last output.",
    "keeper_fds": "Descriptors that the keeper holds for terminals.",
    "recordings": "Recordings under way.",
}
HISTOGRAMS = {
    "unacked_bytes": "Bytes sent to a viewer and not yet shown by it, at each acknowledgement.",
    "echo_seconds": "From input written to a pty to the first output after it.",
    "ping_rtt_seconds": "From a browser to the worker and back.",
}


def families(meters: TerminalMeters) -> Iterator[Metric]:
    """All since this worker began. A histogram that the worker does not keep is left out."""
    for name, text in COUNTERS.items():
        yield CounterMetricFamily(PREFIX + name, text, getattr(meters, name))
    for name, text in GAUGES.items():
        yield GaugeMetricFamily(PREFIX + name, text, getattr(meters, name))
    viewers = GaugeMetricFamily(PREFIX + "viewers", "Attached viewers, by role.", labels=["role"])
    for role in ROLES:  # that of none too: what is absent cannot be summed
        viewers.add_metric([role], meters.viewers.get(role, 0))
    yield viewers
    failures = CounterMetricFamily(
        PREFIX + "attach_failures", "Viewers that were turned away, by reason.", labels=["reason"]
    )
    for reason, count in sorted(meters.attach_failures.items()):
        failures.add_metric([reason], count)
    if failures.samples:
        yield failures
    for name, text in HISTOGRAMS.items():
        found: Histogram | None = getattr(meters, name)
        if found is not None:
            yield HistogramMetricFamily(PREFIX + name, text, buckets=_buckets(found), sum_value=found.sum)


def _buckets(found: Histogram) -> list[tuple[str, float]]:
    """Prometheus' are cumulative, and the last has no bound."""
    bounds = [*(floatToGoString(bound) for bound in found.bounds), "+Inf"]  # type: ignore[no-untyped-call]
    return list(zip(bounds, map(float, accumulate(found.counts)), strict=True))


def sockets() -> Iterator[Metric]:
    """Of this web process alone, worker or not."""
    opened = GaugeMetricFamily("terrarium_web_sockets", "Open WebSockets, by kind.", labels=["kind"])
    for kind in tally.KINDS:
        opened.add_metric([kind], tally.opened[kind])
    yield opened
    closed = CounterMetricFamily(
        "terrarium_web_socket_closes", "WebSockets that ended, by kind and close code.", labels=["kind", "code"]
    )
    for (kind, code), count in sorted(tally.closed.copy().items()):
        closed.add_metric([kind, code], count)
    if closed.samples:
        yield closed
