"""The terminal's WebSocket: a pump with a lock on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from playground import terminal as pump
from playground.models import ApiToken, Container
from playground.services.container_launch import Wish, container_launch
from playground.services.terminals import terminal_attach
from playground.services.tokens import token_create, token_revoke
from runtime.protocol import messages, model, pty
from tests.support.fake_worker import FakeWorker
from tests.web.sockets import Socket, cookies, error, eventually, hello

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Place:
    user: User
    container: model.Container
    path: str

    async def ticket(self, **more: Any) -> str:
        id, terminal = self.container.id, self.container.terminals[0].id
        attach = sync_to_async(terminal_attach)
        return (await attach(user=self.user, id=id, terminal=terminal, **more)).ticket

    async def attached(self, **more: Any) -> Socket:
        socket = await Socket.open(self.path, pty.SUBPROTOCOL, user=self.user, **more)
        await socket.send(hello(await self.ticket()))
        await socket.frame(pty.Kind.WELCOME)
        return socket


@pytest.fixture
def place(worker: FakeWorker, transactional_db: None) -> Place:
    user = User.objects.create_user("ann", password="x")
    found = container_launch(user=user, wish=Wish(image="busybox")).container
    return Place(user, found, f"/ws/terminal/{found.id}/{found.terminals[0].id}")


async def test_a_shell(place: Place) -> None:
    socket = await place.attached()
    await socket.output(b"# ")
    await socket.send(pty.input_frame(1, b"echo through\r"))
    await socket.output(b"through\r\n/ # ")
    await socket.send(pty.input_frame(2, b"exit 3\r"))
    assert b'"code":3' in await socket.frame(pty.Kind.EXIT)
    assert await socket.closed() == pty.Close.ENDED


async def test_the_worker_is_told_who_it_is(place: Place, worker: FakeWorker) -> None:
    socket = await place.attached()
    attach = [call for call in worker.calls if isinstance(call, messages.Attach)]
    where = (place.container.id, place.container.terminals[0].id)
    assert [(call.user, (call.id, call.terminal)) for call in attach] == [(str(place.user.pk), where)]
    assert [call.name for call in worker.calls if isinstance(call, messages.MintTicket)] == ["ann"]
    await socket.leave()


async def test_frames_pass_as_they_are(place: Place) -> None:
    socket = await place.attached()
    ping = pty.ping_frame(7, 1234.5)
    await socket.send(ping)
    assert (await socket.frame(pty.Kind.PONG))[1:13] == ping[1:13]
    await socket.send(pty.resize_frame(1, 132, 43))
    assert (await socket.frame(pty.Kind.SIZE)).endswith(b"\x00\x84\x00\x2b")
    await socket.leave()


async def test_credit_reaches_the_worker(place: Place) -> None:
    socket = await place.attached()
    await socket.send(pty.input_frame(1, b"yes 100000\r"))
    got = 0
    while got < pty.WINDOW:  # unacknowledged, so this is all that comes
        got += len(pty.output_body(await socket.frame(pty.Kind.OUTPUT))[1])
    assert got < pty.WINDOW + pty.MAX_OUTPUT
    await socket.send(pty.ping_frame(1, 0.0))
    assert (await socket.message())["bytes"][0] == pty.Kind.PONG
    await socket.leave()


async def test_a_script_with_a_token(place: Place) -> None:
    token = await sync_to_async(token_create)(user=place.user)
    socket = await Socket.open(place.path, pty.SUBPROTOCOL, token=token)
    await socket.send(hello(await place.ticket()))
    await socket.output(b"# ")
    await socket.leave()


@pytest.mark.parametrize(
    ("first", "close"),
    [
        (b"\x7f", pty.Close.PROTOCOL),
        (pty.input_frame(1, b"x"), pty.Close.PROTOCOL),
        (b"\x01{", pty.Close.PROTOCOL),
        (b"\x01" + b" " * 5000, pty.Close.PROTOCOL),
        (b'\x01{"v":2,"ticket":"x"}', pty.Close.PROTOCOL),
        (hello("forged"), pty.Close.TICKET),
    ],
    ids=["unknown", "input", "no json", "too long", "version", "forged ticket"],
)
async def test_a_first_frame_that_will_not_do(place: Place, first: bytes, close: pty.Close) -> None:
    socket = await Socket.open(place.path, pty.SUBPROTOCOL, user=place.user)
    await socket.send(first)
    assert error(await socket.frame(pty.Kind.ERROR)).close == close
    assert await socket.closed() == close


async def test_no_first_frame(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "HELLO_SECONDS", 0.05)
    socket = await Socket.open(place.path, pty.SUBPROTOCOL, user=place.user)
    assert await socket.closed() == pty.Close.PROTOCOL


async def test_a_ticket_is_for_its_user_and_works_once(place: Place) -> None:
    ticket = await place.ticket()
    first = await Socket.open(place.path, pty.SUBPROTOCOL, user=place.user)
    await first.send(hello(ticket))
    await first.frame(pty.Kind.WELCOME)
    second = await Socket.open(place.path, pty.SUBPROTOCOL, user=place.user)
    await second.send(hello(ticket))
    assert await second.closed() == pty.Close.TICKET
    await first.leave()


async def test_nobody(place: Place) -> None:
    for cookie, token in ((None, None), ("terrarium-session=nonsense", None), (None, "trm_nonsense")):
        socket = await Socket.open(place.path, pty.SUBPROTOCOL, cookie=cookie, token=token)
        assert error(await socket.frame(pty.Kind.ERROR)).code == "access-denied"
        assert await socket.closed() == pty.Close.TICKET


async def test_a_bad_token_is_not_the_session(place: Place) -> None:
    _client, cookie = await sync_to_async(cookies)(place.user)
    socket = await Socket.open(place.path, pty.SUBPROTOCOL, token="trm_nonsense", cookie=cookie)
    assert await socket.closed() == pty.Close.TICKET


async def test_a_stranger_gets_no_byte(place: Place, worker: FakeWorker) -> None:
    bob = await sync_to_async(User.objects.create_user)("bob")
    ticket, asked = await place.ticket(), len(worker.calls)
    for path in (place.path, "/ws/terminal/none/none"):
        socket = await Socket.open(path, pty.SUBPROTOCOL, user=bob)
        assert error(await socket.frame(pty.Kind.ERROR)).code == "not-found"
        assert await socket.closed() == pty.Close.NO_SESSION
    assert len(worker.calls) == asked
    assert ticket in worker.store.tickets


async def test_without_the_subprotocol(place: Place) -> None:
    for protocol in (None, "live.v1"):
        socket = await Socket.open(place.path, protocol and None, user=place.user)
        assert await socket.closed() == pty.Close.PROTOCOL


async def test_a_foreign_page_is_refused_before_the_handshake(place: Place) -> None:
    for origin in (None, "http://evil.example", "http://127.0.0.1:9999", "null"):
        with pytest.raises(ConnectionRefusedError):
            await Socket.open(place.path, pty.SUBPROTOCOL, user=place.user, origin=origin)


async def test_no_such_socket(place: Place) -> None:
    with pytest.raises(ConnectionRefusedError):
        await Socket.open("/ws/nothing", pty.SUBPROTOCOL, user=place.user)


async def test_a_worker_that_is_away(place: Place, worker: FakeWorker) -> None:
    ticket = await place.ticket()
    worker.stop()
    socket = await Socket.open(place.path, pty.SUBPROTOCOL, user=place.user)
    await socket.send(hello(ticket))
    told = error(await socket.frame(pty.Kind.ERROR))
    assert told.retry_ms
    assert "/" not in told.msg
    assert await socket.closed() == pty.Close.WORKER_AWAY


async def test_a_worker_that_goes_away(place: Place, worker: FakeWorker) -> None:
    socket = await place.attached()
    worker.stop()
    assert await socket.closed() == pty.Close.WORKER_AWAY
    worker.start()
    again = await place.attached()
    await again.leave()


async def refused(socket: Socket, close: pty.Close) -> pty.ErrorBody:
    """It is told why in a frame, which names the code, and is closed with that."""
    told = error(await socket.frame(pty.Kind.ERROR))
    assert (told.close, await socket.closed()) == (close, close)
    return told


async def test_frames_that_are_none(place: Place) -> None:
    socket = await place.attached()
    await socket.communicator.send_to(text_data="text")
    assert "binary" in (await refused(socket, pty.Close.PROTOCOL)).msg
    socket = await place.attached()
    await socket.send(b"\x02" + b"x" * 70_000)
    assert "70001 bytes" in (await refused(socket, pty.Close.PROTOCOL)).msg
    for frame in (b"\x7f", b"\x82" + bytes(9), hello("again"), b"\x07\xff\0\0\0\0"):
        socket = await place.attached()
        await socket.send(frame)
        await refused(socket, pty.Close.PROTOCOL)


async def test_more_frames_than_a_person_makes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Acknowledgements, as many as there is output, do not count; what was spared is there for a burst."""
    monkeypatch.setattr(pump, "FRAMES_AT_ONCE", 50)
    monkeypatch.setattr(pump, "FRAMES_A_SECOND", 0.001)
    socket = await place.attached()
    for offset in range(200):
        await socket.send(pty.ack_frame(offset % 4))
    for number in range(50):
        await socket.send(pty.ping_frame(number, 0.0))
    for _ in range(50):
        await socket.frame(pty.Kind.PONG)
    await socket.send(pty.ping_frame(50, 0.0))
    assert (await refused(socket, pty.Close.RATE)).code == "limit-reached"


async def test_a_burst_is_made_up_for_by_rest(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "FRAMES_AT_ONCE", 1)
    monkeypatch.setattr(pump, "FRAMES_A_SECOND", 1e6)
    socket = await place.attached()
    for number in range(20):
        await socket.send(pty.ping_frame(number, 0.0))
        await socket.frame(pty.Kind.PONG)
    await socket.leave()


def test_no_more_than_the_reference_allows() -> None:
    assert pump.FRAMES_A_SECOND <= 200
    assert pump.FRAMES_AT_ONCE <= 10 * pump.FRAMES_A_SECOND


async def test_input_that_the_worker_does_not_take(place: Place, worker: FakeWorker) -> None:
    """A worker that stops reading must not make the web process hoard keystrokes, nor hold up a disconnect."""
    socket = await place.attached()
    await socket.output(b"# ")

    def freeze() -> None:
        for writer in worker._writers:
            writer.transport.pause_reading()  # type: ignore[attr-defined]

    worker.do(freeze)
    for seq in range(1, 200):
        await socket.send(pty.input_frame(seq, b"x" * pty.MAX_INPUT))
    assert (await refused(socket, pty.Close.INPUT_QUOTA)).code == "limit-reached"


async def test_leaving_closes_the_workers_connection(place: Place, worker: FakeWorker) -> None:
    socket = await place.attached()
    shell = next(iter(worker.containers[place.container.id].shells.values()))
    assert len(shell.viewers) == 1
    await socket.leave()
    await eventually(lambda: not worker.do(lambda: list(shell.viewers)))


def _log_out(place: Place) -> None:
    from django.contrib.sessions.models import Session

    Session.objects.all().delete()


def _change_password(place: Place) -> None:
    place.user.set_password("another")
    place.user.save()


def _disable(place: Place) -> None:
    User.objects.update(is_active=False)


def _give_away(place: Place) -> None:
    Container.objects.update(owner=User.objects.create_user("bob"))


def _delete_row(place: Place) -> None:
    Container.objects.all().delete()


@pytest.mark.parametrize("end", [_log_out, _change_password, _disable, _give_away, _delete_row])
async def test_an_open_socket_learns_that_it_may_not_be(
    place: Place, settings: Any, end: Callable[[Place], None]
) -> None:
    settings.TERRARIUM_RECHECK_SECONDS = 0.02
    socket = await place.attached()
    await socket.send(pty.ping_frame(1, 0.0))
    await socket.frame(pty.Kind.PONG)
    await sync_to_async(end)(place)
    await refused(socket, pty.Close.TICKET)


async def test_an_open_socket_of_a_token_that_is_revoked(place: Place, settings: Any) -> None:
    settings.TERRARIUM_RECHECK_SECONDS = 0.02
    token = await sync_to_async(token_create)(user=place.user)
    socket = await Socket.open(place.path, pty.SUBPROTOCOL, token=token)
    await socket.send(hello(await place.ticket()))
    await socket.frame(pty.Kind.WELCOME)
    row = await sync_to_async(ApiToken.objects.get)()
    await sync_to_async(token_revoke)(token=row)
    assert await socket.closed() == pty.Close.TICKET


def test_half_a_minute_at_most(settings: Any) -> None:
    assert settings.TERRARIUM_RECHECK_SECONDS <= 30
