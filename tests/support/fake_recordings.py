"""Recordings of the fake worker's terminals: in memory, brought up to date when somebody asks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from msgspec.structs import replace

from runtime.errors import Code, Fault
from runtime.protocol import messages, pty
from runtime.protocol.terminals import MAX_PART, Recording
from runtime.terminal.cast import Cast, Happened, header
from tests.support.fake_shell import Shell
from tests.support.fake_verbs import Store

MOST, OWNER_BYTES, ONE_BYTES, DAYS = 5, 400_000, 100_000, 30.0


class Reel:
    """One recording, and the terminal that it is of."""

    def __init__(self, recording: Recording, shell: Shell) -> None:
        self.recording = recording
        self.data = header(recording)
        self._shell = shell
        self._given = len(shell.output)
        self._size = (shell.cols, shell.rows)
        self._cast = Cast(recording.started_at)
        self.note()

    def catch_up(self) -> None:
        if self.recording.ended:
            return
        now, shell = time.time(), self._shell
        if self._size != (shell.cols, shell.rows):
            self._size = (shell.cols, shell.rows)
            self._write(Happened(now, self._given, "size", f"{shell.cols}x{shell.rows}"))
        while self._given < len(shell.output) and not self.recording.ended:
            fresh = bytes(shell.output[self._given : self._given + 4096])
            self._given += len(fresh)
            self._write(Happened(now, self._given, "output", fresh))
        if shell.exit is not None and not self.recording.ended:
            code = shell.exit.code if shell.exit.signal is None else 128 + shell.exit.signal
            self._write(Happened(now, self._given, "exit", str(code)))
            self.end("exit")
        self.note()

    def end(self, why: Literal["stopped", "exit", "quota"]) -> None:
        if not self.recording.ended:
            self.recording = replace(self.recording, ended=why, ended_at=time.time())
            self._shell.helm.recording = None
            self._shell.helm.tell()

    def note(self) -> None:
        self.recording = replace(self.recording, bytes=len(self.data), seconds=self._cast.elapsed / 1000)

    def _write(self, event: Happened) -> None:
        lines = self._cast.lines(event)
        if len(self.data) + len(lines) > ONE_BYTES:
            self.end("quota")
        else:
            self.data += lines


def kept(store: Store) -> dict[str, Reel]:
    """All of this worker's, as they are now."""
    for reel in store.recordings.values():
        reel.catch_up()
    return store.recordings


def find(store: Store, owner: str | None, id: str) -> Reel:
    reel = kept(store).get(id)
    if reel is None or owner not in (None, reel.recording.owner):
        raise Fault(Code.NOT_FOUND, f"there is no recording {id[:32]}", field="recording")
    return reel


async def start(store: Store, request: messages.StartRecording) -> messages.Reply:
    held = store.find(request.id, request.owner)
    shell = held.shells.get(request.terminal)
    info = held.world.info
    if shell is None:
        raise Fault(Code.NOT_FOUND, f"no terminal {request.terminal}", field="terminal")
    mine = [reel.recording for reel in kept(store).values() if reel.recording.owner == info.owner]
    if shell.exit is not None or shell.helm.recording is not None:
        hint = "Stop that recording first."
        raise Fault(Code.WRONG_STATE, "it has ended, or is recorded already", field="terminal", hint=hint)
    if not request.title.isprintable():
        raise Fault(Code.INVALID_SPEC, "title has a control character", field="title")
    if len(mine) >= MOST:
        hint = "Delete recordings that are no longer needed."
        raise Fault(Code.LIMIT_REACHED, f"{MOST} recordings are the most", field="recordings", hint=hint)
    recording = Recording(
        id=secrets.token_hex(12),
        owner=info.owner,
        container=info.id,
        container_name=info.name,
        terminal=request.terminal,
        terminal_name=next(each.name for each in info.terminals if each.id == request.terminal),
        title=request.title,
        started_at=time.time(),
        ended_at=None,
        seconds=0.0,
        bytes=0,
        cols=shell.cols,
        rows=shell.rows,
    )
    reel = store.recordings[recording.id] = Reel(recording, shell)
    shell.helm.recording = pty.RecordingBody(id=recording.id, started_at=recording.started_at, by=request.by)
    shell.helm.tell()
    return messages.RecordingSeen(recording=reel.recording)


async def stop(store: Store, request: messages.StopRecording) -> messages.Reply:
    reel = find(store, request.owner, request.recording)
    reel.end("stopped")
    return messages.RecordingSeen(recording=reel.recording)


async def list_all(store: Store, request: messages.ListRecordings) -> messages.Reply:
    found = [reel.recording for reel in kept(store).values() if request.owner in (None, reel.recording.owner)]
    shown = [each for each in found if request.container in (None, each.container)]
    return messages.Recordings(
        recordings=sorted(shown, key=lambda each: -each.started_at),
        bytes_used=sum(each.bytes for each in found),
        bytes_allowed=OWNER_BYTES,
        recording_bytes=ONE_BYTES,
        days=DAYS,
    )


async def read(store: Store, request: messages.ReadRecording) -> messages.Reply:
    if request.offset < 0:
        raise Fault(Code.INVALID_SPEC, "offset must not be below 0", field="offset")
    data = find(store, request.owner, request.recording).data
    part = data[request.offset :][:MAX_PART]
    return messages.Part(data=part, size=len(data), end=request.offset + len(part) >= len(data))


async def delete(store: Store, request: messages.DeleteRecording) -> messages.Reply:
    reel = kept(store).get(request.recording)
    if reel and request.owner in (None, reel.recording.owner):
        reel.end("stopped")
        del store.recordings[request.recording]
    return messages.Done()


RECORDINGS: dict[type[messages.Request], Callable[[Store, Any], Awaitable[messages.Reply]]] = {
    messages.StartRecording: start,
    messages.StopRecording: stop,
    messages.ListRecordings: list_all,
    messages.ReadRecording: read,
    messages.DeleteRecording: delete,
}
