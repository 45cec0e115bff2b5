"""`/recordings`, and a terminal's `recording`: asciicast v3 of its output."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import AfterValidator, ConfigDict, Field

from playground.api.auth import person
from playground.api.containers import ERRORS
from playground.api.schemas import Asked, Moment
from playground.services import present
from playground.services.recordings import (
    recording_cast,
    recording_delete,
    recording_json,
    recording_list,
    recording_show,
    recording_start,
    recording_stop,
    recordings_json,
)
from runtime.protocol.terminals import MAX_NAME

MEDIA_TYPE = "application/x-asciicast"
EXAMPLE: dict[str, Any] = {
    "id": "5f0c1d9a7e3b2468ac13579b",
    "container": "k3v9q0x2b7mdz1ce",
    "container_name": "busybox-k3v9",
    "terminal": "console",
    "terminal_name": "",
    "title": "first steps",
    "started_at": "2026-01-31T12:00:00.000Z",
    "ended_at": "2026-01-31T12:03:20.500Z",
    "seconds": 200.5,
    "bytes": 18230,
    "cols": 80,
    "rows": 24,
    "ended": "stopped",
}
CAST = (
    '{"version":3,"term":{"cols":80,"rows":24,"type":"xterm-256color"},"timestamp":1769860800,"title":"first steps"}\n'
    '[0.248,"o","/ # "]\n'
    '[1.001,"o","ls\\r\\n"]\n'
)

router = Router(tags=["recordings"])
terminal = Router(tags=["recordings"])
ONE = "/{recording_id}"
AT = "/{container_id}/terminals/{terminal_id}/recording"


def _title(title: str) -> str:
    if not title.isprintable():  # half a surrogate pair is not either
        raise ValueError(_("it cannot hold control characters"))
    return title.strip()


class RecordIn(Asked):
    title: Annotated[
        str, Field(max_length=MAX_NAME, description="shown in the list and by players"), AfterValidator(_title)
    ] = ""


class RecordingOut(Schema):
    """One recording. It outlives its container, whose name, and the terminal's, are as they were when it began."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: str
    container: str
    container_name: str
    terminal: str
    terminal_name: str
    title: str
    started_at: Annotated[Moment, Field(description="zero of its times, on the clock of snapshots and events")]
    ended_at: Annotated[Moment | None, Field(description="null while it goes on")]
    seconds: Annotated[float, Field(description="up to the last thing that happened in it")]
    bytes: Annotated[int, Field(description="of its asciicast, which is what counts against the quota")]
    cols: Annotated[int, Field(description="when it began")]
    rows: int
    ended: Annotated[
        Literal["stopped", "exit", "quota", "lost"] | None,
        Field(description="stopped by a person, the terminal's exit, no room left, or cut off with its host"),
    ]


class RecordingsOut(Schema):
    """`bytes_used` of `bytes_allowed` are yours; `days` after its end one is removed, null: never."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "recordings": [EXAMPLE],
                "bytes_used": EXAMPLE["bytes"],
                "bytes_allowed": 200 * 1024**2,
                "recording_bytes": 50 * 1024**2,
                "days": 30.0,
            }
        }
    )

    recordings: list[RecordingOut]
    bytes_used: int
    bytes_allowed: int
    recording_bytes: Annotated[int, Field(description="the most that one may have")]
    days: float | None


STREAM = {
    "responses": {
        200: {
            "description": "One JSON array a line, after the header: seconds since the line before, a letter, a text.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": CAST}},
        }
    }
}


@terminal.post(AT, response={201: RecordingOut, **ERRORS}, operation_id="record", summary="Record a terminal")
def start(
    request: HttpRequest, container_id: str, terminal_id: str, body: RecordIn | None = None
) -> Status[present.Json]:
    """Its output from now on, never what is typed; whoever looks on is told. One at a time for each terminal."""
    title = (body or RecordIn()).title
    begun = recording_start(user=person(request), id=container_id, terminal=terminal_id, title=title)
    return Status(201, recording_json(begun))


@terminal.delete(AT, response={200: RecordingOut, **ERRORS}, operation_id="record_stop", summary="Stop recording it")
def stop(request: HttpRequest, container_id: str, terminal_id: str) -> present.Json:
    """The terminal's newest recording, ended. Again: no error. It also ends with the terminal, and at its quota."""
    return recording_json(recording_stop(user=person(request), id=container_id, terminal=terminal_id))


@router.get("", response={200: RecordingsOut, **ERRORS}, operation_id="recordings", summary="List your recordings")
def index(
    request: HttpRequest,
    container: Annotated[str | None, Query(max_length=32, description="only those of this one")] = None,
) -> present.Json:
    """Newest first, those of deleted containers too."""
    return recordings_json(recording_list(user=person(request), container=container))


@router.get(ONE, response={200: RecordingOut, **ERRORS}, operation_id="recording", summary="Show a recording")
def show(request: HttpRequest, recording_id: str) -> present.Json:
    """As it is now."""
    return recording_json(recording_show(user=person(request), recording=recording_id))


@router.get(
    f"{ONE}/cast",
    response={200: None, **ERRORS},
    openapi_extra=STREAM,
    operation_id="recording_cast",
    summary="Get its asciicast",
)
def cast(request: HttpRequest, recording_id: str) -> HttpResponseBase:
    """asciicast v3, as a file, for asciinema and its player. Of one under way: as far as it is written."""
    found = recording_cast(user=person(request), recording=recording_id)
    response = StreamingHttpResponse(found.pieces, content_type=MEDIA_TYPE)
    response.headers["Content-Length"] = str(found.size)
    response.headers["Content-Disposition"] = content_disposition_header(True, found.file_name)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.delete(ONE, response={204: None, **ERRORS}, operation_id="recording_delete", summary="Delete a recording")
def delete(request: HttpRequest, recording_id: str) -> Status[None]:
    """For good, and ends it first if it goes on. Again: 204 too."""
    recording_delete(user=person(request), recording=recording_id)
    return Status(204, None)
