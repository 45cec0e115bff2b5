"""What happens in the upper layers of watched containers, as it happens: inotify(7), one instance for all of them.

Watches are on directories of the upper and on `work/` (`upper` says what their records mean), reached by descriptor, as
the names are a stranger's. A container that writes faster than we would read is not listened to for a while: its
directories are let go, watched anew, and what was missed is told from the camera's walks, one compared with the next.
So it is where there are more directories than are watched, and where there is no inotify at all, as the user's
instances and watches have a limit: `gaps` says so then.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runtime.kernel import inotify
from runtime.kernel.target import Target
from runtime.probes.gaps import why
from runtime.protocol.model import Change, Snapshot
from runtime.protocol.xray import Event, EventKind
from runtime.server.observers.upper import MASK, MAX_DIRECTORIES, WORK_MASK, Upper
from runtime.server.observers.upper_look import Eyes

GAP = "events.overlay"
GATHER = 0.02  # seconds that records wait, so that a removal's many steps are one, and a flood costs few wakes
SLICE = 0.002  # seconds of reading, and of looking; then the loop's other users have their turn
REST = 0.005
READ = 16 * 1024  # bytes, some 500 records
FLOOD = 4000  # records of one container in a second: it is let go
PAUSE, MAX_PAUSE = 1.0, 16.0  # seconds; doubled each time it floods again
CALM = 10.0  # seconds without a flood after which that is forgotten
LATE = 1.0  # seconds after which a record has been read, unless it is lost
RESYNC = 3.0  # seconds after a pause in which walks are compared: the first may be from before
CUT = f"more than {MAX_DIRECTORIES} directories, or too deep: changes in the rest are told from one walk to the next"
PAUSED = "files change faster than they can be told: what changed is told from one walk to the next"

Changes = dict[str, Change]


@dataclass(eq=False)
class _Watched:
    """One container. `compare_until`: walks are compared until then; `base`: the one before."""

    id: str
    target: Target
    inode: tuple[int, int]
    upper: Upper
    base: Changes | None = None
    compare_until: float = 0.0
    earlier: tuple[Changes, set[str], float] | None = None  # the one before `base`, what was told since, when
    short: bool = False  # not every directory could be watched
    paused: bool = False
    pause: float = PAUSE
    flooded_at: float = 0.0
    fresh: int = 0  # records of this read
    records: int = 0  # of this second
    second: int = 0


class OverlayObserver:
    """An `Observer`. Quiet containers cost nothing: nothing is read before the kernel says so."""

    def __init__(self, tell: Callable[[str, Event], None], poke: Callable[[str], None]) -> None:
        self._tell = tell
        self._poke = poke
        self._watched: dict[str, _Watched] = {}
        self._owners: dict[int, _Watched] = {}
        self._inotify: inotify.Inotify | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listening = False
        self._first = 0
        self.gaps: dict[str, str] = {}

    def start(self, target: Target) -> None:
        """Watch this upper, which may be another one than before."""
        id = target.container.id
        known = self._watched.get(id)
        inode = _inode(target.upperdir)
        generation = target.container.generation
        if known is not None and known.target.container.generation == generation and known.inode == inode:
            known.target = target
            return
        self.stop(id)
        if inode is None:
            return
        if self._inotify is None:
            self._open()
        watched = _Watched(id, target, inode, Upper(self._unwatch), short=self._inotify is None)
        if known is not None:  # what came before we watch again
            watched.base, watched.compare_until = known.base, time.monotonic() + RESYNC
        self._watched[id] = watched
        self._soon(0.0)

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        """Compare walks where events are not to be had."""
        del target
        watched = self._watched.get(after.info.id)
        changes = after.host.overlay.changes
        if watched is None or watched.base is changes:
            return
        base, watched.base = watched.base, changes
        told, watched.upper.told = watched.upper.told, set()
        if base is not None:
            watched.earlier = base, told, time.monotonic()
        if base is None or not (watched.short or watched.upper.cut or time.monotonic() < watched.compare_until):
            return
        cut = after.host.overlay.changes_truncated or (before is not None and before.host.overlay.changes_truncated)
        for event in compared(base, changes, cut=cut):
            if event.path not in told:
                self._tell(watched.id, event)

    def gaps_of(self, id: str) -> dict[str, str]:
        watched = self._watched.get(id)
        if watched is None or not (watched.upper.cut or watched.paused):
            return self.gaps
        return {GAP: PAUSED if watched.paused else CUT}

    def stop(self, id: str) -> None:
        """Let go of its directories."""
        if watched := self._watched.pop(id, None):
            self._let_go(watched)

    def close(self) -> None:
        """Let go of every descriptor."""
        self._watched.clear()
        self._owners.clear()
        if self._timer:
            self._timer.cancel()
        if self._inotify is not None:
            self._deaf()
            self._inotify.close()
            self._inotify = None

    def _open(self) -> None:
        try:
            self._inotify = inotify.Inotify()
        except OSError as error:
            self.gaps = {GAP: f"{why(error, 'inotify')}: changes are told from one walk to the next"}
            return
        self.gaps = {}
        self._listen()

    def _listen(self) -> None:
        if self._inotify is not None and not self._listening:
            self._listening = True
            asyncio.get_running_loop().add_reader(self._inotify.fd, self._heard)

    def _deaf(self) -> None:
        if self._inotify is not None and self._listening:
            self._listening = False
            with contextlib.suppress(RuntimeError):  # no loop runs any more
                asyncio.get_running_loop().remove_reader(self._inotify.fd)

    def _heard(self) -> None:
        """Records wait; let more of them come first."""
        self._deaf()
        self._soon(GATHER)

    def _soon(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._turn)

    def _turn(self) -> None:
        """Read what waits, watch what is new, tell what happened: as much as a slice of time allows."""
        self._timer = None
        empty = self._read(_Enough(SLICE))
        enough = _Enough(SLICE)
        busy = owing = False
        turns = list(self._watched.values())
        self._first += 1  # who is first changes, or one that floods would leave no time to others
        first = self._first % max(len(turns), 1)
        for watched in turns[first:] + turns[:first]:
            if watched.paused or not (watched.upper.wanted or watched.upper.pending):
                continue
            self._settle(watched, enough, drained=empty)
            busy |= bool(watched.upper.wanted or watched.upper.backlog)
            owing |= watched.upper.pending
        if busy or not empty:
            self._soon(REST)
            return
        self._listen()
        if owing:
            self._soon(0.2)

    def _read(self, enough: Callable[[], bool]) -> bool:
        """Whether nothing waits any more."""
        if self._inotify is None:
            return True
        while records := self._inotify.read(READ):
            for record in records:
                if record.mask & inotify.IN_Q_OVERFLOW:
                    for watched in list(self._watched.values()):
                        self._let_be(watched, 0.0)
                elif watched_by := self._owners.get(record.wd):
                    watched_by.fresh += 1
                    watched_by.upper.feed(record)
            self._guard()
            if enough():
                return False
        return True

    def _guard(self) -> None:
        """Let floods be."""
        second = int(time.monotonic())
        for watched in list(self._watched.values()):
            watched.records = watched.fresh + (watched.records if watched.second == second else 0)
            watched.second, watched.fresh = second, 0
            if watched.records > FLOOD:
                calm = time.monotonic() - watched.flooded_at > CALM + watched.pause
                self._let_be(watched, PAUSE if calm else watched.pause)

    def _settle(self, watched: _Watched, enough: Callable[[], bool], *, drained: bool) -> None:
        upper = watched.upper
        if drained:
            upper.drained()
        try:
            with Eyes(watched.target) as eyes:
                events = upper.settle(eyes.look, time.monotonic(), enough)
                while upper.wanted and not enough():
                    self._watch(watched, eyes)
        except OSError:  # the whole upper has gone
            self.stop(watched.id)
            return
        for event in events:
            self._tell(watched.id, event)
        if events:
            self._poke(watched.id)

    def _watch(self, watched: _Watched, eyes: Eyes) -> None:
        """The next directory that is wanted: watched first, listed then, as entries may come in between."""
        upper, notify = watched.upper, self._inotify
        parent, name, news = upper.wanted.popleft()
        if notify is None or (parent is not None and (parent.dead or name in parent.children)):
            return
        try:
            fd = eyes.open(b"" if parent is None else parent.path + b"/" + name)
        except OSError:  # gone again, or a link by now
            return
        try:
            wd = notify.watch(f"/proc/self/fd/{fd}", MASK)
            self._owners[wd] = watched
            node = upper.watched(wd, parent, name)
            upper.listed(node, eyes.names(fd), news=news)
            if parent is None and watched.target.workdir:
                upper.work = notify.watch(f"{watched.target.workdir}/work", WORK_MASK)
                self._owners[upper.work] = watched
        except OSError as error:
            if error.errno == errno.ENOSPC:  # the user's watches are used up
                self.gaps = {GAP: f"{why(error, 'inotify')}: some changes are told from one walk to the next"}
                watched.short = True
                upper.wanted.clear()
        finally:
            os.close(fd)

    def _let_be(self, watched: _Watched, seconds: float) -> None:
        """Not listen to it for a while, and compare walks then."""
        if watched.paused:
            return
        now = time.monotonic()
        if seconds:
            watched.pause = min(seconds * 2, MAX_PAUSE)
            watched.flooded_at = now
        watched.records, watched.paused = 0, True
        watched.compare_until = now + seconds + RESYNC
        if watched.earlier is not None and now - watched.earlier[2] < LATE:  # records of before the last walk are lost
            watched.base = watched.earlier[0]
            watched.upper.told |= watched.earlier[1]
        self._let_go(watched)
        asyncio.get_running_loop().call_later(seconds, self._take_up, watched)

    def _take_up(self, watched: _Watched) -> None:
        if self._watched.get(watched.id) is not watched or self._inotify is None:
            return
        watched.paused = False
        watched.upper.begin()
        watched.compare_until = time.monotonic() + RESYNC
        self._soon(0.0)
        self._poke(watched.id)

    def _let_go(self, watched: _Watched) -> None:
        upper = watched.upper
        upper.drop_all()
        if upper.work >= 0:
            self._unwatch(upper.work)
            upper.work = -1

    def _unwatch(self, wd: int) -> None:
        self._owners.pop(wd, None)
        if self._inotify is not None:
            with contextlib.suppress(OSError):
                self._inotify.unwatch(wd)


class _Enough:
    """Says after so many seconds that it is."""

    def __init__(self, seconds: float) -> None:
        self._end = time.perf_counter() + seconds

    def __call__(self) -> bool:
        return time.perf_counter() > self._end


def compared(before: Changes, after: Changes, *, cut: bool) -> Iterator[Event]:
    """What two walks of an upper say has happened between them. `cut`: what is missing in one may only not be shown."""
    for path, change in after.items():
        old = before.get(path)
        kind: EventKind = "whiteout" if change.kind == "deleted" else change.kind
        size = change.size_bytes if change.type == "file" else None
        if old is None or old.kind != change.kind or old.type != change.type:
            if not (cut and old is None and len(before) > len(after)):
                yield Event(seq=0, at=0.0, kind=kind, path=path, type=change.type, bytes=size)
        elif change.type == "file" and old != change:
            yield Event(seq=0, at=0.0, kind="written", path=path, type="file", bytes=size)
    for path, old in before.items():
        if path not in after and not cut:
            yield Event(seq=0, at=0.0, kind="removed", path=path, type=old.type)


def _inode(upperdir: str | None) -> tuple[int, int] | None:
    try:
        info = os.stat(upperdir or "", follow_symlinks=False)
    except OSError:
        return None
    return info.st_dev, info.st_ino
