"""Namespaces as objects: the host's, PID 1's, those made inside; owner, parent, and what keeps one alive."""

from __future__ import annotations

from collections.abc import Iterable

from runtime.kernel.target import Target
from runtime.probes.gaps import Gaps
from runtime.probes.namespaces import HostNamespaces
from runtime.protocol.xray import NamespaceGraph


class Graphs:
    """The graph of one container, with what was read before."""

    def __init__(self, host: HostNamespaces) -> None:
        self._host = host

    def take(self, target: Target, pids: Iterable[int], now: float) -> tuple[NamespaceGraph | None, Gaps]:
        """The same object while nothing changed. `pids`: the container's, PID 1 first; `now`: seconds, monotonic."""
        del target, pids, now
        return None, {}

    def close(self) -> None:
        """Let go of every descriptor."""
