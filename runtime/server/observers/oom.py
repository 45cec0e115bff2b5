"""Who was killed for want of memory, what it held, and whose limit it was: told once.

The kernel's log says all of it in two records. Where it may not be read, or a record was lost, the counter of the
cgroup rises all the same (`oom_kill`), and the victim is who died of SIGKILL.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.kernel.kmsg import Chosen, Killed, Log
from runtime.kernel.target import Target
from runtime.probes.gaps import why
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event
from runtime.server.observers.lives import Lives

if TYPE_CHECKING:
    from runtime.server.observers import Poke, Tell

GULP = 64  # records read at once
PATIENCE = 1.0  # seconds in which the log may still tell of a kill that was counted
VICTIMS = 10.0  # seconds back in which a counted kill's victim is looked for
GAP = "events.oom"

log = logging.getLogger(__name__)


@dataclass
class _Watched:
    target: Target
    last: Snapshot | None = None
    kills: int | None = None  # counted in the picture before
    ahead: int = 0  # told by the log, and not counted in a picture yet
    told_at: float = 0.0
    missing: int = 0  # counted in a picture, and not told by the log yet
    since: float = 0.0  # when that was first so


class OomObserver:
    """As `Observer`. `lives` knows whose process a number is, or was a moment ago."""

    def __init__(self, tell: Tell, poke: Poke, lives: Lives) -> None:
        self._tell = tell
        self._poke = poke
        self._lives = lives
        self._watched: dict[str, _Watched] = {}
        self._log: Log | None = None
        self._chosen: Chosen | None = None
        self.gaps: dict[str, str] = {}

    # --- as Observer -----------------------------------------------------------------------------------------------

    def start(self, target: Target) -> None:
        if not self._watched:
            self._open()
        if watched := self._watched.get(target.container.id):
            watched.target, watched.kills, watched.ahead, watched.missing = target, None, 0, 0
        else:
            self._watched[target.container.id] = _Watched(target)

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        del before
        watched = self._watched.get(target.container.id)
        if watched is None:
            return
        watched.last = after
        counted = after.container.cgroup.summary.oom_kills
        if counted == watched.kills and not watched.missing:
            if watched.ahead and after.monotonic - watched.told_at > VICTIMS:
                watched.ahead = 0  # counted elsewhere: v1 counts the kills of a group inside in that alone
            return
        self._ready()
        rise = 0 if counted is None or watched.kills is None else max(counted - watched.kills, 0)
        watched.kills = counted
        told = min(watched.ahead, watched.missing + rise)
        watched.ahead -= told
        was, watched.missing = watched.missing, watched.missing + rise - told
        if not was:
            watched.since = after.monotonic
        if watched.missing and (self._log is None or after.monotonic - watched.since > PATIENCE):
            self._count(watched)

    def gaps_of(self, _id: str) -> dict[str, str]:
        return self.gaps

    def stop(self, id: str) -> None:
        self._watched.pop(id, None)
        if not self._watched:
            self.close()

    def close(self) -> None:
        found, self._log, self._chosen = self._log, None, None
        if found:
            asyncio.get_running_loop().remove_reader(found)
            found.close()

    # --- the kernel's log ------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.gaps = {}
        try:
            self._log = Log()
            asyncio.get_running_loop().add_reader(self._log, self._ready)
        except OSError as error:
            self.close()
            self.gaps = {GAP: f"{why(error, '/dev/kmsg')}: who ran out of memory is told from the counters"}

    def _ready(self) -> None:
        if self._log is None:
            return
        try:
            records = self._log.read(GULP)
        except OSError as error:
            log.exception("the kernel's log cannot be read any more")
            self.close()
            self.gaps = {GAP: f"{why(error, '/dev/kmsg')}: who ran out of memory is told from the counters"}
            return
        for record in records:
            if isinstance(record, Chosen):
                self._chosen = record
            else:
                self._killed(record)

    def _killed(self, killed: Killed) -> None:
        """Of several in one group only the first was chosen; when many die, the choice is not told of each."""
        chosen = self._chosen if self._chosen and self._chosen.pid == killed.pid else None
        life = self._lives.find(killed.pid)
        watched = self._of(chosen.group) if chosen else self._watched.get(life.id) if life else None
        if watched is None:
            return
        watched.ahead += 1
        watched.told_at = time.monotonic()
        limit_at, limit = self._limit(watched, chosen.limit if chosen else None, memcg=killed.memcg)
        id = watched.target.container.id
        event = Event(
            seq=0, at=0.0, kind="oom", pid=killed.pid, ns_pid=self._number(watched, killed.pid), comm=killed.comm,
            bytes=killed.anon_bytes, limit_bytes=limit, limit_at=limit_at,
            reason=None if killed.memcg else "the host itself ran out of memory",
        )  # fmt: skip
        self._tell(id, event)
        self._poke(id)

    def _of(self, group: str) -> _Watched | None:
        """The container in whose cgroup, or below it, this one is."""
        for watched in self._watched.values():
            end = watched.target.group
            if end and f"{end}/" in f"{group}/":
                return watched
        return None

    def _number(self, watched: _Watched, pid: int) -> int | None:
        """Its pid inside: it may be gone by now, but somebody saw it."""
        if (life := self._lives.find(pid)) and life.ns_pid is not None:
            return life.ns_pid
        seen = watched.last.container.processes.get(str(pid)) if watched.last else None
        return seen.pid if seen else None

    def _limit(self, watched: _Watched, group: str | None, *, memcg: bool) -> tuple[str | None, int | None]:
        """The directory of the cgroup that was full, and its limit. Not known whose: the one that bites."""
        if not memcg:
            return None, None
        paths = watched.target.cgroup_paths
        own = paths.get("memory") or paths.get("unified") or ""
        if group is None:
            bites = watched.last.host.cgroup.effective.get("memory_bytes") if watched.last else None
            return (bites.at, bites.value) if bites else (own or None, _read_limit(own))
        depth = watched.target.group
        root = own.removesuffix(depth)  # the hierarchy's, if the group lies directly below it
        inside = group.partition(f"{depth}/")[2] if f"{depth}/" in group else ""
        directory = (
            f"{own}/{inside}" if inside
            else own if group.endswith(depth)
            else f"{root}{group}".rstrip("/")
        )  # fmt: skip
        limit = _read_limit(directory)
        return (directory if limit is not None else group), limit

    # --- the counter -----------------------------------------------------------------------------------------------

    def _count(self, watched: _Watched) -> None:
        """Tell of kills that only the counter knows."""
        missing, watched.missing = watched.missing, 0
        id = watched.target.container.id
        victims = self._lives.killed(id, VICTIMS)[-missing:]
        limit_at, limit = self._limit(watched, None, memcg=True)
        for victim in victims:
            self._tell(
                id,
                Event(
                    seq=0, at=time.time() - (time.monotonic_ns() - victim.ended_ns) / 1e9, kind="oom", pid=victim.pid,
                    ns_pid=victim.ns_pid, comm=victim.comm, limit_bytes=limit, limit_at=limit_at,
                ),
            )  # fmt: skip
        if left := missing - len(victims):
            count = left if left > 1 else None
            self._tell(id, Event(seq=0, at=0.0, kind="oom", limit_bytes=limit, limit_at=limit_at, count=count))


def _read_limit(directory: str) -> int | None:
    """Bytes; None where there is none, or no such file."""
    for name in ("memory.max", "memory.limit_in_bytes"):
        try:
            with open(f"{directory}/{name}", encoding="ascii") as file:
                text = file.read().strip()
        except OSError:
            continue
        return None if text == "max" or int(text) >= 1 << 62 else int(text)
    return None
