"""`/containers`: launch, list, show, stop, start, delete, exec, and looking inside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Header, Query, Router, Status

from playground.api.auth import person
from playground.api.schemas import (
    ContainerOut,
    ErrorOut,
    ExecIn,
    ExecOut,
    LaunchIn,
    SnapshotOut,
    SourceOut,
    StartIn,
)
from playground.services import present
from playground.services.container_delete import container_delete
from playground.services.container_exec import container_exec
from playground.services.container_launch import Wish, container_launch
from playground.services.container_look import container_snapshot, container_source
from playground.services.container_show import container_list, container_show
from playground.services.container_start import container_start
from playground.services.container_stop import container_stop

router = Router(tags=["containers"])
REFUSED = frozenset({401, 403, 404, 409, 422, 500, 501, 502, 503, 504})
ERRORS: dict[Any, Any] = {REFUSED: ErrorOut}
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=128, min_length=1)]


@router.post("", response={201: ContainerOut, **ERRORS}, operation_id="launch", summary="Launch a container")
def launch(request: HttpRequest, body: LaunchIn, idempotency_key: Key = None) -> Status[present.Json]:
    """Create and start. It runs when the answer comes. With `Idempotency-Key`, the same request again gives the same
    container instead of a second one.
    """
    wish = Wish(**body.model_dump())
    launched = container_launch(user=person(request), wish=wish, idempotency_key=idempotency_key)
    return Status(201, present.container(launched.container))


@router.get("", response={200: list[ContainerOut], **ERRORS}, operation_id="list", summary="List your containers")
def index(request: HttpRequest) -> list[present.Json]:
    """Newest first."""
    return [present.container(each) for each in container_list(user=person(request))]


@router.get("/{container_id}", response={200: ContainerOut, **ERRORS}, operation_id="show", summary="Show one")
def show(request: HttpRequest, container_id: str) -> present.Json:
    """As it is now."""
    return present.container(container_show(user=person(request), id=container_id))


@router.delete("/{container_id}", response={204: None, **ERRORS}, operation_id="delete", summary="Delete one")
def delete(request: HttpRequest, container_id: str) -> Status[None]:
    """Kill its processes and remove its files. Again: nothing to do, 204 too."""
    container_delete(user=person(request), id=container_id)
    return Status(204, None)


@router.post("/{container_id}/stop", response={200: ContainerOut, **ERRORS}, operation_id="stop", summary="Stop it")
def stop(request: HttpRequest, container_id: str) -> present.Json:
    """SIGTERM and SIGHUP to PID 1, SIGKILL after two seconds. Files stay."""
    return present.container(container_stop(user=person(request), id=container_id))


@router.post("/{container_id}/start", response={200: ContainerOut, **ERRORS}, operation_id="start", summary="Start it")
def start(request: HttpRequest, container_id: str, body: StartIn | None = None) -> present.Json:
    """Run PID 1 again in a stopped container."""
    size = body or StartIn()
    found = container_start(user=person(request), id=container_id, cols=size.cols, rows=size.rows)
    return present.container(found)


@router.post("/{container_id}/exec", response={200: ExecOut, **ERRORS}, operation_id="exec", summary="Run a program")
def run(request: HttpRequest, container_id: str, body: ExecIn) -> present.Json:
    """In the running container, without shell or terminal. The answer comes when it has ended or timed out."""
    stdin, seconds = body.stdin.encode(), body.timeout_seconds
    user = person(request)
    result = container_exec(user=user, id=container_id, argv=body.argv, stdin=stdin, timeout_seconds=seconds)
    return present.executed(result)


@router.get(
    "/{container_id}/snapshot", response={200: SnapshotOut, **ERRORS}, operation_id="snapshot", summary="Look at it"
)
def snapshot(request: HttpRequest, container_id: str) -> present.Json:
    """Processes, namespaces, cgroup and overlay, from inside and from the host, in one pass."""
    return present.snapshot(container_snapshot(user=person(request), id=container_id))


@router.get(
    "/{container_id}/source",
    response={200: SourceOut, **ERRORS},
    operation_id="source",
    summary="Where a figure is from",
)
def source(
    request: HttpRequest,
    container_id: str,
    side: Annotated[Literal["container", "host"], Query()],
    panel: Annotated[Literal["processes", "namespaces", "cgroup", "overlay"], Query()],
    key: Annotated[
        str, Query(max_length=256, description="host pid; kind; `controller/file`; `mountinfo`, `upperdir`")
    ],
) -> Any:
    """The kernel's file, its bytes as they read now, its manual page, and commands that print the same."""
    return container_source(user=person(request), id=container_id, side=side, panel=panel, key=key)
