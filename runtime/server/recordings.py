"""Recordings of terminals: those under way, those that are kept, and how much of them an owner may have."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from runtime.config import RuntimeConfig
from runtime.engine.record import Record
from runtime.errors import Code, Fault
from runtime.protocol import model
from runtime.protocol.pty import RecordingBody
from runtime.protocol.terminals import MAX_NAME, MAX_PART, Recording
from runtime.server.reels import Kept, Ledger, Reel, is_id, load
from runtime.server.scribe import Pen, Scribe
from runtime.terminal.cast import header
from runtime.terminal.recorder import Recorder
from runtime.terminal.session import Session

SWEEP = 3600.0  # seconds between looks for what is too old
DAY = 86_400.0
LEAST = 128 * 1024  # bytes of room without which none begins: it would end at once
MAX_BY = 150

log = structlog.get_logger()


@dataclass(frozen=True)
class Running:
    """One under way, until its recorder is over."""

    pen: Pen
    recorder: Recorder
    session: Session

    def cut(self) -> None:
        """The terminal tells it nothing more, and its viewers are told that it does not."""
        self.recorder.leave()
        if self.session.tape is self.recorder:
            self.session.record(None)


class Recordings:
    """Reads what is kept when it is made. Raises `OSError`."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = config
        self._directory = str(config.recordings_dir)
        self._scribe = Scribe()
        self._running: dict[str, Running] = {}
        self._ledger = Ledger(config.recording_bytes, config.recording_owner_bytes)
        self._pens: dict[str, Pen] = {}
        self._owners: defaultdict[str, dict[str, Pen]] = defaultdict(dict)
        for reel in load(self._directory, self._ledger):
            self._keep(Pen(self._scribe, reel))
        self._loop = asyncio.get_running_loop()
        self._sweeper: asyncio.TimerHandle | None = None
        self._sweep()

    def take_up(self, find: Callable[[str, str], Session | None]) -> None:
        """After a restart: go on where the files end. `find`: the session of (container, terminal)."""
        for pen in list(self._pens.values()):
            kept, recording = pen.reel.kept, pen.reel.recording
            if recording.ended is not None:
                if kept.blocks is None:
                    self._scribe.post(pen, _nothing)  # the scribe sees that it is to be compressed
                continue
            session = find(recording.container, recording.terminal)
            if session is None or session.ring.epoch != kept.epoch or kept.at > session.ring.head:
                log.info("recording lost", id=recording.id, container=recording.container)
                self._scribe.post(pen, pen.reel.lose)
                continue
            self._scribe.post(pen, pen.reel.resume)
            recorder = self._run(pen, session, kept.at)
            recorder.catch_up()
            size = session.size
            if f"{size.cols}x{size.rows}" != kept.size:
                recorder.resized(session.ring.head, size.cols, size.rows)
            if session.exit is not None:
                recorder.ended(session.ring.head, session.exit)
            else:
                session.record(recorder)

    async def start(
        self, record: Record, terminal: model.Terminal, session: Session, *, by: str, title: str
    ) -> Recording:
        """From now on. Raises `Fault`: `wrong-state`, `limit-reached`, `no-capacity`, `invalid-spec`."""
        if session.exit is not None:
            text = f"terminal {terminal.id} has ended"
            raise Fault(Code.WRONG_STATE, text, field="terminal", hint="Open another terminal.")
        if self.under_way(record.id, terminal.id) is not None:
            raise Fault(
                Code.WRONG_STATE,
                f"terminal {terminal.id} of container {record.id} is being recorded already",
                field="terminal",
                hint="Stop that recording first.",
            )
        title = title.strip()
        if len(title) > MAX_NAME or not title.isprintable():
            raise Fault(
                Code.INVALID_SPEC,
                f"title must be at most {MAX_NAME} characters, none of them a control character",
                field="title",
            )
        size = session.size
        recording = Recording(
            id=secrets.token_hex(12),
            owner=record.owner,
            container=record.id,
            container_name=record.name,
            terminal=terminal.id,
            terminal_name=terminal.name,
            title=title,
            started_at=time.time(),
            ended_at=None,
            seconds=0.0,
            bytes=0,
            cols=size.cols,
            rows=size.rows,
        )
        self._admit(recording)
        ring = session.ring
        kept = Kept(
            recording=recording, by=by[:MAX_BY], epoch=ring.epoch, at=ring.head, size=f"{size.cols}x{size.rows}"
        )
        pen = self._keep(Pen(self._scribe, Reel(self._directory, kept, self._ledger)))
        created = self._scribe.ask(pen, pen.reel.create)
        recorder = self._run(pen, session, ring.head)
        recorder.begin(session.modes.preamble())
        session.record(recorder)
        try:
            await created
        except OSError as error:
            recorder.leave()
            session.record(None)
            self._gone(pen)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise Fault.from_os_error(error, op="record", code=None if full else Code.INTERNAL_ERROR) from error
        return pen.reel.recording

    async def stop(self, owner: str | None, id: str) -> Recording:
        """Raises `not-found`."""
        pen = self._find(owner, id)
        if running := self._running.get(id):
            running.recorder.end("stopped")
            running.cut()
        await self._scribe.ask(pen, _nothing)  # once all of it is written
        return pen.reel.recording

    def of(self, owner: str | None, container: str | None = None) -> list[Recording]:
        """The newest first. None is the operator, who has all."""
        pens = self._pens if owner is None else self._owners.get(owner, {})
        found = [pen.reel.recording for pen in pens.values() if container in (None, pen.reel.recording.container)]
        return sorted(found, key=lambda recording: recording.started_at, reverse=True)

    async def read(self, owner: str | None, id: str, offset: int) -> tuple[bytes, int]:
        """At most `MAX_PART` bytes, and how many there are in all. Raises `not-found`."""
        pen = self._find(owner, id)
        try:
            return await asyncio.to_thread(pen.reel.read, offset, MAX_PART)
        except FileNotFoundError:
            raise _missing(id) from None

    async def delete(self, owner: str | None, id: str) -> None:
        """Of what is not there, or another's, nothing is done, and nothing told either."""
        try:
            pen = self._find(owner, id)
        except Fault:
            return
        if running := self._running.get(id):
            running.cut()
        await self._scribe.ask(pen, pen.reel.remove)
        self._gone(pen)

    def under_way(self, container: str, terminal: str) -> str | None:
        """The recording of that terminal that goes on now."""
        for id, running in self._running.items():
            recording = running.pen.reel.recording
            if (recording.container, recording.terminal) == (container, terminal) and running.recorder.told():
                return id
        return None

    @property
    def count(self) -> int:
        """How many are under way."""
        return sum(1 for running in self._running.values() if running.recorder.told())

    def leave(self) -> None:
        """This worker ends; the terminals may not, and the next one goes on with their recordings."""
        for running in self._running.values():
            running.recorder.leave()

    async def close(self) -> None:
        """What was handed over is written."""
        if self._sweeper:
            self._sweeper.cancel()
        await self._scribe.close()

    def _find(self, owner: str | None, id: str) -> Pen:
        pen = self._pens.get(id) if is_id(id) else None
        if pen is None or pen.reel.removed or owner not in (None, pen.reel.recording.owner):
            raise _missing(id)
        return pen

    def _run(self, pen: Pen, session: Session, given: int) -> Recorder:
        recording = pen.reel.recording
        body = RecordingBody(id=recording.id, started_at=recording.started_at, by=pen.reel.kept.by)
        recorder = Recorder(body, session.ring, pen, given)
        self._running[recording.id] = Running(pen, recorder, session)
        pen.drained, pen.ended = recorder.catch_up, lambda: self._ended(pen)
        return recorder

    def _ended(self, pen: Pen) -> None:
        if running := self._running.pop(pen.reel.recording.id, None):
            running.cut()
        if pen.reel.removed:
            self._gone(pen)

    def _keep(self, pen: Pen) -> Pen:
        recording = pen.reel.recording
        self._pens[recording.id] = self._owners[recording.owner][recording.id] = pen
        return pen

    def _gone(self, pen: Pen) -> None:
        recording = pen.reel.recording
        self._running.pop(recording.id, None)
        self._pens.pop(recording.id, None)
        self._owners[recording.owner].pop(recording.id, None)
        if not self._owners[recording.owner]:
            del self._owners[recording.owner]

    def _admit(self, recording: Recording) -> None:
        """Raises `limit-reached`, and `no-capacity` where the disk has no room for a whole one."""
        most, ledger = self._config.recording_owner_count, self._ledger
        if len(self._owners.get(recording.owner, {})) >= most:
            text, field = f"{most} recordings are the most one owner may have", "recordings"
        elif ledger.room(recording) < max(len(header(recording)), min(LEAST, ledger.one)):
            text, field = f"recordings of one owner may have {ledger.all} bytes together", "bytes_used"
        elif not _disk_has(self._directory, ledger.one):
            raise Fault(Code.NO_CAPACITY, "the disk has no room for another recording")
        else:
            return
        raise Fault(Code.LIMIT_REACHED, text, field=field, hint="Delete recordings that are no longer needed.")

    def _sweep(self) -> None:
        """Remove what is too old, now and every hour."""
        days = self._config.recording_days
        for pen in list(self._pens.values()):
            ended_at = pen.reel.recording.ended_at
            if days and ended_at is not None and ended_at < time.time() - days * DAY:
                log.info("recording is over its time", id=pen.reel.recording.id)
                self._scribe.post(pen, pen.reel.remove)
                self._gone(pen)
        self._sweeper = self._loop.call_later(SWEEP, self._sweep)


def _missing(id: str) -> Fault:
    return Fault(Code.NOT_FOUND, f"there is no recording {id[:32]}", field="recording")


def _disk_has(directory: str, most: int) -> bool:
    """Whether a file of so many bytes fits; where that cannot be told, writing it will tell."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return True
    return disk.f_bavail * disk.f_frsize >= most


def _nothing() -> None:
    """Waited for in the scribe's turn."""
