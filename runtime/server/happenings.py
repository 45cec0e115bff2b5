"""What happened to containers: told once, remembered for a while, passed on to whoever listens.

Tellers are the observers and the engine's own news. A burst is told in one frame, and of more than `MOST` of a sort in
a second only how many there were: a fork bomb must not drown the page, nor this process, nor what else is told.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter

from msgspec.structs import replace

from runtime.protocol.xray import Event

REMEMBERED = 512  # events of each sort, of one container
MOST = 200  # of each sort told in one second of one container; of the rest, the number
GATHER = 0.03  # seconds in which events make one frame
SEQ_PER_SECOND = 1_000_000

SORTS = {
    **dict.fromkeys(("born", "exec", "died"), "lives"),
    **dict.fromkeys(("created", "copied_up", "whiteout", "opaque", "renamed", "removed", "written"), "files"),
}
"""Kinds that whoever is inside can cause by thousands. They crowd out their own sort only: an OOM kill is told."""

Listener = Callable[[list[Event]], None]


@dataclass
class _Sort:
    """Events of one sort: those remembered, and how many were told and left untold in this second."""

    events: deque[Event] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    second: int = 0
    told: int = 0
    untold: int = 0


@dataclass
class _Story:
    """One container's events."""

    sorts: dict[str, _Sort] = field(default_factory=dict)
    listeners: set[Listener] = field(default_factory=set)
    waiting: list[Event] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class Happenings:
    """One for a worker, used from its event loop alone."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._stories: dict[str, _Story] = {}
        # From the clock, so that numbers go on rising after a restart; a double holds them exactly until 2255
        self._seq = int(clock() * SEQ_PER_SECOND)

    def tell(self, id: str, event: Event) -> None:
        """Something happened to container `id`. Its `seq` is given here; `at` 0 means now."""
        story = self._stories.setdefault(id, _Story())
        sort = story.sorts.setdefault(SORTS.get(event.kind, ""), _Sort())
        now = self._clock()
        if int(now) != sort.second:
            self._own_up(id, story, sort)
            sort.second, sort.told = int(now), 0
        if sort.told >= MOST:
            sort.untold += 1
            self._schedule(id, story, 0.5)
            return
        sort.told += 1
        self._add(id, story, sort, event, now)

    def since(self, id: str, after: int | None = None) -> list[Event]:
        """What is remembered, in order; `after`: only what came later than that event."""
        story = self._stories.get(id)
        if story is None:
            return []
        events = (event for sort in story.sorts.values() for event in sort.events)
        return sorted((event for event in events if after is None or event.seq > after), key=attrgetter("seq"))

    def listen(self, id: str, listener: Listener) -> Callable[[], None]:
        """Hear of what happens from now on. Returns what ends it."""
        story = self._stories.setdefault(id, _Story())
        story.listeners.add(listener)
        return lambda: story.listeners.discard(listener)

    def flush(self, id: str) -> None:
        """Pass on at once what waits, as before a patch that shows its effect."""
        story = self._stories.get(id)
        if story is None or not story.waiting:
            return
        events, story.waiting = story.waiting, []
        for listener in list(story.listeners):
            listener(events)

    def forget(self, id: str) -> None:
        """It is no more."""
        story = self._stories.pop(id, None)
        if story and story.timer:
            story.timer.cancel()

    def known(self) -> Iterable[str]:
        """Containers of which something is remembered."""
        return tuple(self._stories)

    def _add(self, id: str, story: _Story, sort: _Sort, event: Event, now: float) -> None:
        self._seq += 1
        told = replace(event, seq=self._seq, at=event.at or now)
        sort.events.append(told)
        if story.listeners:
            story.waiting.append(told)
            self._schedule(id, story, GATHER)

    def _schedule(self, id: str, story: _Story, seconds: float) -> None:
        if story.timer is None:
            story.timer = asyncio.get_running_loop().call_later(seconds, self._due, id, story)

    def _due(self, id: str, story: _Story) -> None:
        story.timer = None
        second = int(self._clock())
        for sort in story.sorts.values():
            if sort.second != second:
                self._own_up(id, story, sort)
        self.flush(id)
        if any(sort.untold for sort in story.sorts.values()):
            self._schedule(id, story, 0.5)

    def _own_up(self, id: str, story: _Story, sort: _Sort) -> None:
        """Tell how many were left out, once their second is over."""
        if sort.untold:
            untold, sort.untold = sort.untold, 0
            self._add(id, story, sort, Event(seq=0, at=0.0, kind="more", count=untold), self._clock())
