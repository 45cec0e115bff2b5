"""Live pictures of containers: one pass for all who watch one, encoded once, and only while somebody watches.

A watcher gets one `Watched` with the whole snapshot, then `Patched` with numbers that rise by one. Who reads too slowly
loses what waits for them and gets a whole snapshot again: never a patch that does not fit.
"""

from __future__ import annotations

import asyncio
import logging
import math
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakValueDictionary

from msgspec.structs import replace

from runtime.errors import Code, Fault
from runtime.kernel.target import Target
from runtime.probes import delta
from runtime.probes.snapshot import Camera, Host, take
from runtime.protocol import messages, model
from runtime.protocol.xray import Event
from runtime.server.aside import aside
from runtime.server.happenings import Happenings
from runtime.server.observers import Observer

MIN_GAP = 0.5  # seconds between two passes of one container, whatever happens: 2 Hz
HEARTBEAT = 5.0  # seconds after which a quiet container's watchers hear that all is well
SLOW = 0.005  # seconds a pass may take in the event loop, which also carries the terminals' bytes
SLOW_PASSES = 10  # after one that took longer, so many are made in a thread
PHASES = 8  # turns in a period: one turn's containers are read together while caches are warm, yet not all at once
ASIDE_SECONDS = 10.0
ASIDE = 2  # snapshots of one container made aside at one time
QUEUE = 16  # frames that may wait for a watcher

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Frame:
    """`last`: the number of the last event in it."""

    payload: bytes
    last: int | None = None


class _Watcher:
    """One reader's frames. `pictures` false: it hears of events alone. `after`: the last event it was handed."""

    def __init__(self, *, pictures: bool, after: int | None) -> None:
        self.frames: asyncio.Queue[_Frame | None] = asyncio.Queue(QUEUE + 4)  # room for a last word and the end
        self.pictures = pictures
        self.after = after

    def put(self, frame: _Frame, whole: Callable[[], list[_Frame]]) -> None:
        """Who reads too slowly loses what waits, and gets what adds up to the same: a whole picture, and the events."""
        if self.frames.qsize() < QUEUE:
            self.frames.put_nowait(frame)
            return
        self._drop()
        self.begin(whole())

    def begin(self, frames: list[_Frame]) -> None:
        """What brings it to where the others are."""
        for frame in frames:
            self.frames.put_nowait(frame)

    async def next(self) -> bytes | None:
        """The next frame; None is the end."""
        frame = await self.frames.get()
        if frame is None:
            return None
        if frame.last is not None:
            self.after = frame.last
        return frame.payload

    def end(self, payload: bytes | None) -> None:
        if payload is not None:
            self.frames.put_nowait(_Frame(payload))
        self.frames.put_nowait(None)

    def _drop(self) -> None:
        while not self.frames.empty():
            self.frames.get_nowait()


@dataclass
class _Stream:
    """One watched container. `base` is the snapshot that all frames up to `seq` add up to."""

    id: str
    camera: Camera
    watchers: set[_Watcher] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    seq: int = 0
    base: model.Snapshot | None = None
    sent_at: float = 0.0
    threaded: int = 0  # passes still to be made in a thread
    closely: bool = False  # something happened: look, whatever the pulse says
    busy: bool = False  # one is being made there: the camera is not to be touched
    task: asyncio.Task[None] | None = None
    deaf: Callable[[], None] = lambda: None  # ends the listening to events
    gaps: tuple[dict[str, str], dict[str, str], dict[str, str]] | None = None  # the picture's, observers', and both
    _whole: bytes | None = None

    def whole(self) -> bytes:
        """The base as a frame; encoded once, however many want it."""
        assert self.base is not None  # noqa: S101 -- only asked for after the first pass
        if self._whole is None:
            self._whole = messages.encode(messages.Watched(seq=self.seq, snapshot=self.base))
        return self._whole

    def advance(self, snapshot: model.Snapshot, now: float) -> bytes | None:
        """Take `snapshot` as the new base. Returns the frame that tells watchers, None if there is nothing to tell."""
        before, self.base = self.base, snapshot
        self._whole = None
        if before is None:
            self.sent_at = now
            return self.whole()
        patch = delta.between(before, snapshot)
        if delta.is_quiet(patch) and now - self.sent_at < HEARTBEAT:
            return None
        self.seq += 1
        self.sent_at = now
        return messages.encode(messages.Patched(seq=self.seq, patch=patch))

    def end(self, frame: bytes | None) -> None:
        for watcher in self.watchers:
            watcher.end(frame)
        self.watchers.clear()
        self.wake.set()


class Sampler:
    """Watch containers. One for a worker, used from its event loop alone."""

    def __init__(
        self,
        target: Callable[[str], Target],
        *,
        hertz: float = 1.0,
        host: Host | None = None,
        happenings: Happenings | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        """`target` gives what to look at now, and raises `Fault(not-found)` for a container that is no more."""
        self._target = target
        self._period = max(1 / hertz, MIN_GAP)
        self._host = host or Host()
        self._happenings = happenings or Happenings()
        self.observers = list(observers)
        self._streams: dict[str, _Stream] = {}
        self._room: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()  # while somebody waits

    def take(self, id: str, *, whole: bool = True) -> model.Snapshot:
        """One snapshot, now. `whole` false: without what takes its time. Raises `Fault(not-found)`."""
        return take(self._target(id), self._host, whole=whole)

    async def take_aside(self, id: str) -> model.Snapshot:
        """One snapshot, whole, and nobody else waits for it: of many processes it takes a tenth of a second.

        Raises `Fault`: `not-found`, `timeout`, `no-capacity`.
        """
        room = self._room.get(id) or self._room.setdefault(id, asyncio.Semaphore(ASIDE))
        async with room:  # rather than refused: a page of many asks at once
            snapshot = await aside(partial(take, self._target(id), self._host), id, ASIDE_SECONDS)
        blind = self._blind_spots(id) if id in self._streams else {}
        return replace(snapshot, gaps={**snapshot.gaps, **blind}) if blind else snapshot

    async def watch(self, id: str, *, pictures: bool = True, after: int | None = None) -> AsyncGenerator[bytes, None]:
        """Payloads of `Watched`, `Patched`, `Happened` and at last `Gone`, without their length prefix.

        Without `pictures` only the last two. Raises `Fault(not-found)` before the first. Leave it by `aclosing`, or
        the container is watched on.
        """
        stream = self._stream(id)
        self._happenings.flush(id)  # to the others; this one gets it with what is remembered
        watcher = _Watcher(pictures=pictures, after=after)
        if not pictures or stream.base is not None:
            watcher.begin(self._whole(stream, watcher))
        stream.watchers.add(watcher)
        try:
            while (frame := await watcher.next()) is not None:
                yield frame
        finally:
            stream.watchers.discard(watcher)
            if not stream.watchers:
                stream.wake.set()

    def poke(self, id: str) -> None:
        """Something happened to it (launched, exited, a terminal opened): look at once, if anyone watches."""
        if stream := self._streams.get(id):
            stream.closely = True
            stream.wake.set()

    def gone(self, id: str, reason: str = "the container was deleted") -> None:
        """It is no more: say so to all who watch, and let go of its files at once."""
        for observer in self.observers:
            observer.stop(id)  # first, or what they tell yet would be remembered for ever
        self._happenings.flush(id)
        self._happenings.forget(id)
        if stream := self._streams.pop(id, None):
            stream.end(messages.encode(messages.Gone(reason=reason)))
            if not stream.busy:
                stream.camera.close()

    async def close(self) -> None:
        """End every watch, without a word: the watchers' connections are ending."""
        streams = list(self._streams.values())
        self._streams.clear()
        for stream in streams:
            stream.end(None)
        await asyncio.gather(*(stream.task for stream in streams if stream.task), return_exceptions=True)
        for observer in self.observers:
            observer.close()
        self._host.close()

    @property
    def watched(self) -> dict[str, int]:
        """Container → how many watch it."""
        return {id: len(stream.watchers) for id, stream in self._streams.items()}

    def _stream(self, id: str) -> _Stream:
        stream = self._streams.get(id)
        if stream is None:
            target = self._target(id)
            stream = self._streams[id] = _Stream(id, Camera(self._host, sparing=True))
            stream.deaf = self._happenings.listen(id, partial(self._tell, stream))
            for observer in self.observers:
                observer.start(target)
            stream.task = asyncio.create_task(self._run(stream), name=f"sample {id}")
        return stream

    def _whole(self, stream: _Stream, watcher: _Watcher) -> list[_Frame]:
        """All that a watcher needs to be where the others are."""
        events = self._happenings.since(stream.id, watcher.after)
        told = [_told(events)] if events else []
        return [_Frame(stream.whole()), *told] if watcher.pictures else told

    def _show(self, stream: _Stream, payload: bytes) -> None:
        """A patch, to all who want pictures."""
        frame = _Frame(payload)
        for watcher in stream.watchers:
            if watcher.pictures:
                watcher.put(frame, partial(self._whole, stream, watcher))

    def _tell(self, stream: _Stream, events: list[Event]) -> None:
        """Events, to all but those whose first picture, which brings them, is still being taken."""
        frame = _told(events)
        for watcher in stream.watchers:
            if stream.base is not None or not watcher.pictures:
                watcher.put(frame, partial(self._whole, stream, watcher))

    async def _run(self, stream: _Stream) -> None:
        loop = asyncio.get_running_loop()
        try:
            while stream.watchers:
                last = loop.time()
                await self._pass(stream)
                await self._rest(stream, last)
        except Fault as fault:
            stream.end(messages.encode(_farewell(fault)))
        except Exception:
            log.exception("sampling of %s ended", stream.id)
            stream.end(messages.encode(_farewell(Fault(Code.INTERNAL_ERROR, f"sampling of {stream.id} ended"))))
        finally:
            stream.deaf()
            if self._streams.get(stream.id) is stream:
                del self._streams[stream.id]
            if stream.id not in self._streams:
                for observer in self.observers:
                    observer.stop(stream.id)
            stream.camera.close()

    async def _pass(self, stream: _Stream) -> None:
        loop = asyncio.get_running_loop()
        target = self._target(stream.id)
        started = loop.time()
        closely, stream.closely = stream.closely, False
        if stream.threaded:
            stream.threaded -= 1
            stream.busy = True
            try:
                snapshot = await asyncio.to_thread(stream.camera.take, target, closely=closely)
            finally:
                stream.busy = False
        else:
            snapshot = stream.camera.take(target, closely=closely)
        if loop.time() - started > SLOW:
            stream.threaded = SLOW_PASSES
        if self._streams.get(stream.id) is not stream:
            return  # it was deleted meanwhile
        snapshot = self._confess(stream, snapshot)
        before = stream.base
        self._look(target, before, snapshot)
        self._happenings.flush(stream.id)
        frame = stream.advance(snapshot, loop.time())
        if before is None:
            for watcher in stream.watchers:
                if watcher.pictures:
                    watcher.begin(self._whole(stream, watcher))
        elif frame is not None:
            self._show(stream, frame)

    def _look(self, target: Target, before: model.Snapshot | None, after: model.Snapshot) -> None:
        """Let the observers see the picture. One that fails costs its own news only."""
        for observer in self.observers:
            try:
                if before is not None and before.info.generation != after.info.generation:
                    observer.start(target)
                observer.looked(target, before, after)
            except Exception:
                log.exception("%s failed", type(observer).__name__)

    def _confess(self, stream: _Stream, snapshot: model.Snapshot) -> model.Snapshot:
        """Name what observers cannot see beside what the picture does not show."""
        blind = self._blind_spots(stream.id)
        if not blind:
            return snapshot
        if stream.gaps is None or stream.gaps[0] is not snapshot.gaps or stream.gaps[1] != blind:
            stream.gaps = (snapshot.gaps, blind, {**snapshot.gaps, **blind})
        return replace(snapshot, gaps=stream.gaps[2])

    def _blind_spots(self, id: str) -> dict[str, str]:
        return {path: why for observer in self.observers for path, why in observer.gaps_of(id).items()}

    async def _rest(self, stream: _Stream, last: float) -> None:
        """Until the container's next turn, a poke, or the end. Turns are spread, so that not all come at once."""
        loop = asyncio.get_running_loop()
        phase = zlib.crc32(stream.id.encode()) % PHASES / PHASES * self._period
        turns = math.floor((last - phase) / self._period) + 1
        due = max(turns * self._period + phase, last + MIN_GAP)
        timer = loop.call_at(due, stream.wake.set)
        await stream.wake.wait()
        timer.cancel()
        stream.wake.clear()
        early = last + MIN_GAP - loop.time()
        if early > 0 and stream.watchers:
            await asyncio.sleep(early)


def _told(events: list[Event]) -> _Frame:
    return _Frame(messages.encode(messages.Happened(events=events)), events[-1].seq)


def _farewell(fault: Fault) -> messages.Reply:
    if fault.code is Code.NOT_FOUND:
        return messages.Gone(reason="the container was deleted")
    return messages.Refused(code=fault.code, message=fault.message, hint=fault.hint)
