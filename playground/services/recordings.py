"""Recordings of terminals: begin, end, list, show, hand out, delete. All is the worker's; no row is kept here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from playground import worker
from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from playground.services.names import shown_name
from playground.services.present import Json, moment
from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.protocol.terminals import Recording

R = TypeVar("R", bound=messages.Reply)


@dataclass(frozen=True)
class Cast:
    """An asciicast as it is now: `size` bytes, in `pieces`."""

    recording: Recording
    size: int
    pieces: AsyncIterator[bytes]

    @property
    def file_name(self) -> str:
        """`box-20260131-120000.cast`, after the container and the time in UTC."""
        name = re.sub(r"[^\w.-]+", "-", self.recording.container_name).strip("-.") or "terminal"
        return f"{name}-{datetime.fromtimestamp(self.recording.started_at, UTC):%Y%m%d-%H%M%S}.cast"


def recording_start(*, user: User, id: str, terminal: str, title: str = "") -> Recording:
    """From now on; who looks on is told. Raises `Fault`: not-found, wrong-state, limit-reached."""
    row = container_for(user=user, id=id)
    request = messages.StartRecording(
        id=row.pk, owner=owner_of(row), terminal=terminal, by=shown_name(user), title=title
    )
    return ask(row, request, messages.RecordingSeen).recording


def recording_stop(*, user: User, id: str, terminal: str) -> Recording:
    """The terminal's newest; if it has ended already, that is no error."""
    row = container_for(user=user, id=id)
    found = _asked(messages.ListRecordings(owner=owner_of(row), container=row.pk), messages.Recordings)
    newest = next((each for each in found.recordings if each.terminal == terminal), None)
    if newest is None:
        text = _("terminal %(terminal)s of container %(id)s was never recorded")
        raise Fault(Code.NOT_FOUND, text % {"terminal": terminal[:32], "id": row.pk}, field="terminal")
    request = messages.StopRecording(owner=owner_of(row), recording=newest.id)
    return _asked(request, messages.RecordingSeen, newest.id).recording


def recording_list(*, user: User, container: str | None = None) -> messages.Recordings:
    """Newest first; those of containers that are gone too."""
    return _asked(messages.ListRecordings(owner=str(user.pk), container=container), messages.Recordings)


def recording_show(*, user: User, recording: str) -> Recording:
    """Raises `Fault(not-found)`, for another's as for none."""
    for found in recording_list(user=user).recordings:
        if found.id == recording:
            return found
    raise _missing(recording)


def recording_delete(*, user: User, recording: str) -> None:
    """Deleting what is gone is no error."""
    worker.call(messages.DeleteRecording(owner=str(user.pk), recording=recording), messages.Done)


def recordings_drop(*, owner: str) -> list[str]:
    """All of somebody who is no more here; their ids. Raises `Fault`: the worker's."""
    found = worker.call(messages.ListRecordings(owner=owner), messages.Recordings).recordings
    for each in found:
        worker.call(messages.DeleteRecording(owner=owner, recording=each.id), messages.Done)
    return [each.id for each in found]


def recording_cast(*, user: User, recording: str) -> Cast:
    """As far as it is written now. Raises `Fault` at once; what befalls it later breaks the pieces off."""
    found = recording_show(user=user, recording=recording)
    first = _asked(messages.ReadRecording(owner=found.owner, recording=found.id), messages.Part, found.id)
    return Cast(found, first.size, _pieces(found, first))


async def _pieces(recording: Recording, part: messages.Part) -> AsyncIterator[bytes]:
    size, sent = part.size, 0  # a recording under way may grow meanwhile: what is told is what is sent
    while True:
        data = part.data[: size - sent]
        sent += len(data)
        yield data
        if sent >= size:
            return
        request = messages.ReadRecording(owner=recording.owner, recording=recording.id, offset=sent)
        part = await asyncio.to_thread(_asked, request, messages.Part, recording.id)
        if not part.data:
            raise Fault(Code.VANISHED, "the recording is shorter than it was")


def _asked(request: messages.Request, expected: type[R], recording: str = "") -> R:
    try:
        return worker.call(request, expected)
    except Fault as fault:
        if fault.code is Code.NOT_FOUND:
            raise _missing(recording) from fault
        raise


def _missing(recording: str) -> Fault:
    """It repeats nothing that the asker did not send."""
    return Fault(Code.NOT_FOUND, _("no recording %(id)s") % {"id": recording[:32]}, field="recording")


def recording_json(found: Recording) -> Json:
    """Times as ISO 8601; whose it is goes without saying."""
    told: Json = msgspec.to_builtins(found)
    del told["owner"]
    return told | {"started_at": moment(found.started_at), "ended_at": moment(found.ended_at)}


def recordings_json(found: messages.Recordings) -> Json:
    return {
        "recordings": [recording_json(each) for each in found.recordings],
        "bytes_used": found.bytes_used,
        "bytes_allowed": found.bytes_allowed,
        "recording_bytes": found.recording_bytes,
        "days": found.days,
    }
