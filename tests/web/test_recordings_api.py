"""Recordings over REST: whose they are, what is told of them, and the file that is handed out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import AsyncClient

from playground.services.container_delete import container_delete
from playground.services.tokens import token_create
from runtime.errors import Code, Fault
from runtime.protocol import messages, model
from tests.support import fake_recordings
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script

pytestmark = pytest.mark.django_db(transaction=True)
MEMBERS = {
    "id", "container", "container_name", "terminal", "terminal_name", "title", "started_at", "ended_at", "seconds",
    "bytes", "cols", "rows", "ended",
}  # fmt: skip


def at(container: model.Container) -> str:
    return f"/containers/{container.id}/terminals/{container.terminals[0].id}/recording"


def begin(api: Script, container: model.Container, **body: Any) -> dict[str, Any]:
    status, begun = api.call("POST", at(container), body)
    assert status == 201, begun
    assert set(begun) == MEMBERS
    found: dict[str, Any] = begun
    return found


def prints(worker: FakeWorker, container: model.Container, text: bytes) -> None:
    shell = worker.containers[container.id].shells[container.terminals[0].id]
    worker.do(lambda: shell.emit(text))


async def fetch(user: User, path: str) -> tuple[Any, bytes]:
    token = await token_of(user)
    response = await AsyncClient().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    if not response.streaming:
        return response, response.content
    pieces = response.streaming_content  # type: ignore[attr-defined]
    return response, b"".join([piece async for piece in pieces])


async def token_of(user: User) -> str:
    return await sync_to_async(token_create)(user=user)


def test_from_its_beginning_to_its_end(api: Script, container: model.Container, worker: FakeWorker, ann: User) -> None:
    ann.first_name = "Ann"
    ann.save()
    begun = begin(api, container, title=" first steps ")
    assert (begun["title"], begun["container"], begun["container_name"]) == (
        "first steps",
        container.id,
        container.name,
    )
    assert (begun["ended"], begun["ended_at"]) == (None, None)
    assert begun["started_at"].endswith("Z")
    (asked,) = [call for call in worker.calls if isinstance(call, messages.StartRecording)]
    assert (asked.by, asked.owner) == ("Ann", str(ann.pk))
    prints(worker, container, b"hello\r\n")
    status, listed = api.call("GET", "/recordings")
    assert status == 200
    assert set(listed) == {"recordings", "bytes_used", "bytes_allowed", "recording_bytes", "days"}
    assert [each["id"] for each in listed["recordings"]] == [begun["id"]]
    assert listed["bytes_used"] == listed["recordings"][0]["bytes"] > begun["bytes"]
    assert api.call("GET", f"/recordings/{begun['id']}") == (200, listed["recordings"][0])
    status, ended = api.call("DELETE", at(container))
    assert (status, ended["ended"], ended["id"]) == (200, "stopped", begun["id"])
    assert api.call("DELETE", at(container)) == (200, ended)
    assert api.call("DELETE", f"/recordings/{begun['id']}") == (204, None)
    assert api.call("DELETE", f"/recordings/{begun['id']}") == (204, None)
    assert api.call("GET", f"/recordings/{begun['id']}")[0] == 404
    assert api.call("GET", "/recordings")[1]["bytes_used"] == 0


def test_it_outlives_its_container(api: Script, container: model.Container, ann: User) -> None:
    begun = begin(api, container)
    other = api.launch()
    container_delete(user=ann, id=container.id)
    status, listed = api.call("GET", f"/recordings?container={container.id}")
    assert status == 200
    assert [(each["id"], each["ended"]) for each in listed["recordings"]] == [(begun["id"], "exit")]
    assert api.call("GET", f"/recordings?container={other['id']}")[1]["recordings"] == []
    assert api.call("DELETE", at(container))[0] == 404
    assert api.call("POST", at(container))[0] == 404


async def test_the_file(container: model.Container, worker: FakeWorker, ann: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(fake_recordings, "MAX_PART", 100)  # many parts
    api = Script(await token_of(ann))
    begun = await sync_to_async(begin)(api, container, title="größer")
    await sync_to_async(prints)(worker, container, "größer\r\n".encode() * 100)
    response, whole = await fetch(ann, f"/recordings/{begun['id']}/cast")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/x-asciicast"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert int(response.headers["Content-Length"]) == len(whole) > 1000
    stamp = begun["started_at"][:19].replace("-", "").replace(":", "").replace("T", "-")
    expected = f'attachment; filename="{container.name}-{stamp}.cast"'
    assert response.headers["Content-Disposition"] == expected
    head, *events = [json.loads(line) for line in whole.splitlines()]
    assert head["title"] == "größer"
    assert "".join(text for _, code, text in events if code == "o") == "größer\r\n" * 100
    assert len([call for call in worker.calls if isinstance(call, messages.ReadRecording)]) > 10


async def test_the_files_name_is_harmless(api: Script, worker: FakeWorker, ann: User) -> None:
    launched = await sync_to_async(api.launch)(name='../盒子 "x";\\')
    found = worker.containers[launched["id"]].world.info
    begun = await sync_to_async(begin)(api, found)
    response, _ = await fetch(ann, f"/recordings/{begun['id']}/cast")
    header = response.headers["Content-Disposition"]
    assert header.startswith("attachment; filename*=utf-8''%E7%9B%92%E5%AD%90-x-")
    assert not set(header.partition("''")[2]) & set('/\\"; ')


async def test_a_file_that_breaks_off_is_not_taken_for_whole(
    container: model.Container, worker: FakeWorker, ann: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(fake_recordings, "MAX_PART", 100)
    api = Script(await token_of(ann))
    begun = await sync_to_async(begin)(api, container)
    await sync_to_async(prints)(worker, container, b"x" * 1000)
    token = await token_of(ann)
    response = await AsyncClient().get(
        f"/api/v1/recordings/{begun['id']}/cast", headers={"Authorization": f"Bearer {token}"}
    )
    pieces = aiter(response.streaming_content)  # type: ignore[attr-defined]
    assert len(await anext(pieces)) == 100
    await sync_to_async(api.call)("DELETE", f"/recordings/{begun['id']}")
    with pytest.raises(Fault) as caught:
        await anext(pieces)
    assert caught.value.code is Code.NOT_FOUND


async def test_a_strangers_is_none(
    api: Script, stranger: Script, container: model.Container, bob: User, worker: FakeWorker
) -> None:
    begun = await sync_to_async(begin)(api, container)
    none = "0" * 24
    for path in ("/recordings/{}", "/recordings/{}/cast"):
        _, theirs = await fetch(bob, path.format(begun["id"]))
        response, missing = await fetch(bob, path.format(none))
        assert response.status_code == 404
        assert theirs.replace(begun["id"].encode(), none.encode()) == missing
    call = sync_to_async(stranger.call)
    assert (await call("GET", "/recordings"))[1]["recordings"] == []
    assert (await call("GET", f"/recordings?container={container.id}"))[1]["recordings"] == []
    assert (await call("POST", at(container)))[0] == 404
    assert (await call("DELETE", at(container)))[0] == 404
    assert (await call("DELETE", f"/recordings/{begun['id']}"))[0] == 204
    assert (await sync_to_async(api.call)("GET", f"/recordings/{begun['id']}"))[1]["ended"] is None


@pytest.mark.parametrize("id", ["..", "..%2f..%2fetc%2fpasswd", "%00", "0" * 23, "0" * 300, "%ED%A0%80"])
def test_hostile_ids(api: Script, id: str) -> None:
    for path in (f"/recordings/{id}", f"/recordings/{id}/cast"):
        status, body = api.call("GET", path)
        assert (status, body["code"]) == (404, "not-found")
    assert api.call("DELETE", f"/recordings/{id}")[0] in (204, 404)


def test_refusals_name_the_field_and_say_what_to_do(api: Script, container: model.Container) -> None:
    begin(api, container)
    status, body = api.call("POST", at(container))
    assert (status, body["code"], body["field"]) == (409, "wrong-state", "terminal")
    assert body["hint"] == "Stop that recording first."
    status, body = api.call("POST", at(container), **{"Accept-Language": "zh-hans"})
    assert body["hint"] == "请先停止正在进行的录制。"
    for _ in range(fake_recordings.MOST - 1):
        api.call("DELETE", at(container))
        begin(api, container)
    api.call("DELETE", at(container))
    status, body = api.call("POST", at(container), **{"Accept-Language": "zh-hans"})
    assert (status, body["code"], body["field"]) == (403, "limit-reached", "recordings")
    assert body["hint"] == "请删掉不再需要的录制。"


@pytest.mark.parametrize("title", ["x" * 64, "two\nlines", "\x1b[31m", "\ud800", 7])
def test_titles_that_are_none(api: Script, container: model.Container, title: Any) -> None:
    status, body = api.call("POST", at(container), {"title": title})
    assert (status, body["code"], body["field"]) == (422, "invalid-spec", "title")


def test_what_is_not_there(api: Script, container: model.Container) -> None:
    gone = f"/containers/{container.id}/terminals/no-such/recording"
    assert api.call("POST", gone)[0] == 404
    assert api.call("DELETE", gone)[0] == 404
    status, body = api.call("DELETE", at(container))
    assert (status, body["code"]) == (404, "not-found")


def test_the_worker_is_away(api: Script, container: model.Container, worker: FakeWorker) -> None:
    begun = begin(api, container)
    worker.stop()
    for method, path in (
        ("GET", "/recordings"),
        ("GET", f"/recordings/{begun['id']}"),
        ("GET", f"/recordings/{begun['id']}/cast"),
        ("DELETE", f"/recordings/{begun['id']}"),
        ("POST", at(container)),
    ):
        assert api.call(method, path)[0] == 503, path
    worker.start()
