"""`/containers`: launch, list, show, stop, start, freeze, change, delete, exec, and the snapshot."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Header, Router, Status

from playground.api.auth import person
from playground.api.schemas import (
    ContainerOut,
    ErrorOut,
    ExecIn,
    ExecOut,
    LaunchIn,
    LimitsIn,
    SnapshotOut,
    StartIn,
)
from playground.services import present
from playground.services.container_delete import container_delete
from playground.services.container_exec import container_exec
from playground.services.container_freeze import container_freeze
from playground.services.container_launch import Wish, container_launch
from playground.services.container_limits import container_limits
from playground.services.container_look import container_snapshot
from playground.services.container_show import container_list, container_show
from playground.services.container_start import container_start
from playground.services.container_stop import container_stop

router = Router(tags=["containers"])
REFUSED = frozenset({400, 401, 403, 404, 409, 410, 413, 422, 500, 501, 502, 503, 504})
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


@router.post(
    "/{container_id}/freeze", response={200: ContainerOut, **ERRORS}, operation_id="freeze", summary="Freeze it"
)
def freeze(request: HttpRequest, container_id: str) -> present.Json:
    """Its cgroup's freezer holds every process still, where it stands. Again: no error."""
    return present.container(container_freeze(user=person(request), id=container_id, frozen=True))


@router.post("/{container_id}/thaw", response={200: ContainerOut, **ERRORS}, operation_id="thaw", summary="Thaw it")
def thaw(request: HttpRequest, container_id: str) -> present.Json:
    """Let its processes go on."""
    return present.container(container_freeze(user=person(request), id=container_id, frozen=False))


@router.patch(
    "/{container_id}/limits", response={200: ContainerOut, **ERRORS}, operation_id="limits", summary="Change its limits"
)
def limits(request: HttpRequest, container_id: str, body: LimitsIn) -> present.Json:
    """Of a running container too, at once and within your quota. What is left out stays; all change, or none does."""
    wish = {name: value for name, value in body.model_dump().items() if value is not None}
    return present.container(container_limits(user=person(request), id=container_id, wish=wish))


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
