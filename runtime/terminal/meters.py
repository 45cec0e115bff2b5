"""What the terminals of this worker did, in plain numbers: counted where it happens, at the cost of an addition."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from runtime.protocol import terminals

if TYPE_CHECKING:
    from runtime.terminal.session import Session

_KIB = 1024
_REASONS = 32  # different reasons of failed attaches that are told apart


class Histogram:
    """`bounds`: upper ones, inclusive."""

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def told(self) -> terminals.Histogram:
        return terminals.Histogram(bounds=list(self.bounds), counts=list(self.counts), sum=self.sum)


class Meters:
    """Totals since this worker began. Bytes, seconds."""

    def __init__(self) -> None:
        self.read = 0
        self.sent = 0
        self.replayed = 0
        self.paused = 0.0
        self.gaps = 0
        self.dropped = 0  # pieces of input
        self.failures: Counter[str] = Counter()
        self.unacked = Histogram(*(_KIB << power for power in range(0, 10)))
        self.echo = Histogram(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
        self.rtt = Histogram(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

    def failed(self, reason: str) -> None:
        """An attach that did not come to be."""
        self.failures[reason if reason in self.failures or len(self.failures) < _REASONS else "other"] += 1

    def told(self, sessions: Iterable[Session]) -> terminals.TerminalMeters:
        """With what is so now: `sessions` are all there are."""
        viewers: Counter[str] = Counter()
        count = ring_bytes = descriptors = recordings = 0
        for session in sessions:
            count += 1
            ring_bytes += session.ring.capacity
            descriptors += len(session.descriptors())
            recordings += session.tape is not None
            viewers.update("guest" if viewer.guest else viewer.role for viewer in session.viewers.values())
        return terminals.TerminalMeters(
            sessions=count,
            viewers=dict(viewers),
            pty_read_bytes=self.read,
            sent_bytes=self.sent,
            replay_bytes=self.replayed,
            paused_seconds=self.paused,
            lag_gaps=self.gaps,
            input_dropped=self.dropped,
            attach_failures=dict(self.failures),
            ring_bytes=ring_bytes,
            keeper_fds=descriptors,
            recordings=recordings,
            unacked_bytes=self.unacked.told(),
            echo_seconds=self.echo.told(),
            ping_rtt_seconds=self.rtt.told(),
        )


METERS = Meters()
