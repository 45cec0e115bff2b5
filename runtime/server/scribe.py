"""One thread that writes all recordings. The event loop hands things over and never waits for a disk.

What is handed over is gathered for a moment and written at once. A recording may have so much waiting here; what is
above stays in its terminal's ring until there is room.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

import structlog

from runtime.server.reels import Reel
from runtime.terminal.cast import Happened

WAITING = 512 * 1024  # bytes of one recording
LINGER = 0.05  # seconds in which more may come
EVENT = 128  # bytes that an event costs beside its own

log = structlog.get_logger()
T = TypeVar("T")


class Pen:
    """A recorder's sink. `drained`: room again; `ended`: its reel has, of whatever cause. Both are called on the loop.

    `settled`: the end was told, and what comes after it is done or begun.
    """

    def __init__(self, scribe: Scribe, reel: Reel) -> None:
        self.reel = reel
        self.drained: Callable[[], None] = _nothing
        self.ended: Callable[[], None] = _nothing
        self.waiting = 0
        self.refused = False
        self.settled = reel.kept.blocks is not None
        self._scribe = scribe

    def room(self) -> bool:
        return self._scribe.admits(self)

    def put(self, event: Happened) -> None:
        self._scribe.post(self, event)


class Scribe:
    """`close` writes what is there, and leaves what can be done later to the next worker."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._turn = threading.Condition()
        self._posts: list[tuple[Pen, Happened | Callable[[], None]]] = []
        self._chores: deque[tuple[Pen, Iterator[None]]] = deque()
        self._urgent = self._closing = False
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
        self._thread.start()

    def post(self, pen: Pen, what: Happened | Callable[[], None]) -> None:
        """To be written, or done, after all that was posted for this pen before."""
        with self._turn:
            self._posts.append((pen, what))
            urgent = not isinstance(what, Happened) or what.kind == "end"
            if isinstance(what, Happened):
                pen.waiting += EVENT + (len(what.what) if isinstance(what.what, bytes) else 0)
                urgent = urgent or pen.waiting >= WAITING // 2
            self._urgent = self._urgent or urgent
            if urgent or len(self._posts) == 1:
                self._turn.notify()

    def admits(self, pen: Pen) -> bool:
        """Whether more may be posted for it; if not, it is told once that is so."""
        with self._turn:  # else it could be refused right after the thread looked who was
            pen.refused = pen.waiting >= WAITING
            return not pen.refused

    def ask(self, pen: Pen, work: Callable[[], T]) -> asyncio.Future[T]:
        """What `work` returns or raises, in the thread and in turn."""
        future: asyncio.Future[T] = self._loop.create_future()

        def job() -> None:
            try:
                result = work()
            except Exception as error:
                self._tell(_resolve, future, None, error)
            else:
                self._tell(_resolve, future, result, None)

        self.post(pen, job)
        return future

    async def close(self) -> None:
        with self._turn:
            self._closing = True
            self._turn.notify()
        await asyncio.to_thread(self._thread.join, 5.0)

    # --- in the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            posts, hungry = self._take()
            if not posts and self._closing:
                return
            for pen in hungry:
                self._tell(pen.drained)
            self._serve(posts)
            if self._chores and not self._closing:
                self._step()

    def _take(self) -> tuple[list[tuple[Pen, Happened | Callable[[], None]]], list[Pen]]:
        """What was posted, and the pens that were refused room and have it now."""
        with self._turn:
            self._turn.wait_for(lambda: self._posts or self._chores or self._closing)
            if not self._chores:
                self._turn.wait_for(lambda: self._urgent or self._closing, LINGER)
            posts, self._posts, self._urgent = self._posts, [], False
            pens = {pen: None for pen, _ in posts}
            for pen in pens:
                pen.waiting = 0
            return posts, [pen for pen in pens if pen.refused]

    def _serve(self, posts: list[tuple[Pen, Happened | Callable[[], None]]]) -> None:
        batches: dict[Pen, list[Happened]] = {}
        for pen, what in posts:
            if isinstance(what, Happened):
                batches.setdefault(pen, []).append(what)
            else:
                self._write(pen, batches.pop(pen, []))
                self._do(pen, what)
        for pen, events in batches.items():
            self._write(pen, events)

    def _write(self, pen: Pen, events: list[Happened]) -> None:
        if events and not (pen.reel.ended or pen.reel.removed):
            self._do(pen, lambda: pen.reel.write(events))

    def _do(self, pen: Pen, work: Callable[[], None]) -> None:
        """One recording's trouble is not the others'."""
        reel = pen.reel
        try:
            work()
        except Exception as error:
            log.exception("recording", id=reel.recording.id, error=str(error))
            if not reel.ended:
                reel.lose()
        if (reel.ended or reel.removed) and not pen.settled:
            pen.settled = True
            self._tell(pen.ended)
            if reel.ended:
                self._chores.append((pen, reel.compress()))

    def _step(self) -> None:
        pen, chore = self._chores[0]
        try:
            next(chore)
        except StopIteration:
            self._chores.popleft()
        except Exception as error:
            self._chores.popleft()
            if not pen.reel.removed:
                log.warning("recording not compressed", id=pen.reel.recording.id, error=str(error))

    def _tell(self, what: Callable[..., object], *about: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
            self._loop.call_soon_threadsafe(what, *about)


def _resolve(future: asyncio.Future[object], result: object, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _nothing() -> None:
    """Nobody is there to be told."""
