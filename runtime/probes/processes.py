"""A container's processes, each seen twice: as the host counts it and as its own pid namespace does.

Members come from `cgroup.procs` and from the children of what was found there: zombies are in no cgroup's list, and a
process of a cgroup made inside is in another's. The host's side adds the chain above, up to the host's first process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.probes.gaps import Gaps, why
from runtime.protocol.model import Process
from runtime.protocol.xray import Usage

MAX_PROCESSES = 1024
MAX_ANCESTORS = 32
ALL_CMDLINES = 128 * 1024  # bytes of command lines in one picture: many long ones are each cut shorter
MIN_CMDLINE = 64
REREAD_SECONDS = 5.0  # a process whose stat is byte for byte the same has hardly run; look closer only then
ANCESTOR_SECONDS = 0.5
HOST_INIT = 1
OURS = frozenset({"keeper", "worker"})  # of what is outside the container, the only ones whose arguments are told

Tree = dict[str, Process]
"""Host pid, as text → process: the key is the same on both sides."""


@dataclass(slots=True)
class _Seen:
    """One process as last read, and the pictures made of it."""

    raw: bytes
    stat: procfs.Stat
    status: procfs.Status
    cmdline: list[str]
    read_at: float
    usage: Usage
    made_for: tuple[int | None, int, str] | None = None  # what else the pictures depend on
    inner: Process | None = None
    outer: Process | None = None


class Ancestors:
    """Processes above containers: the same few for all of them, so read once a tick and shared.

    Of processes that are not ours only the first word of the command line is told: the rest is the host's business
    (people pass passwords there), and containers are shown to people who have no account on it.
    """

    def __init__(self, proc: procfs.Proc) -> None:
        self._proc = proc
        self._known: dict[tuple[int, str], tuple[float, Process]] = {}

    def chain(self, pid: int, keeper: int | None, now: float) -> list[Process]:
        """From `pid` up to the host's first process, or as far as can be read."""
        found: list[Process] = []
        while pid > 0 and len(found) < MAX_ANCESTORS:
            role = "keeper" if pid == keeper else "host-init" if pid == HOST_INIT else ""
            process = self.one(pid, role, now)
            if process is None:
                break
            found.append(process)
            pid = process.ppid
        return found

    def one(self, pid: int, role: str, now: float) -> Process | None:
        """One process that is in no container; None when it has gone or may not be read."""
        known = self._known.get((pid, role))
        if known and now - known[0] < ANCESTOR_SECONDS:
            return known[1]
        try:
            _, stat, status, cmdline = read(self._proc, pid)
        except (OSError, ValueError):
            self._known.pop((pid, role), None)
            return None
        process = Process(
            pid=pid,
            ns_pids=list(status.ns_pids),
            ppid=stat.ppid,
            comm=stat.comm,
            cmdline=cmdline if role in OURS else cmdline[:1],
            uid=status.uid,
            state=stat.state,
            threads=stat.threads,
            starttime=stat.starttime,
            role=role,
        )
        if known and known[1] == process:
            process = known[1]
        elif len(self._known) > 256:
            self._known.clear()
        self._known[pid, role] = (now, process)
        return process


@dataclass
class Processes:
    """The processes of one container, with what was read before. One for each generation of PID 1."""

    proc: procfs.Proc
    ancestors: Ancestors
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _uid_map: procfs.IdMap = ()
    _trees: tuple[Tree, Tree] = field(default_factory=lambda: ({}, {}))
    usage: dict[str, Usage] = field(default_factory=dict)
    """Of the last picture: host pid → what it used; the same object while nothing changed."""

    def take(self, target: Target, directory: int, now: float) -> tuple[Tree, Tree, Gaps]:
        """Inside, outside, and why something is missing.

        `directory`: a descriptor of PID 1's /proc/PID; `now`: seconds, monotonic. Both trees are the same objects as
        last time if nothing changed.
        """
        gaps: Gaps = {}
        found = self._collect(target, now, gaps)
        init = found.get(target.pid or 0)
        if init is None or (target.starttime and init.stat.starttime != target.starttime):
            self._seen, self._trees, self.usage = {}, ({}, {}), {}
            return {}, {}, {"processes": "PID 1 has ended"}
        self._seen = found
        if not self._uid_map:
            self._uid_map = self._read_uid_map(target, directory, gaps)
        inner, outer = self._paint(target, init, found, now)
        if inner == self._trees[0]:
            inner = self._trees[0]
        if outer == self._trees[1]:
            outer = self._trees[1]
        self._trees = inner, outer
        usage = {str(pid): seen.usage for pid, seen in found.items()}
        if usage != self.usage:
            self.usage = usage
        return inner, outer, gaps

    def _collect(self, target: Target, now: float, gaps: Gaps) -> dict[int, _Seen]:
        found: dict[int, _Seen] = {}
        queue = [target.pid or 0, *_members(target, gaps)]
        listed = set(queue)
        most = max(MIN_CMDLINE, min(procfs.CMDLINE_BYTES, ALL_CMDLINES // len(listed)))
        for pid in queue:  # grows while it is walked
            if pid <= 0 or pid in found:
                continue
            if len(found) >= MAX_PROCESSES:
                gaps["processes"] = f"more than {MAX_PROCESSES} processes: the rest is not shown"
                break
            try:
                seen = self._look(pid, now, most)
                if pid not in listed and seen.stat.ppid not in found:
                    continue  # its parent's list was read before the number became another's
                found[pid] = seen
                queue += self.proc.children(pid, seen.stat.threads)
            except (OSError, ValueError) as error:
                if not (isinstance(error, OSError) and error.errno in procfs.GONE):
                    gaps[f"processes.{pid}"] = why(error, f"/proc/{pid}")
        return found

    def _look(self, pid: int, now: float, most: int) -> _Seen:
        known = self._seen.get(pid)
        if known and now - known.read_at < REREAD_SECONDS and self.proc.stat_bytes(pid) == known.raw:
            return known
        raw, stat, status, cmdline = read(self.proc, pid, most)
        if known and (known.stat, known.status, known.cmdline) == (stat, status, cmdline):
            known.raw, known.usage, known.read_at = raw, _usage(raw, known.usage), now
            return known
        return _Seen(raw, stat, status, cmdline, now, _usage(raw, known.usage if known else None))

    def _read_uid_map(self, target: Target, directory: int, gaps: Gaps) -> procfs.IdMap:
        try:
            return procfs.parse_id_map(procfs.read("uid_map", dir_fd=directory))
        except (OSError, ValueError) as error:
            if target.container.host_id:
                return ((0, target.container.host_id, 65_536),)
            gaps["processes"] = why(error, f"/proc/{target.pid}/uid_map")
            return ()

    def _paint(self, target: Target, init: _Seen, found: dict[int, _Seen], now: float) -> tuple[Tree, Tree]:
        level = max(len(init.status.ns_pids) - 1, 0)  # where in NSpid: the container's own numbers stand
        terminals = {terminal.pid for terminal in target.container.terminals}
        inner: Tree = {}
        outer: Tree = {}
        tops: list[int] = []  # parents of those whose parent is not in the container
        for pid, seen in found.items():
            parent = found.get(seen.stat.ppid)
            if parent is None:
                tops.append(seen.stat.ppid)
            role = (
                "init" if seen is init
                else "terminal" if pid in terminals
                else "exec" if parent is None
                else ""
            )  # fmt: skip
            number = _number(seen, level)
            made_for = (number, (_number(parent, level) if parent else 0) or 0, role)
            if seen.made_for != made_for:
                seen.inner, seen.outer = _pictures(seen, made_for, self._uid_map)
                seen.made_for = made_for
            if seen.inner is not None:
                inner[str(pid)] = seen.inner
            if seen.outer is not None:
                outer[str(pid)] = seen.outer
        for ancestor in self._above(tops, target.keeper_pid, now):
            outer.setdefault(str(ancestor.pid), ancestor)
        return inner, outer

    def _above(self, tops: Iterable[int], keeper: int | None, now: float) -> Iterable[Process]:
        for top in dict.fromkeys(tops):
            yield from self.ancestors.chain(top, keeper, now)
        if keeper is not None and keeper == os.getppid() and (worker := self.ancestors.one(os.getpid(), "worker", now)):
            yield worker


def _members(target: Target, gaps: Gaps) -> list[int]:
    """Every pid of the container's cgroups: cgroup2's, and one of v1's, for what was put into one of them only.

    Opened each time: on v1 a kept `cgroup.procs` shows what it held at first, for seconds.
    """
    paths = target.cgroup_paths
    found: list[int] = []
    for directory in (paths.get("unified"), paths.get("pids") or paths.get("memory")):
        if not directory:
            continue
        try:
            found += procfs.read_numbers(f"{directory}/cgroup.procs")
        except (OSError, ValueError) as error:
            gaps["processes"] = why(error, f"{directory}/cgroup.procs")
    return found


def read(
    proc: procfs.Proc, pid: int, most: int = procfs.CMDLINE_BYTES
) -> tuple[bytes, procfs.Stat, procfs.Status, list[str]]:
    """Three files of one and the same process, whatever becomes of its number meanwhile."""
    directory = proc.open_process(pid)
    try:
        raw = procfs.read("stat", dir_fd=directory)
        status = procfs.parse_status(procfs.read("status", dir_fd=directory))
        cmdline = procfs.parse_cmdline(procfs.read("cmdline", dir_fd=directory, limit=most + 1), most)
        return raw, procfs.parse_stat(raw), status, cmdline
    finally:
        os.close(directory)


def _usage(raw: bytes, known: Usage | None) -> Usage:
    """What it used, by the bytes of its stat; `known` itself where that says the same."""
    used = procfs.parse_used(raw)
    usage = Usage(cpu_usec=used.cpu_usec, rss_bytes=used.rss_bytes)
    return known if known == usage else usage


def _number(seen: _Seen, level: int) -> int | None:
    """Its pid inside; None for one that is in the cgroup but not (yet) in the pid namespace."""
    numbers = seen.status.ns_pids or (seen.stat.pid,)
    return numbers[level] if len(numbers) > level else None


def _pictures(
    seen: _Seen, made_for: tuple[int | None, int, str], uid_map: procfs.IdMap
) -> tuple[Process | None, Process]:
    number, parent, role = made_for
    uid = seen.status.uid
    ns_pids = list(seen.status.ns_pids)
    stat = seen.stat
    outer = Process(
        pid=stat.pid, ns_pids=ns_pids, ppid=stat.ppid, comm=stat.comm, cmdline=seen.cmdline, uid=uid,
        state=stat.state, threads=stat.threads, starttime=stat.starttime, role=role,
    )  # fmt: skip
    if number is None:
        return None, outer
    inner = Process(
        pid=number, ns_pids=ns_pids, ppid=parent, comm=stat.comm, cmdline=seen.cmdline,
        uid=procfs.inside(uid_map, uid) if uid is not None and uid_map else None,
        state=stat.state, threads=stat.threads, starttime=stat.starttime, role=role,
    )  # fmt: skip
    return inner, outer
