"""What happens to a container, as server-sent events."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection

from playground.models import ApiToken
from playground.services import event_stream
from playground.services.container_delete import container_delete
from playground.services.container_exec import container_exec
from playground.services.tokens import token_create
from playground.services.visits import Visit
from runtime.errors import Code, Fault
from runtime.protocol import messages, model, xray
from tests.support.fake_worker import FakeWorker
from tests.web.event_reader import Reader
from tests.web.sockets import eventually

pytestmark = pytest.mark.django_db(transaction=True)


Opening = Callable[..., Awaitable[Reader]]


@pytest.fixture
async def read() -> AsyncIterator[Opening]:
    """`Reader.open`; all are left at the end."""
    readers: list[Reader] = []

    async def opened(path: str, **more: Any) -> Reader:
        readers.append(await Reader.open(path, **more))
        return readers[-1]

    yield opened
    for reader in readers:
        await reader.leave()


def path(container: model.Container) -> str:
    return f"/api/v1/containers/{container.id}/events"


def watchers(worker: FakeWorker, container: model.Container) -> int:
    count: int = worker.do(lambda: len(worker.containers[container.id].watchers))
    return count


async def test_what_was_what_is_and_the_end(read: Opening, container: model.Container, ann: User) -> None:
    reader = await read(path(container), user=ann)
    assert reader.status == 200
    assert reader.headers["cache-control"] == "no-store"
    assert reader.headers["x-accel-buffering"] == "no"
    assert reader.headers["x-content-type-options"] == "nosniff"
    first = await reader.next()
    assert first is not None
    assert first.data == "retry: 2000"
    born = await reader.until("born")
    assert (born.id, born.data["pid"]) == (born.data["seq"], container.pid)
    await sync_to_async(container_exec)(user=ann, id=container.id, argv=["touch", "/etc/passwd"])
    copied = await reader.until("copied_up")
    assert copied.data["path"] == "/etc/passwd"
    assert "pid" not in copied.data, "what does not apply is absent"
    await sync_to_async(container_delete)(user=ann, id=container.id)
    gone = await reader.until("gone")
    assert (gone.id, gone.data) == (None, {"reason": "deleted"})
    assert await reader.ended()


async def test_going_on_where_it_broke(
    read: Opening, container: model.Container, ann: User, worker: FakeWorker
) -> None:
    token = await sync_to_async(token_create)(user=ann)
    reader = await read(path(container), token=token)
    last = await reader.until("state")
    await reader.leave()
    await eventually(lambda: watchers(worker, container) == 0)
    worker.tell(container.id, xray.Event(seq=0, at=0.0, kind="throttled", count=3))
    for more in ({"last": last.id}, {"query": f"after={last.id}"}, {"last": last.id, "query": "after=0"}):
        reader = await read(path(container), token=token, **more)
        await reader.next()
        found = await reader.next()
        assert found is not None
        assert (found.kind, found.data["count"]) == ("throttled", 3)
        await reader.leave()


async def test_it_tells_nothing_twice(read: Opening, container: model.Container, ann: User, worker: FakeWorker) -> None:
    """A watcher that fell behind is sent again what is remembered."""
    reader = await read(path(container), user=ann)
    last = await reader.until("state")
    told = worker.do(lambda: worker.store.happenings.since(container.id))

    def again() -> None:
        story = worker.store.happenings._stories[container.id]
        for listener in story.listeners:
            listener(told)

    worker.do(again)
    worker.tell(container.id, xray.Event(seq=0, at=0.0, kind="frozen"))
    found = await reader.next()
    assert found is not None
    assert found.kind == "frozen"
    assert (found.id or 0) > (last.id or 0)
    await reader.leave()


async def test_silence_is_filled(
    read: Opening, container: model.Container, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT", 0.02)
    reader = await read(path(container), user=ann)
    await reader.until("state")
    found = await reader.next()
    assert found is not None
    assert (found.kind, found.data) == ("", ":")
    await reader.leave()


async def test_closing_the_page_closes_the_workers_connection(
    read: Opening, container: model.Container, ann: User, worker: FakeWorker
) -> None:
    reader = await read(path(container), user=ann)
    await reader.until("state")
    assert watchers(worker, container) == 1
    await reader.leave()
    await eventually(lambda: watchers(worker, container) == 0)
    assert not event_stream._open


async def test_nobody_and_a_stranger(read: Opening, container: model.Container, worker: FakeWorker) -> None:
    bob = await sync_to_async(User.objects.create_user)("bob")
    asked = len(worker.calls)
    nobody = await read(path(container))
    assert (nobody.status, nobody.body["code"]) == (401, "access-denied")
    for stranger in (await read(path(container), user=bob), await read(path(container), token="trm_x")):
        assert stranger.status in {401, 404}
    assert len(worker.calls) == asked


async def test_what_cannot_be_asked(read: Opening, container: model.Container, ann: User) -> None:
    for more in ({"query": "after=x"}, {"query": "after=-1"}, {"last": "x"}):
        reader = await read(path(container), user=ann, **more)
        assert (reader.status, reader.body["code"]) == (422, "invalid-spec")
        assert reader.body["field"] in {"after", "Last-Event-ID"}


async def test_logging_out_ends_it(read: Opening, container: model.Container, ann: User, settings: Any) -> None:
    settings.TERRARIUM_RECHECK_SECONDS = 0.02
    reader = await read(path(container), user=ann)
    await reader.until("state")
    await sync_to_async(Session.objects.all().delete)()
    assert (await reader.until("fault")).data["code"] == "access-denied"
    assert await reader.ended()


async def test_a_revoked_token_ends_it(read: Opening, container: model.Container, ann: User, settings: Any) -> None:
    settings.TERRARIUM_RECHECK_SECONDS = 0.02
    reader = await read(path(container), token=await sync_to_async(token_create)(user=ann))
    await reader.until("state")
    await sync_to_async(ApiToken.objects.all().delete)()
    assert (await reader.until("fault")).data["code"] == "access-denied"


async def test_a_worker_that_goes_away(
    read: Opening, container: model.Container, ann: User, worker: FakeWorker
) -> None:
    reader = await read(path(container), user=ann)
    await reader.until("state")
    worker.stop()
    assert (await reader.until("fault")).data["code"] == "worker-unavailable"
    assert await reader.ended()
    away = await read(path(container), user=ann)
    assert (away.status, away.body["code"]) == (503, "worker-unavailable")


async def test_a_lost_one_and_one_that_the_worker_refuses(
    read: Opening, container: model.Container, ann: User, worker: FakeWorker
) -> None:
    worker.refuse("watch", Fault(Code.NO_CAPACITY, "too many"))
    reader = await read(path(container), user=ann)
    assert (await reader.until("fault")).data == {"code": "no-capacity", "message": "too many"}
    worker.forget(container.id)
    lost = await read(path(container), user=ann)
    assert (lost.status, lost.body["code"]) == (409, "wrong-state")


async def test_so_many_and_no_more(
    read: Opening, container: model.Container, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "MOST", 2)
    token = await sync_to_async(token_create)(user=ann)
    readers = [await read(path(container), token=token) for _ in range(2)]
    for reader in readers:
        await reader.until("state")
    third = await read(path(container), token=token)
    assert (third.status, third.body["code"]) == (403, "limit-reached")
    await readers[0].leave()
    await eventually(lambda: event_stream._open[ann.pk] == 1)
    fourth = await read(path(container), token=token)
    await fourth.until("state")
    for reader in (readers[1], fourth):
        await reader.leave()


async def test_many_that_came_in_together(
    read: Opening, container: model.Container, ann: User, worker: FakeWorker
) -> None:
    """They were let in before one was counted; none beyond the number reaches the worker."""
    event_stream._open[ann.pk] = event_stream.MOST
    try:
        visit = Visit(user=ann, container=container.id, session_key=None, token_id=None)
        request = messages.Watch(id=container.id, owner=str(ann.pk), what="events")
        pieces = [piece async for piece in event_stream._stream(visit, request)]
    finally:
        del event_stream._open[ann.pk]
    assert b"limit-reached" in pieces[0]
    assert len(pieces) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="counted by the open files of SQLite")
async def test_an_open_stream_holds_no_connection_to_the_database(
    read: Opening, container: model.Container, ann: User
) -> None:
    def held() -> int:
        links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
        return [os.path.realpath(link) for link in links].count(str(connection.settings_dict["NAME"]))

    token = await sync_to_async(token_create)(user=ann)
    before = held()
    for _ in range(3):
        await (await read(path(container), token=token)).until("state")
    assert held() <= before
