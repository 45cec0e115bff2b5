"""Whose process is whose, followed from parent to child: what the kernel tells of forks, execs and exits, sorted by
container and told.

A fork names the parent, so a child of a process of a container is that container's, however short it lives. Only what
enters from outside has no such parent: it is a descendant of ours (the runtime's), looked at from its fork until it
becomes a program, since by then it is in the container's cgroup, and afterwards it may end at once.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.kernel import procfs
from runtime.kernel.connector import EXEC, EXIT, FORK, Happening
from runtime.kernel.target import Target
from runtime.protocol.model import Process, Snapshot
from runtime.protocol.xray import Event, EventKind

if TYPE_CHECKING:
    from runtime.server.observers import Tell

READS = (
    100  # files of /proc read in a second for one container's news: names and inner numbers beyond that are left out
)
ENTERING = 2_000_000_000  # nanoseconds in which the runtime's child should have become the container's
PEEKS = 32  # of those looked at in one turn
REMEMBERED = 512  # who died lately, of all containers
ROUNDED_NS = 1_000_000  # a picture's clock is told in milliseconds
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Life:
    """One process. `since_ns` of CLOCK_MONOTONIC: its fork if `exact`, else when we first knew of it."""

    id: str
    pid: int
    since_ns: int
    exact: bool = False
    ppid: int | None = None
    ns_pid: int | None = None
    comm: str | None = None
    starttime: int = 0
    seen: bool = False  # in a picture
    threads: int = 1
    ended_ns: int = 0
    signal: int | None = None


@dataclass(slots=True)
class _Watched:
    target: Target
    level: int = 1  # where in NSpid: the container's own numbers stand
    reads: int = 0
    second: int = 0
    pictured: dict[str, Process] = field(default_factory=dict)


class Lives:
    """The processes of all watched containers. Used from the event loop alone."""

    def __init__(self, tell: Tell, proc: procfs.Proc | None = None) -> None:
        self._tell = tell
        self._proc = proc or procfs.Proc()
        self._watched: dict[str, _Watched] = {}
        self._alive: dict[int, Life] = {}
        self._dead: dict[int, Life] = {}
        self._ours: re.Pattern[str] | None = None  # the cgroup of a container of this instance
        self._household = {os.getpid(), os.getppid()}
        self.forked: dict[int, int] = {}  # of the household, not yet a program: pid → when it was forked
        self._entering: dict[int, Life] = {}  # in a container's cgroup already, and not yet a program of it
        self.lingering: dict[int, tuple[Life, Happening]] = {}

    def watch(self, target: Target, pids: list[int]) -> None:
        """Follow a container that has these processes already, or is another generation now."""
        id = target.container.id
        if watched := self._watched.get(id):
            watched.target = target
            return
        self._watched[id] = _Watched(target)
        if target.group:
            self._ours = re.compile(rf"{re.escape(os.path.dirname(target.group))}/[a-z0-9]{{16}}/")
        now = time.monotonic_ns()
        for pid in pids:
            self._alive[pid] = Life(id, pid, now, seen=True)

    def forget(self, id: str) -> None:
        self._watched.pop(id, None)
        for lives in (self._alive, self._dead, self._entering):
            for pid in [pid for pid, life in lives.items() if life.id == id]:
                del lives[pid]
        for pid in [pid for pid, (life, _) in self.lingering.items() if life.id == id]:
            del self.lingering[pid]

    def __len__(self) -> int:
        return len(self._watched)

    def find(self, pid: int) -> Life | None:
        """A process of a watched container, if need be one that died lately."""
        return self._alive.get(pid) or self._dead.get(pid)

    def killed(self, id: str, within: float) -> list[Life]:
        """Who died of SIGKILL in these last seconds, in order."""
        since = time.monotonic_ns() - int(within * 1e9)
        return [life for life in self._dead.values() if life.id == id and life.signal == 9 and life.ended_ns > since]

    # --- what the kernel tells -------------------------------------------------------------------------------------

    def take(self, news: list[Happening]) -> None:
        """In order. What concerns no watched container costs a look into two tables."""
        alive, household = self._alive, self._household
        for one in news:
            if one.what == FORK:
                if one.ppid in alive:
                    self._born(alive[one.ppid], one)
                elif one.ppid in household:
                    household.add(one.pid)
                    self.forked[one.pid] = one.at_ns
            elif one.pid in alive:
                if one.what == EXEC:
                    self._became(alive[one.pid], one.at_ns)
                elif one.what == EXIT:
                    self._ended(alive[one.pid], one)
            elif one.pid in household:
                self.forked.pop(one.pid, None)
                life = self._entering.pop(one.pid, None)
                if one.what == EXIT:
                    household.discard(one.pid)
                else:
                    self._adopt(one, life)
            elif one.what == EXEC and one.pid in self.lingering:
                # One of its threads became the program: the first thread ended, the process did not
                life, _ = self.lingering.pop(one.pid)
                alive[one.pid] = life
                self._became(life, one.at_ns)

    def begin(self) -> None:
        """News come from now on: what was followed by earlier ones is not known any more."""
        self._household = {os.getpid(), os.getppid()}
        self.forked.clear()
        self._entering.clear()

    def lost(self) -> None:
        """Some news did not reach us: who is not there any more is no parent to follow."""
        self._household = {os.getpid(), os.getppid()} | {pid for pid in self._household if self._is_there(pid)}
        self._entering = {pid: life for pid, life in self._entering.items() if pid in self._household}
        for life in list(self._alive.values()):
            if not self._is_there(life.pid):
                self._bury(life, time.monotonic_ns())

    def settle(self, before_ns: int) -> None:
        """Who ended as a process of several threads, and became no other program by then, is dead."""
        for pid, (life, one) in list(self.lingering.items()):
            if one.at_ns < before_ns:
                del self.lingering[pid]
                self._bury(life, one.at_ns, one.status)

    def _born(self, parent: Life, one: Happening) -> None:
        known = self._alive.get(one.pid)
        if known is not None:
            if one.at_ns <= known.since_ns:  # a picture was quicker
                known.since_ns, known.exact = one.at_ns, True
                return
            self._bury(known, one.at_ns)
        life = Life(parent.id, one.pid, one.at_ns, exact=True, ppid=one.ppid, comm=parent.comm)
        self._alive[one.pid] = life
        self._number(life)
        self._say("born", life, one.at_ns)

    def _became(self, life: Life, at_ns: int) -> None:
        life.comm = self._name(life)
        if life.ns_pid is None:
            self._number(life)
        self._say("exec", life, at_ns)

    def _ended(self, life: Life, one: Happening) -> None:
        if life.threads > 1:
            self.lingering[life.pid] = (life, one)
            del self._alive[life.pid]
        else:
            self._bury(life, one.at_ns, one.status)

    def peek(self) -> None:
        """Look which of the runtime's children are in a container by now. To be called often while there are any."""
        now = time.monotonic_ns()
        for pid, since in list(self.forked.items())[:PEEKS]:
            id = self._whose(pid)
            if id:
                self._entering[pid] = life = Life(id, pid, since, exact=True)
                self._look(life)
            if id is not None or now - since > ENTERING:
                del self.forked[pid]
            else:
                self.forked[pid] = self.forked.pop(pid)  # the others have their turn first

    def _whose(self, pid: int) -> str | None:
        """The watched container in whose cgroup a process is. Null: in none yet; empty: in one that nobody watches, or
        it has ended."""
        try:
            groups = procfs.text(self._proc.file(f"{pid}/cgroup", 4096)).replace("\n", "/\n")
        except OSError:
            return ""
        for id, watched in self._watched.items():
            if watched.target.group and f"{watched.target.group}/" in groups:
                return id
        return "" if self._ours is not None and self._ours.search(groups) else None

    def _adopt(self, one: Happening, life: Life | None) -> None:
        """A process of ours became a program: in a container's cgroup, it is that container's from now on."""
        if life is None:
            id = self._whose(one.pid)
            if id == "":  # whoever it forks is not to be followed
                self._household.discard(one.pid)
            if not id:
                return
            life = Life(id, one.pid, one.at_ns, exact=True)
        life.since_ns = one.at_ns
        self._household.discard(one.pid)
        self._alive[one.pid] = life
        seen = life.comm
        life.comm = None
        self._look(life)
        self._say("born", life, one.at_ns, comm=seen)
        self._say("exec", life, one.at_ns)

    def _bury(self, life: Life, at_ns: int, status: int | None = None) -> None:
        """Tell its end. `status` null: nobody told us how."""
        self._alive.pop(life.pid, None)
        life.ended_ns = at_ns
        code = None
        if status is not None:
            life.signal = status & 0x7F or None
            code = None if life.signal else status >> 8 & 0xFF
        self._dead.pop(life.pid, None)
        self._dead[life.pid] = life
        if len(self._dead) > REMEMBERED:
            del self._dead[next(iter(self._dead))]
        watched = self._watched.get(life.id)
        short = not life.seen and not (watched and str(life.pid) in watched.pictured)
        self._say("died", life, at_ns, code, True if short else None)

    # --- what pictures show ----------------------------------------------------------------------------------------

    def pictured(self, id: str, processes: dict[str, Process]) -> None:
        """What the next news, which may be older, are to be held against."""
        if watched := self._watched.get(id):
            watched.pictured = processes

    def compare(self, target: Target, before: Snapshot | None, picture: Snapshot, *, blind: bool) -> None:
        """Make good what the news left out: births, deaths and, `blind` without any news, programs.

        `before` null: it is the first picture, and its processes are no news.
        """
        watched = self._watched.get(target.container.id)
        if watched is None:
            return
        after, known = picture.container.processes, before.container.processes if before else {}
        taken_ns = int(picture.monotonic * 1e9) - ROUNDED_NS
        for key, process in after.items():
            if known.get(key) is not process:
                told = _Sight(process, known.get(key), picture.host.processes.get(key), taken_ns)
                self._meet(watched, int(key), told, quiet=before is None, blind=blind)
        for key in known.keys() - after.keys():
            life = self._alive.get(int(key))
            if life and life.id == target.container.id and not self._is_there(life.pid, life.starttime):
                self._bury(life, taken_ns)

    def _meet(self, watched: _Watched, pid: int, sight: _Sight, *, quiet: bool, blind: bool) -> None:
        life = self._alive.get(pid)
        process, taken_ns = sight.process, sight.taken_ns
        if process.state in "ZX":
            if life and blind:
                self._bury(life, taken_ns)
            return
        if process.role == "init":
            watched.level = max(len(process.ns_pids) - 1, 0)
        if life and life.starttime not in (0, process.starttime):
            self._bury(life, taken_ns)
            life = None
        if life is None:
            gone = self._dead.get(pid)
            if pid in self.lingering or (gone and gone.ended_ns >= taken_ns):
                return  # it died after the picture was taken
            # News of its fork, if they come, are of before this moment; the picture was begun somewhat earlier
            life = self._alive[pid] = Life(watched.target.container.id, pid, time.monotonic_ns())
            sight.teach(life)
            if not quiet:
                self._say("born", life, taken_ns)
            return
        sight.teach(life)
        old = sight.before
        if blind and old is not None and (old.comm, old.cmdline) != (process.comm, process.cmdline):
            self._say("exec", life, taken_ns)

    # --- what /proc adds -------------------------------------------------------------------------------------------

    def _afford(self, life: Life) -> _Watched | None:
        watched = self._watched.get(life.id)
        if watched is None:
            return None
        second = int(time.monotonic())
        if watched.second != second:
            watched.second, watched.reads = second, 0
        watched.reads += 1
        return watched if watched.reads <= READS else None

    def _number(self, life: Life) -> None:
        if watched := self._afford(life):
            try:
                numbers = procfs.parse_status(self._proc.file(f"{life.pid}/status", 4096)).ns_pids
            except (OSError, ValueError):
                return
            life.ns_pid = numbers[watched.level] if len(numbers) > watched.level else None

    def _name(self, life: Life) -> str | None:
        if self._afford(life):
            try:
                return self._proc.stat(life.pid).comm
            except (OSError, ValueError):
                return None
        return None

    def _look(self, life: Life) -> None:
        try:
            stat = self._proc.stat(life.pid)
            life.comm, life.ppid, life.starttime = stat.comm, stat.ppid, stat.starttime
        except (OSError, ValueError):
            return
        if life.ns_pid is None:
            self._number(life)

    def _is_there(self, pid: int, starttime: int = 0) -> bool:
        try:
            stat = self._proc.stat(pid)
        except (OSError, ValueError):
            return False
        return stat.state not in "ZX" and starttime in (0, stat.starttime)

    def _say(
        self,
        kind: EventKind,
        life: Life,
        at_ns: int,
        code: int | None = None,
        short: bool | None = None,
        comm: str | None = None,
    ) -> None:
        at = time.time() - (time.monotonic_ns() - at_ns) / 1e9
        event = Event(
            seq=0, at=at, kind=kind, pid=life.pid, ns_pid=life.ns_pid, ppid=life.ppid, comm=comm or life.comm,
            code=code, signal=life.signal, seconds=_lived(life) if life.ended_ns else None, short=short,
        )  # fmt: skip
        self._tell(life.id, event)


@dataclass(slots=True)
class _Sight:
    """One process in a picture: from inside, in the picture before, and from the host."""

    process: Process
    before: Process | None
    outer: Process | None
    taken_ns: int

    def teach(self, life: Life) -> None:
        life.seen = True
        life.ns_pid, life.comm, life.starttime = self.process.pid, self.process.comm, self.process.starttime
        life.threads = self.process.threads or 1
        if self.outer:
            life.ppid = self.outer.ppid


def _lived(life: Life) -> float | None:
    if life.exact:
        return round((life.ended_ns - life.since_ns) / 1e9, 6)
    if life.starttime:
        asleep = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
        return round(max(life.ended_ns / 1e9 + asleep - life.starttime / _TICK, 0.0), 2)
    return None
