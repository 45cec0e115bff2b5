"""Namespaces as objects: the host's, PID 1's, those made inside; owner, parent, and what keeps one alive.

Nothing is held: a descriptor of a namespace would keep it alive, and what is shown is what is there without us.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runtime.kernel import mountinfo, nsfs, procfs
from runtime.kernel.target import Target
from runtime.probes import namespace_keepers as keepers
from runtime.probes.gaps import Gaps, why
from runtime.probes.namespace_facts import Facts
from runtime.probes.namespaces import HostNamespaces
from runtime.protocol.model import NAMESPACE_KINDS, Process
from runtime.protocol.xray import KeptBy, NamespaceGraph, NamespaceObject

FOR_CHILDREN = ("pid_for_children", "time_for_children")
LINKS = (*NAMESPACE_KINDS, *FOR_CHILDREN)
TURNS = 32  # processes asked again in one picture though nothing is seen to have changed about them
MAX_SECONDS = 0.003  # for asking more than that: of nine hundred new ones, some wait for the next picture
ONCE_SECONDS = 2.0  # the same where no next picture will come
SEARCH_SECONDS = 5.0  # between two searches for what keeps namespaces without a process, and of nested mount tables

Ids = dict[str, str]
"""Link of /proc/PID/ns → key; an empty key: ENOENT, before the first child. A zombie has but `pid` and `user`."""


@dataclass(slots=True)
class _Member:
    """A process, and the namespaces it was last seen in."""

    process: Process
    ids: Ids


class Graphs:
    """The graph of one container, with what was read before."""

    def __init__(self, proc: procfs.Proc, host: HostNamespaces, seconds: float = MAX_SECONDS) -> None:
        """`seconds`: how long a picture may ask processes."""
        self._proc = proc
        self._seconds = seconds
        self._host = frozenset(id for id in host.ids.values() if id)
        self._host_user = host.ids.get("user")
        self._initial = {
            id: NamespaceObject(
                kind=kind,
                initial=True,
                owner=None if kind == "user" else self._host_user,
                owner_uid=0 if kind == "user" else None,
            )
            for kind, id in host.ids.items()
            if id
        }
        self._forget((None, 0))

    def _forget(self, init: tuple[int | None, int]) -> None:
        self._init = init
        self._processes: Mapping[str, Process] = {}
        self._members: dict[str, _Member] = {}
        self._facts = Facts(self._host)
        self._kept: dict[str, list[KeptBy]] = {}
        self._mounted: dict[str, list[KeptBy]] = {}
        self._mounts: tuple[mountinfo.Mount, ...] | None = None
        self._search_at = 0.0
        self._turn = 0
        self._unasked = 0
        self._graph: NamespaceGraph | None = None
        self._gaps: Gaps = {}

    def take(
        self,
        target: Target,
        processes: Mapping[str, Process],
        mounts: tuple[mountinfo.Mount, ...] | None,
        now: float,
        still: bool = False,
    ) -> tuple[NamespaceGraph | None, Gaps]:
        """The same object while nothing changed.

        `processes`: the container's, by host pid, PID 1 first, the same object while nothing changed; `mounts`: PID
        1's table, likewise; `now`: seconds, monotonic; `still`: none of the processes has run since the last call, so
        that none can be elsewhere.
        """
        if (target.pid, target.starttime) != self._init:
            self._forget((target.pid, target.starttime))
        unchanged = processes is self._processes and mounts is self._mounts and not self._unasked
        if still and unchanged and self._graph is not None:
            return self._graph, self._gaps
        self._processes = processes
        gaps = self._gaps = {}
        changed = self._look(str(target.pid), processes, gaps)
        own = self._members.get(str(target.pid))
        if own is None:
            return None, gaps or {"graph": "PID 1 has ended"}
        due = now >= self._search_at
        tables = self._tables(own) if due else []
        if mounts is not self._mounts or (due and (tables or self._mounted)):
            self._mounts = mounts
            changed |= self._look_at_mounts(mounts or (), tables)
        if changed or (due and self._kept) or self._graph is None:
            drawn = self._draw(own, due)
            if drawn != self._graph:
                self._graph = drawn
        if due:
            self._search_at = now + SEARCH_SECONDS
        return self._graph, gaps

    def close(self) -> None:
        """Forget everything; there is nothing open."""
        self._forget((None, 0))

    def _look(self, init: str, processes: Mapping[str, Process], gaps: Gaps) -> bool:
        """Ask new and changed processes, and some of the others, where they are. Whether that changes the graph."""
        changed = False
        own = self._members[init].ids if init in self._members else {}
        for key in self._members.keys() - processes.keys():
            changed |= self._members.pop(key).ids != own
        until = time.perf_counter() + self._seconds
        keys, turn = self._next_turn(processes)
        self._unasked = asked = 0
        for key in keys:
            process, known = processes[key], self._members.get(key)
            if known is not None and known.process is process and key not in turn:
                continue
            if asked > TURNS and time.perf_counter() > until:
                self._unasked += known is None
                continue
            asked += 1
            same = known is not None and known.process.starttime == process.starttime
            ids = known.ids if known is not None and same else None
            try:
                ids = self._ids(process, int(key), ids)
            except (OSError, ValueError) as error:
                if not (isinstance(error, OSError) and error.errno in procfs.GONE):
                    gaps[f"graph.{'own' if key == init else f'differs.{key}'}"] = why(error, f"/proc/{key}/ns")
                if ids is None:
                    changed |= self._members.pop(key, None) is not None
                    continue
            if key == init:
                changed |= ids != own
                own = ids
            elif known is None or ids is not known.ids:
                changed |= ids != own or (known is not None and known.ids != own)
            self._members[key] = _Member(process, own if ids == own else ids)
        if self._unasked:
            gaps["graph.differs"] = f"{self._unasked} of {len(processes)} processes are still to be asked"
        return changed

    def _next_turn(self, processes: Mapping[str, Process]) -> tuple[list[str], set[str]]:
        """All, PID 1 first and then from where the turn is, and those that are asked whatever is known of them."""
        init, *keys = processes
        if len(keys) < TURNS:
            return [init, *keys], set(processes)
        start, self._turn = self._turn % len(keys), self._turn + TURNS
        return [init, *keys[start:], *keys[:start]], {init, *keys[start : start + TURNS]}

    def _ids(self, process: Process, pid: int, known: Ids | None) -> Ids:
        """Where a process is now; `known` itself if that is the same. Raises `OSError` if it is not that process."""
        directory = os.open(f"{self._proc.root}/{pid}/ns", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            ids = _links(directory)
            if ids == known:
                return known
            stat = procfs.parse_stat(procfs.read("../stat", dir_fd=directory))
            if stat.starttime != process.starttime:
                raise ProcessLookupError(3, "its number is another process's now")
            for link, id in ids.items():
                if id:
                    self._facts.examine(link, id, directory)
            return ids
        finally:
            os.close(directory)

    def _confined(self) -> Iterable[tuple[int, Ids]]:
        """Processes whose descriptors and mounts are the container's business: one that a person of the host put
        here may keep the host's user namespace, and then its files are the host's."""
        for key, member in self._members.items():
            user = member.ids.get("user")
            if user is not None and user != self._host_user:
                yield int(key), member.ids

    def _tables(self, own: _Member) -> list[int]:
        """A process of each mount namespace made inside."""
        found: dict[str, int] = {}
        for pid, ids in self._confined():
            id = ids.get("mnt")
            if id and id != own.ids.get("mnt") and self._is_inside(id):
                found.setdefault(id, pid)
        return list(found.values())[: keepers.MAX_TABLES]

    def _is_inside(self, id: str) -> bool:
        facts = self._facts.known.get(id)
        return facts is not None and facts.owner is not None and facts.owner != self._host_user

    def _look_at_mounts(self, mounts: tuple[mountinfo.Mount, ...], tables: list[int]) -> bool:
        """Namespaces that a mount shows: `ip netns add` leaves one that no picture saw a process in."""
        seen = [keepers.table(self._init[0] or 0, mounts), *keepers.tables(self._proc.root, tables)]
        found = keepers.in_mounts(seen)
        safe = {table.pid for table in seen if table.safe}
        for id in list(found):
            if id in self._host:
                del found[id]
            elif by := next((by for by in found[id] if by.pid in safe), None):
                self._facts.examine_mount(id, f"{self._proc.root}/{by.pid}/root", by.path or "")
            else:
                self._facts.heard_of(id)
        changed = found != self._mounted
        self._mounted = found
        return changed

    def _draw(self, own: _Member, due: bool) -> NamespaceGraph:
        members: dict[str, list[tuple[int, int]]] = {}
        differs: dict[str, dict[str, str]] = {}
        awaited: dict[str, list[KeptBy]] = {}
        for key, member in self._members.items():
            for link, id in member.ids.items():
                if link in FOR_CHILDREN:
                    if id:
                        awaited.setdefault(id, []).append(KeptBy(how="for_children", pid=int(key)))
                else:
                    members.setdefault(id, []).append((member.process.starttime, int(key)))
            if other := {link: id for link, id in member.ids.items() if own.ids.get(link) != id}:
                differs[key] = other
        kept = self._keepers(members, awaited, due)
        objects = dict(self._initial)
        for id, facts in self._facts.known.items():
            if id in members or id in kept:
                inside = members.get(id, [])
                kind = nsfs.kind_of(id)
                objects[id] = NamespaceObject(
                    kind=kind,
                    initial=id in nsfs.INITIAL,
                    owner=facts.owner,
                    owner_uid=facts.owner_uid,
                    parent=facts.parent,
                    processes=0 if own.ids.get(kind) == id else len(inside),
                    first=min(inside)[1] if inside else None,
                    kept_by=kept.get(id, []),
                )
        for id, initial in self._initial.items():
            if id in members:
                objects[id] = NamespaceObject(
                    kind=initial.kind, initial=True, owner=initial.owner, owner_uid=initial.owner_uid,
                    first=min(members[id])[1],
                )  # fmt: skip
        return NamespaceGraph(objects=objects, own=dict(own.ids), differs=differs)

    def _keepers(
        self, members: Mapping[str, object], awaited: Mapping[str, list[KeptBy]], due: bool
    ) -> dict[str, list[KeptBy]]:
        """Namespace without a process → what holds it. Those that nothing holds are gone, and forgotten."""
        empty = {id for id in self._facts.known if id not in members}
        if not empty:
            self._kept = {}
            return {}
        unknown = {id for id in empty if id not in self._kept}
        if unknown or due:
            files = keepers.in_files(self._proc.root, [pid for pid, _ in self._confined()], empty)
        else:
            files = {id: [by for by in self._kept[id] if by.how == "fd"] for id in empty}
        kept: dict[str, list[KeptBy]] = {}
        for id in empty:
            holders = [*self._mounted.get(id, []), *files.get(id, []), *awaited.get(id, [])]
            if holders:
                kept[id] = holders[: keepers.MAX_HOLDERS]
        self._keep_by_children(empty, members, kept)
        for id in empty - kept.keys():
            del self._facts.known[id]
        self._kept = kept
        return kept

    def _keep_by_children(self, empty: set[str], members: Mapping[str, object], kept: dict[str, list[KeptBy]]) -> None:
        alive = dict.fromkeys(id for id in self._facts.known if id in members or id in kept)
        queue = list(alive)
        for id in queue:  # grows while it is walked
            facts = self._facts.known[id]
            for above in dict.fromkeys((facts.parent, facts.owner)):
                if above in empty and above is not None:
                    holders = kept.setdefault(above, [])
                    if above not in alive:
                        alive[above] = None
                        queue.append(above)
                    if len(holders) < keepers.MAX_HOLDERS:
                        holders.append(KeptBy(how="child", path=id))


def _links(directory: int) -> Ids:
    """What the links of /proc/PID/ns say, each by readlink."""
    ids: Ids = {}
    for link in LINKS:
        try:
            ids[link] = os.readlink(link, dir_fd=directory)
        except FileNotFoundError:
            # A zombie has let go of all but two; a kernel without time namespaces has neither link
            if link == "pid_for_children" and "net" in ids:
                ids[link] = ""
    if not ids:
        raise ProcessLookupError(3, "it has gone")
    return ids
