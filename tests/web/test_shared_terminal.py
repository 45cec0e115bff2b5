"""A guest's WebSocket: to one terminal, for as long as it is shared, and through no other door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from playground.models import Container, Share
from playground.routing import sockets
from playground.services.container_delete import container_delete
from playground.services.container_launch import Wish, container_launch
from playground.services.sharing import link_secret, share_attach, share_create, share_end, share_join
from playground.services.terminals import terminal_attach
from playground.services.tokens import token_create
from runtime.protocol import messages, model, pty
from runtime.protocol.pty import Close, ControlOp, InputStatus, Kind
from tests.support.fake_worker import FakeWorker
from tests.web.sockets import Socket, error, hello

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Place:
    owner: User
    guest: User
    container: model.Container
    share: Share

    @property
    def path(self) -> str:
        return f"/ws/shared/{self.share.pk}"

    @property
    def owners_path(self) -> str:
        return f"/ws/terminal/{self.container.id}/{self.container.terminals[0].id}"

    async def ticket(self) -> str:
        return (await sync_to_async(share_attach)(user=self.guest, id=self.share.pk)).ticket

    async def owners_ticket(self) -> str:
        attach = sync_to_async(terminal_attach)
        terminal = self.container.terminals[0].id
        return (await attach(user=self.owner, id=self.container.id, terminal=terminal)).ticket

    async def attached(self) -> Socket:
        """The guest."""
        socket = await Socket.open(self.path, pty.SUBPROTOCOL, user=self.guest)
        await socket.send(hello(await self.ticket()))
        return socket

    async def owner_attached(self) -> Socket:
        socket = await Socket.open(self.owners_path, pty.SUBPROTOCOL, user=self.owner)
        await socket.send(hello(await self.owners_ticket()))
        await socket.frame(Kind.WELCOME)
        return socket


@pytest.fixture
def place(worker: FakeWorker, transactional_db: None) -> Place:
    owner = User.objects.create_user("ann", first_name="Ann", last_name="Lee")
    guest = User.objects.create_user("bob")
    return shared(owner, guest)


def shared(owner: User, guest: User) -> Place:
    """A new container of the owner's, its console shared, the guest let in."""
    found = container_launch(user=owner, wish=Wish(image="busybox")).container
    share = share_create(user=owner, id=found.id, terminal=found.terminals[0].id)
    share_join(user=guest, secret=link_secret(share))
    return Place(owner, guest, found, share)


async def told(socket: Socket, holds: Callable[[dict[str, pty.ViewerBody], pty.StateBody], object]) -> None:
    while True:
        state = msgspec.json.decode((await socket.frame(Kind.STATE))[1:], type=pty.StateBody)
        if holds({viewer.name: viewer for viewer in state.viewers}, state):
            return


async def status(socket: Socket, seq: int, data: bytes) -> int:
    await socket.send(pty.input_frame(seq, data))
    return (await socket.frame(Kind.INPUT_ACK))[5]


async def test_a_guest_looks_on_asks_types_and_gives_back(place: Place) -> None:
    owner = await place.owner_attached()
    guest = await place.attached()
    welcome = msgspec.json.decode((await guest.frame(Kind.WELCOME))[1:], type=pty.Welcome)
    assert (welcome.role, welcome.driver) == ("ro", False)
    await told(guest, lambda seen, _state: seen["Ann Lee"].owner and not seen["bob"].owner)
    assert await status(guest, 1, b"x") == InputStatus.NOT_DRIVER
    await guest.send(pty.control_frame(ControlOp.REQUEST))
    await told(owner, lambda seen, _state: "bob" in seen and seen["bob"].asking)
    await owner.send(pty.control_frame(ControlOp.GRANT, welcome.viewer))
    await told(guest, lambda seen, state: seen["bob"].granted and state.driver == welcome.viewer)
    assert await status(guest, 2, b"echo by-bob\r") == InputStatus.WRITTEN
    await owner.output(b"by-bob\r\nby-bob\r\n")
    await owner.send(pty.control_frame(ControlOp.TAKE))
    await told(guest, lambda seen, state: not seen["bob"].granted and state.driver != welcome.viewer)
    assert await status(guest, 3, b"x") == InputStatus.NOT_DRIVER
    await guest.leave()
    await owner.leave()


async def test_a_script_of_a_guest(place: Place) -> None:
    token = await sync_to_async(token_create)(user=place.guest)
    socket = await Socket.open(place.path, pty.SUBPROTOCOL, token=token)
    await socket.send(hello(await place.ticket()))
    await socket.output(b"# ")
    await socket.leave()


async def test_the_worker_is_told_where(place: Place, worker: FakeWorker) -> None:
    guest = await place.attached()
    await guest.frame(Kind.WELCOME)
    attach = [call for call in worker.calls if isinstance(call, messages.Attach)]
    terminal = place.container.terminals[0].id
    assert [(call.user, call.id, call.terminal) for call in attach] == [
        (str(place.guest.pk), place.container.id, terminal)
    ]
    await guest.leave()


async def test_nobody_else_comes_in(place: Place, worker: FakeWorker) -> None:
    """Nor the owner, whose own door is another; the worker is not even asked."""
    carol = await sync_to_async(User.objects.create_user)("carol")
    asked = len(worker.calls)
    for user, path, close in (
        (None, place.path, Close.TICKET),
        (carol, place.path, Close.NO_SESSION),
        (place.owner, place.path, Close.NO_SESSION),
        (place.guest, f"/ws/shared/{'0' * 32}", Close.NO_SESSION),
        (place.guest, "/ws/shared/x", Close.NO_SESSION),
        (place.guest, place.owners_path, Close.NO_SESSION),
    ):
        socket = await Socket.open(path, pty.SUBPROTOCOL, user=user)
        assert error(await socket.frame(Kind.ERROR)).close == close, path
        assert await socket.closed() == close
    live = await Socket.open(f"/ws/live/{place.container.id}", "live.v1", user=place.guest)
    assert (await live.event())["code"] == "not-found"
    assert await live.closed() == Close.NO_SESSION
    assert len(worker.calls) == asked


def test_every_socket_is_tried_by_strangers() -> None:
    """One that is added is to be tried above, and in the matrix of origins and tickets below."""
    patterns = [str(route.pattern) for route in sockets.routes]
    assert patterns == [
        "ws/terminal/<str:container>/<str:terminal>",
        "ws/shared/<str:share>",
        "ws/live/<str:container>",
        "",
    ]


@pytest.mark.parametrize("door", ["owner", "guest"])
@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:8001",
        "https://127.0.0.1:8000",
        "http://a.127.0.0.1:8000",
        "http://localhost:8000",
        "http://127.0.0.1:8000.evil.example",
        "http://127.0.0.1:8000/",
    ],
)
async def test_origins(place: Place, door: str, origin: str | None, worker: FakeWorker) -> None:
    path, user = (place.path, place.guest) if door == "guest" else (place.owners_path, place.owner)
    asked = len(worker.calls)
    with pytest.raises(ConnectionRefusedError):
        await Socket.open(path, pty.SUBPROTOCOL, user=user, origin=origin)
    assert len(worker.calls) == asked


@pytest.mark.parametrize("door", ["owner", "guest"])
async def test_tickets(place: Place, door: str, worker: FakeWorker) -> None:
    """Reused, expired, another person's, another container's, another terminal's, made up: none opens."""
    other = await sync_to_async(shared)(place.owner, place.guest)
    opened = await sync_to_async(_opened)(place)
    guest = door == "guest"
    path, user = (place.path, place.guest) if guest else (place.owners_path, place.owner)
    used = await (place.ticket() if guest else place.owners_ticket())
    first = await Socket.open(path, pty.SUBPROTOCOL, user=user)
    await first.send(hello(used))
    await first.frame(Kind.WELCOME)
    expired = await (place.ticket() if guest else place.owners_ticket())
    worker.do(lambda: _age(worker, expired))
    for what, ticket in {
        "reused": used,
        "expired": expired,
        "another person's": await (place.owners_ticket() if guest else place.ticket()),
        "another container's": await (other.ticket() if guest else other.owners_ticket()),
        "another terminal's": opened[0] if guest else opened[1],
        "made up": "x" * 22,
        "none": "",
    }.items():
        socket = await Socket.open(path, pty.SUBPROTOCOL, user=user)
        await socket.send(hello(ticket))
        assert error(await socket.frame(Kind.ERROR)).close == Close.TICKET, what
        assert await socket.closed() == Close.TICKET, what
    await first.leave()


def _opened(place: Place) -> tuple[str, str]:
    """Tickets of guest and owner to a second terminal of the same container."""
    from playground.services.terminals import terminal_open

    terminal = terminal_open(user=place.owner, id=place.container.id, argv=[]).id
    share = share_create(user=place.owner, id=place.container.id, terminal=terminal)
    share_join(user=place.guest, secret=link_secret(share))
    guests = share_attach(user=place.guest, id=share.pk).ticket
    return guests, terminal_attach(user=place.owner, id=place.container.id, terminal=terminal).ticket


def _age(worker: FakeWorker, ticket: str) -> None:
    from dataclasses import replace

    worker.store.tickets[ticket] = replace(worker.store.tickets[ticket], expires_at=0.0)


async def test_ending_it_closes_at_once(place: Place, settings: Any, worker: FakeWorker) -> None:
    settings.TERRARIUM_RECHECK_SECONDS = 3600
    owner = await place.owner_attached()
    guest = await place.attached()
    await guest.frame(Kind.WELCOME)
    unused = await place.ticket()
    await sync_to_async(share_end)(user=place.owner, id=place.container.id, share=place.share.pk)
    assert error(await guest.frame(Kind.ERROR)).close == Close.ROLE
    assert await guest.closed() == Close.ROLE
    assert unused not in worker.store.tickets
    await told(owner, lambda seen, _state: set(seen) == {"Ann Lee"})
    again = await Socket.open(place.path, pty.SUBPROTOCOL, user=place.guest)
    answer = error(await again.frame(Kind.ERROR))
    assert (answer.close, answer.msg) == (Close.NO_SESSION, "its owner has stopped sharing it")
    assert await again.closed() == Close.NO_SESSION
    await owner.leave()


def _end_the_row(place: Place) -> None:
    Share.objects.update(ended_at=timezone.now())


def _expire(place: Place) -> None:
    Share.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def _give_away(place: Place) -> None:
    Container.objects.update(owner=User.objects.create_user("dave"))


def _disable_owner(place: Place) -> None:
    User.objects.filter(pk=place.owner.pk).update(is_active=False)


def _show_out(place: Place) -> None:
    place.share.guests.all().delete()


def _delete_rows(place: Place) -> None:
    Container.objects.all().delete()


def _disable_guest(place: Place) -> None:
    User.objects.filter(pk=place.guest.pk).update(is_active=False)


def _log_out(place: Place) -> None:
    from django.contrib.sessions.models import Session

    Session.objects.all().delete()


ENDS: list[tuple[Callable[[Place], None], Close]] = [
    (_end_the_row, Close.ROLE),
    (_expire, Close.ROLE),
    (_give_away, Close.ROLE),
    (_disable_owner, Close.ROLE),
    (_show_out, Close.ROLE),
    (_delete_rows, Close.ROLE),
    (_disable_guest, Close.TICKET),
    (_log_out, Close.TICKET),
]


@pytest.mark.parametrize(("end", "close"), ENDS)
async def test_an_open_socket_learns_that_it_may_not_be(
    place: Place, settings: Any, end: Callable[[Place], None], close: Close
) -> None:
    """Though the worker was told nothing, and with the reason in a frame."""
    settings.TERRARIUM_RECHECK_SECONDS = 0.02
    guest = await place.attached()
    await guest.frame(Kind.WELCOME)
    await sync_to_async(end)(place)
    assert error(await guest.frame(Kind.ERROR)).close == close
    assert await guest.closed() == close


async def test_a_deleted_container(place: Place) -> None:
    guest = await place.attached()
    await guest.frame(Kind.WELCOME)
    await sync_to_async(container_delete)(user=place.owner, id=place.container.id)
    assert await guest.closed() in {Close.NO_SESSION, Close.ENDED}
