"""`/containers/{id}/…` and `/host`: one thing closely, in the live stream's own form, and what happens as it does."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Header, Path, Query, Router
from pydantic import AfterValidator

from playground.api.auth import person, visit
from playground.api.containers import ERRORS
from playground.api.examples import EVENT
from playground.api.mirrored import mirrored
from playground.api.schemas import SourceOut
from playground.services.container_look import (
    container_file,
    container_process,
    container_provenance,
    container_seccomp,
    container_source,
)
from playground.services.event_stream import event_stream
from playground.services.host_look import host_look
from runtime.protocol import messages, model, xray

MAX_PATH = 4096  # PATH_MAX of linux/limits.h

router = Router(tags=["X-ray"])
host = Router(tags=["X-ray"])


def _absolute(path: str) -> str:
    if not path.startswith("/") or "\0" in path:
        raise ValueError(_("it must be an absolute path, without NUL bytes"))
    return path


def _layer(layer: str) -> str:
    if layer not in {"merged", "upper"} and not (layer.isascii() and layer.isdigit()):
        raise ValueError(_("it must be merged, upper, or the number of a lower layer"))
    return layer


Inside = Annotated[
    str,
    Query(max_length=MAX_PATH, description="absolute, as inside", examples=["/etc/passwd"]),
    AfterValidator(_absolute),
]
Layer = Annotated[
    str,
    Query(max_length=8, description="`merged`, `upper`, or a lower layer's number from the top", examples=["upper"]),
    AfterValidator(_layer),
]
Seq = Annotated[int | None, Query(ge=0, le=2**62, description="tell first what happened since the event of this `seq`")]
LastSeq = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, le=2**62, description="the same; goes before `after`")
]

STREAM = {
    "responses": {
        200: {
            "description": "`id`, `event` (its kind, `gone` or `fault`) and `data` of each; comments in silence.",
            "content": {"text/event-stream": {"schema": mirrored(xray.Event).model_json_schema(), "example": EVENT}},
        }
    }
}


@router.get(
    "/{container_id}/events",
    response={200: None, **ERRORS},
    openapi_extra=STREAM,
    operation_id="events",
    summary="Hear what happens",
)
def events(
    request: HttpRequest, container_id: str, after: Seq = None, last_event_id: LastSeq = None
) -> HttpResponseBase:
    """Server-sent events: processes born and dead, files changed, limits hit. What is remembered comes first.

    Ends with `event: gone` when the container is deleted, with `event: fault` when you may no longer have it or the
    worker went. Sixteen streams of one person may be open at a time.
    """
    since = after if last_event_id is None else last_event_id
    pieces = event_stream(visit=visit(request, container_id), after=since)
    response = StreamingHttpResponse(pieces, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would gather events until a page is full
    return response


@router.get(
    "/{container_id}/processes/{pid}",
    response={200: mirrored(xray.ProcessDetail), **ERRORS},
    operation_id="process",
    summary="Look at one process",
)
def process(request: HttpRequest, container_id: str, pid: Annotated[int, Path(ge=1, le=2**22)]) -> Any:
    """One of the container, or of those above it up to the host's first, by the host's number."""
    return container_process(user=person(request), id=container_id, pid=pid)


@router.get(
    "/{container_id}/files",
    response={200: mirrored(xray.FileView), **ERRORS},
    operation_id="file",
    summary="Look into a layer",
)
def file(request: HttpRequest, container_id: str, path: Inside, layer: Layer = "merged") -> Any:
    """A directory's entries, or a file's first 64 KiB: of what `/` shows, of the upper layer, or of one below."""
    return container_file(user=person(request), id=container_id, path=path, layer=layer)


@router.get(
    "/{container_id}/provenance",
    response={200: mirrored(xray.Provenance), **ERRORS},
    operation_id="provenance",
    summary="Where a path comes from",
)
def provenance(request: HttpRequest, container_id: str, path: Inside) -> Any:
    """Which layer holds it, what that hides, and whether it was copied up or made. Top layer first."""
    return container_provenance(user=person(request), id=container_id, path=path)


@router.get(
    "/{container_id}/seccomp",
    response={200: mirrored(xray.Seccomp), **ERRORS},
    operation_id="seccomp",
    summary="Its system call filter",
)
def seccomp(request: HttpRequest, container_id: str) -> Any:
    """The filter its processes were born with."""
    return container_seccomp(user=person(request), id=container_id)


@router.get(
    "/{container_id}/source",
    response={200: SourceOut, **ERRORS},
    operation_id="source",
    summary="Where a figure is from",
)
def source(
    request: HttpRequest,
    container_id: str,
    side: Annotated[messages.Side, Query()],
    panel: Annotated[messages.Panel, Query()],
    key: Annotated[
        str,
        Query(
            max_length=256,
            description=(
                "processes: a host pid, or `PID/file`; namespaces: a kind; cgroup: `controller/file`; overlay: "
                "`mountinfo`, `upperdir`, `marks`, `disk`; mounts: `mountinfo`; devices: `dev`; identity: `uid_map`, "
                "`gid_map`, `status`, `attr/current`, `seccomp`; network: `dev`, `route`, `links`, `sockets`"
            ),
        ),
    ],
) -> Any:
    """The kernel's file, its bytes as they read now, its manual page, and commands that print the same."""
    return container_source(user=person(request), id=container_id, side=side, panel=panel, key=key)


@host.get("", response={200: mirrored(model.HostView), **ERRORS}, operation_id="host", summary="Look at the host")
def look_at_host(request: HttpRequest) -> Any:
    """Totals and mounts, and processes: all of them with the permission to see them, else the first and our own."""
    return host_look(user=person(request))
