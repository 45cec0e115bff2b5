"""`/containers/{id}/shares` for the owner of a terminal, `/shares/{sid}` for the guests."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from playground.api.auth import person
from playground.api.containers import ERRORS
from playground.api.schemas import Asked, AttachOut, Moment
from playground.services import present
from playground.services.sharing import share_attach, share_create, share_end, share_follow, share_list, share_show
from playground.services.sharing_shown import shared, ticket_of, to_owner

router = Router(tags=["sharing"])
guests = Router(tags=["sharing"])
EXAMPLE: dict[str, Any] = {
    "id": "6b1f0c1d9a7e3b2468ac13579b5f0c1d",
    "terminal": "console",
    "url": "/playground/s/6b1f0c1d9a7e3b2468ac13579b5f0c1d.Qm9iIExlZQ",
    "created_at": "2026-01-31T12:00:00.000Z",
    "expires_at": "2026-02-01T12:00:00.000Z",
    "guests": [{"name": "Bob Lee", "since": "2026-01-31T12:01:00.000Z"}],
}
SHARED: dict[str, Any] = {
    "id": EXAMPLE["id"],
    "owner": "Ann Wu",
    "container": {"id": "k3v9q0x2b7mdz1ce", "name": "busybox-k3v9", "image": "busybox"},
    "terminal": {"id": "console", "name": "", "argv": ["sh"], "console": True},
    "expires_at": EXAMPLE["expires_at"],
}
ROOT, ONE, GUEST = "/{container_id}/shares", "/{container_id}/shares/{share_id}", "/{share_id}"


class ShareIn(Asked):
    terminal: Annotated[str, Field(min_length=1, max_length=32, description="its id")]
    hours: Annotated[int | None, Field(ge=1, description="for which the link counts; 24 unless said")] = None


class JoinIn(Asked):
    url: Annotated[
        str, Field(min_length=1, max_length=512, description="the link, whole or its path", examples=[EXAMPLE["url"]])
    ]


class GuestOut(Schema):
    """Somebody who joined by the link. Who looks on now, the terminal's own STATE tells."""

    name: str
    since: Moment


class ShareOut(Schema):
    """`url` is a page of this site, for whoever is to join; keep it as you would keep a key."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: str
    terminal: str
    url: str
    created_at: Moment
    expires_at: Moment
    guests: list[GuestOut]


class SharedContainerOut(Schema):
    id: str
    name: str
    image: str


class SharedTerminalOut(Schema):
    id: str
    name: str
    argv: list[str]
    console: bool


class SharedOut(Schema):
    """What a guest may know. `owner` is a person's name."""

    model_config = ConfigDict(json_schema_extra={"example": SHARED})

    id: str
    owner: str
    container: SharedContainerOut
    terminal: SharedTerminalOut
    expires_at: Moment


@router.get(ROOT, response={200: list[ShareOut], **ERRORS}, operation_id="shares", summary="List its links")
def index(request: HttpRequest, container_id: str) -> list[present.Json]:
    """Those that count now, newest first, with who joined."""
    return [to_owner(each) for each in share_list(user=person(request), id=container_id)]


@router.post(ROOT, response={201: ShareOut, **ERRORS}, operation_id="share", summary="Share a terminal")
def share(request: HttpRequest, container_id: str, body: ShareIn) -> Status[present.Json]:
    """Whoever is logged in and opens `url` may look on; to type, they ask, and you grant it in the terminal."""
    made = share_create(user=person(request), id=container_id, terminal=body.terminal, hours=body.hours)
    return Status(201, to_owner(made))


@router.delete(ONE, response={204: None, **ERRORS}, operation_id="share_end", summary="Stop sharing")
def end(request: HttpRequest, container_id: str, share_id: str) -> Status[None]:
    """The link counts no more, and who looks on by it is shown out at once. Again: 204 too."""
    share_end(user=person(request), id=container_id, share=share_id)
    return Status(204, None)


@guests.post("", response={200: SharedOut, **ERRORS}, operation_id="share_join", summary="Join by a link")
def join(request: HttpRequest, body: JoinIn) -> present.Json:
    """What opening it in a browser does: you are a guest from now on. Again: the same."""
    return shared(share_follow(user=person(request), link=body.url))


@guests.get(GUEST, response={200: SharedOut, **ERRORS}, operation_id="shared", summary="Show what was shared with you")
def show(request: HttpRequest, share_id: str) -> present.Json:
    """For who joined by its link. All others are told that there is no such thing."""
    return shared(share_show(user=person(request), id=share_id))


@guests.post(
    f"{GUEST}/attach", response={200: AttachOut, **ERRORS}, operation_id="shared_attach", summary="Get a guest's ticket"
)
def attach(request: HttpRequest, share_id: str) -> present.Json:
    """As for a terminal of one's own, but it only looks on: what is typed is dropped until its owner grants it."""
    return ticket_of(share_id, share_attach(user=person(request), id=share_id))
