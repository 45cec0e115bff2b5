"""`/containers/{id}/terminals`: further terminals, and tickets to attach."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Status

from playground.api.auth import person
from playground.api.containers import ERRORS
from playground.api.schemas import AttachIn, AttachOut, TerminalDetailOut, TerminalIn, TerminalNameIn, TerminalOut
from playground.services import present
from playground.services.terminal_look import terminal_look, terminal_rename
from playground.services.terminals import terminal_attach, terminal_close, terminal_list, terminal_open

router = Router(tags=["terminals"])
ROOT, ONE = "/{container_id}/terminals", "/{container_id}/terminals/{terminal_id}"


@router.get(ROOT, response={200: list[TerminalOut], **ERRORS}, operation_id="terminals", summary="List its terminals")
def index(request: HttpRequest, container_id: str) -> list[present.Json]:
    """PID 1's console first."""
    return [present.terminal(each) for each in terminal_list(user=person(request), id=container_id)]


@router.post(ROOT, response={201: TerminalOut, **ERRORS}, operation_id="terminal_open", summary="Open a terminal")
def open_one(request: HttpRequest, container_id: str, body: TerminalIn | None = None) -> Status[present.Json]:
    """A further pty in the running container."""
    wish = body or TerminalIn()
    user = person(request)
    opened = terminal_open(user=user, id=container_id, argv=wish.argv, cols=wish.cols, rows=wish.rows)
    return Status(201, present.terminal(opened))


@router.get(ONE, response={200: TerminalDetailOut, **ERRORS}, operation_id="terminal", summary="Look at a terminal")
def show(request: HttpRequest, container_id: str, terminal_id: str) -> present.Json:
    """What runs in its foreground now, and how many look on."""
    view = terminal_look(user=person(request), id=container_id, terminal=terminal_id)
    return present.terminal_detail(view)


@router.patch(ONE, response={200: TerminalOut, **ERRORS}, operation_id="terminal_rename", summary="Name a terminal")
def rename(request: HttpRequest, container_id: str, terminal_id: str, body: TerminalNameIn) -> present.Json:
    """For people; programs do not see it. An empty name takes it away."""
    renamed = terminal_rename(user=person(request), id=container_id, terminal=terminal_id, name=body.name)
    return present.terminal(renamed)


@router.delete(ONE, response={204: None, **ERRORS}, operation_id="terminal_close", summary="Close a terminal")
def close(request: HttpRequest, container_id: str, terminal_id: str) -> Status[None]:
    """SIGHUP to its foreground. The console cannot be closed, only stopped with its container."""
    terminal_close(user=person(request), id=container_id, terminal=terminal_id)
    return Status(204, None)


@router.post(f"{ONE}/attach", response={200: AttachOut, **ERRORS}, operation_id="attach", summary="Get a ticket")
def attach(request: HttpRequest, container_id: str, terminal_id: str, body: AttachIn | None = None) -> present.Json:
    """Open `url` as WebSocket with `subprotocol` and send HELLO with the ticket, within a minute."""
    role = (body or AttachIn()).role
    ticket = terminal_attach(user=person(request), id=container_id, terminal=terminal_id, role=role)
    return present.attachment(container_id, terminal_id, ticket)
