"""The live stream's WebSocket: the worker's frames, as they are."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from playground.consumers.live import SUBPROTOCOL
from playground.services.container_delete import container_delete
from playground.services.container_exec import container_exec
from runtime.errors import Code, Fault
from runtime.protocol import merge, model, pty
from tests.support.fake_worker import FakeWorker
from tests.web.sockets import Socket, eventually

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_snapshot_then_patches_then_the_end(container: model.Container, ann: User) -> None:
    socket = await Socket.open(f"/ws/live/{container.id}", SUBPROTOCOL, user=ann)
    first = await socket.event()
    assert (first["re"], first["seq"]) == ("snapshot", 0)
    seen, seq = first["snapshot"], 0
    await sync_to_async(container_exec)(user=ann, id=container.id, argv=["touch", "/new"])
    events: list[dict[str, Any]] = []
    while "/new" not in seen["host"]["overlay"]["changes"] or "created" not in {event["kind"] for event in events}:
        patch = await socket.event()
        if patch["re"] == "events":
            events += patch["events"]
            continue
        assert (patch["re"], patch["seq"]) == ("patch", seq + 1)
        seen, seq = merge.apply(seen, patch["patch"]), seq + 1
    msgspec.convert(seen, model.Snapshot)
    await sync_to_async(container_delete)(user=ann, id=container.id)
    message: dict[str, Any] = {}
    while message.get("re") != "gone":
        message = await socket.event()
    assert await socket.closed() == pty.Close.ENDED


async def test_nobody_and_a_stranger(container: model.Container, worker: FakeWorker) -> None:
    bob = await sync_to_async(User.objects.create_user)("bob")
    asked = len(worker.calls)
    for user, code, close in (
        (None, Code.ACCESS_DENIED, pty.Close.TICKET),
        (bob, Code.NOT_FOUND, pty.Close.NO_SESSION),
    ):
        socket = await Socket.open(f"/ws/live/{container.id}", SUBPROTOCOL, user=user)
        told = await socket.event()
        assert (told["re"], told["code"]) == ("fault", code)
        assert await socket.closed() == close
    assert len(worker.calls) == asked


async def test_a_foreign_page(container: model.Container, ann: User) -> None:
    with pytest.raises(ConnectionRefusedError):
        await Socket.open(f"/ws/live/{container.id}", SUBPROTOCOL, user=ann, origin="http://evil.example")


async def test_what_the_worker_refuses(container: model.Container, ann: User, worker: FakeWorker) -> None:
    worker.refuse("watch", Fault(Code.WRONG_STATE, "it is not running"))
    socket = await Socket.open(f"/ws/live/{container.id}", SUBPROTOCOL, user=ann)
    assert (await socket.event())["code"] == "wrong-state"
    assert await socket.closed() == pty.Close.ENDED


async def test_a_worker_that_goes_away(container: model.Container, ann: User, worker: FakeWorker) -> None:
    socket = await Socket.open(f"/ws/live/{container.id}", SUBPROTOCOL, user=ann)
    await socket.event()
    worker.stop()
    assert await socket.closed() == pty.Close.WORKER_AWAY
    socket = await Socket.open(f"/ws/live/{container.id}", SUBPROTOCOL, user=ann)
    assert (await socket.event())["code"] == "worker-unavailable"
    assert await socket.closed() == pty.Close.WORKER_AWAY


async def test_logging_out_ends_it(container: model.Container, ann: User, settings: Any) -> None:
    settings.TERRARIUM_RECHECK_SECONDS = 0.02
    socket = await Socket.open(f"/ws/live/{container.id}", SUBPROTOCOL, user=ann)
    await socket.event()
    await sync_to_async(Session.objects.all().delete)()
    assert await socket.closed() == pty.Close.TICKET


async def test_what_the_browser_says_is_dropped(container: model.Container, ann: User, worker: FakeWorker) -> None:
    socket = await Socket.open(f"/ws/live/{container.id}", SUBPROTOCOL, user=ann)
    await socket.communicator.send_to(text_data=json.dumps({"op": "delete", "id": container.id}))
    assert (await socket.event())["re"] == "snapshot"
    while (await socket.event())["re"] != "patch":
        pass
    assert container.id in worker.containers
    await socket.leave()
    await eventually(lambda: not worker.do(lambda: set(worker.containers[container.id].watchers)))
