"""Frames that belong between two bytes of the output: SIZE and MARK. Kept once for all viewers."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from runtime.protocol import pty
from runtime.protocol.pty import MarkKind
from runtime.terminal.marks import Mark

MOST = 1024
MOST_BYTES = 256 * 1024  # directories with long names are no reason to keep megabytes for each terminal
_LASTING = frozenset((None, MarkKind.TITLE, MarkKind.CWD))  # what holds until the next of its sort; None: the size


@dataclass(frozen=True)
class Event:
    """`frame` goes to a viewer once it has all bytes before `at`. `sort` None: a SIZE."""

    at: int
    sort: MarkKind | None
    frame: bytes

    def moved(self, at: int) -> bytes:
        """The frame, as said at another offset."""
        return self.frame[:1] + at.to_bytes(8, "big") + self.frame[9:]


class Band:
    """Events by offset, the newest `MOST`, fewer if they are large. A viewer's place is a number that only grows."""

    def __init__(self, cols: int, rows: int) -> None:
        self._events: list[Event] = []
        self._bytes = 0  # of all frames
        self._first = 0  # the place of the oldest kept
        # of each lasting sort, the last that is kept no more
        self._before: dict[MarkKind | None, Event] = {None: Event(0, None, pty.size_frame(0, cols, rows))}

    def size(self, at: int, cols: int, rows: int) -> None:
        self._add(Event(at, None, pty.size_frame(at, cols, rows)))

    def mark(self, mark: Mark) -> None:
        self._add(Event(mark.at, mark.kind, pty.mark_frame(mark.at, mark.kind, mark.body)))

    def recall(self, marks: list[Mark]) -> None:
        """What was before all of these."""
        old = [Event(mark.at, mark.kind, pty.mark_frame(mark.at, mark.kind, mark.body)) for mark in marks]
        self._events[:0] = old[-(MOST - len(self._events)) :] if len(self._events) < MOST else []
        self._bytes = sum(len(event.frame) for event in self._events)

    def next(self, place: int) -> Event | None:
        index = max(0, place - self._first)
        return self._events[index] if index < len(self._events) else None

    def after(self, place: int) -> int:
        """The place behind the event that `next(place)` gave."""
        return max(place, self._first) + 1

    def seek(self, offset: int, begin: int, *, fresh: bool) -> tuple[int, list[bytes]]:
        """The place of a viewer that is served from `offset` on, and the frames that hold there, as said at `begin`.

        `fresh`: its screen is; else it has all but the size, of which WELCOME told the newest.
        """
        index = bisect_right(self._events, offset, key=lambda event: event.at)
        lasting = dict(self._before)
        lasting.update({event.sort: event for event in self._events[:index] if event.sort in _LASTING})
        frames = [event.moved(begin) for event in lasting.values() if fresh or event.sort is None]
        return self._first + index, frames

    def _add(self, event: Event) -> None:
        self._events.append(event)
        self._bytes += len(event.frame)
        if len(self._events) > 2 * MOST or self._bytes > MOST_BYTES:
            self._drop(len(self._events) // 2)

    def _drop(self, count: int) -> None:
        for event in self._events[:count]:
            self._bytes -= len(event.frame)
            if event.sort in _LASTING:
                self._before[event.sort] = event
        del self._events[:count]
        self._first += count
