"""Who made a namespace, or entered another than it had: told from two pictures, once for each process and kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runtime.kernel.target import Target
from runtime.protocol.model import NAMESPACE_KINDS, Snapshot
from runtime.protocol.xray import Event, NamespaceGraph


class NamespaceObserver:
    """An `Observer`. A process born where its parent is has made nothing, and is no news."""

    def __init__(self, tell: Callable[[str, Event], None], poke: Callable[[str], None]) -> None:
        del poke
        self._tell = tell

    def start(self, target: Target) -> None:
        """Nothing to prepare."""

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        """Compare where processes are with where they, or their parents, were."""
        if before is None or before.graph is None or after.graph is None or before.graph is after.graph:
            return
        if before.graph.own.get("pid") != after.graph.own.get("pid"):
            return  # another PID 1
        for event in _moves(before, before.graph, after, after.graph):
            self._tell(target.container.id, event)

    def gaps_of(self, _id: str) -> dict[str, str]:
        return {}  # what it looks at is in every picture

    def stop(self, id: str) -> None:
        """Nothing to let go of."""

    def close(self) -> None:
        """Nothing to let go of."""


def _moves(before: Snapshot, old: NamespaceGraph, after: Snapshot, new: NamespaceGraph) -> Iterator[Event]:
    for pid in _candidates(after, old, new):
        known = before.container.processes.get(pid)
        process = after.container.processes[pid]
        is_new = known is None or known.starttime != process.starttime
        outer = after.host.processes.get(pid)
        # Where it was itself; of one that was born meanwhile, where its parent is
        origin = str(outer.ppid) if is_new and outer else pid
        graph = new if is_new else old
        if is_new and origin not in after.container.processes:
            origin = ""  # it came from outside: where PID 1 is goes without saying
        for kind in NAMESPACE_KINDS:
            now, was = _at(new, pid, kind), _at(graph, origin, kind)
            if now and now != was:
                yield Event(
                    seq=0, at=0.0, kind="namespace", pid=int(pid), ns_pid=process.pid, comm=process.comm,
                    namespace=now, was=was or None,
                )  # fmt: skip


def _candidates(after: Snapshot, old: NamespaceGraph, new: NamespaceGraph) -> Iterator[str]:
    """Processes of which something is said that was not said before; PID 1 itself when it moved."""
    if old.own != new.own:
        yield next(iter(after.container.processes), "")
    for pid in dict.fromkeys((*new.differs, *old.differs)):
        if pid in after.container.processes and new.differs.get(pid) != old.differs.get(pid):
            yield pid


def _at(graph: NamespaceGraph, pid: str, kind: str) -> str | None:
    return graph.differs.get(pid, {}).get(kind) or graph.own.get(kind)
