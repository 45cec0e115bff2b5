"""Files over HTTP: into a container and out of it; and a terminal looked at and named."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
from typing import Any
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

from playground.services.tokens import token_create
from playground.services.transfers import file_put
from runtime.errors import Code, Fault
from runtime.protocol import messages, model
from runtime.protocol.terminals import MAX_PART
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script
from tests.web.site import PATIENCE, Site

pytestmark = pytest.mark.django_db(transaction=True)
KIND = "application/octet-stream"


def address(id: str, path: str, **more: str) -> str:
    query = "".join(f"&{key}={value}" for key, value in more.items())
    return f"/api/v1/containers/{id}/files/content?path={quote(path)}{query}"


def put(client: Client, id: str, path: str, data: bytes, **more: str) -> tuple[int, Any]:
    response = client.generic("PUT", address(id, path, **more), data, KIND)
    return response.status_code, response.json()


async def fetched(user: User, id: str, path: str) -> tuple[Any, bytes]:
    """The response, and its bytes."""
    token = await sync_to_async(token_create)(user=user)
    response = await AsyncClient().get(address(id, path), headers={"Authorization": f"Bearer {token}"})
    streaming = getattr(response, "streaming_content", None)
    if streaming is None:
        return response, response.content
    return response, b"".join([part async for part in streaming])


def parts(worker: FakeWorker) -> list[messages.PutFile]:
    return [call for call in worker.calls if isinstance(call, messages.PutFile)]


def test_it_goes_to_the_worker_in_parts(api: Script, container: model.Container, worker: FakeWorker) -> None:
    data = os.urandom(2 * MAX_PART + 7)
    assert put(api, container.id, "/root/big", data) == (200, {"path": "/root/big", "bytes": len(data)})
    sent = parts(worker)
    assert [len(part.data) for part in sent] == [MAX_PART, MAX_PART, 7]
    assert [part.offset for part in sent] == [0, MAX_PART, 2 * MAX_PART]
    assert [part.last for part in sent] == [False, False, True]
    assert sent[0].upload is None
    assert sent[1].upload == sent[2].upload
    assert b"".join(part.data for part in sent) == data


def test_an_empty_file(api: Script, container: model.Container, worker: FakeWorker) -> None:
    response = api.put(address(container.id, "/root/empty"), b"", KIND, headers={"Content-Length": "0"})
    assert (response.status_code, response.json()["bytes"]) == (200, 0)
    assert [(part.data, part.last) for part in parts(worker)] == [(b"", True)]


def test_a_taken_name(api: Script, container: model.Container) -> None:
    assert put(api, container.id, "/root/note", b"one")[0] == 200
    status, body = put(api, container.id, "/root/note", b"two")
    assert (status, body["code"], body["field"]) == (409, "already-exists", "path")
    assert body["hint"] == "Choose another name, or replace the file."
    assert put(api, container.id, "/root/note", b"two", replace="true")[0] == 200
    api.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    assert put(api, container.id, "/root/note", b"three")[1]["hint"] == "请换一个名字，或者替换该文件。"


def test_too_much_is_refused_before_it_is_read(
    api: Script, container: model.Container, worker: FakeWorker, settings: Any
) -> None:
    settings.TERRARIUM_UPLOAD_BYTES = 10
    status, body = put(api, container.id, "/root/big", b"x" * 11)
    assert (status, body["code"], body["hint"]) == (413, "invalid-spec", "Pack it, or split it.")
    assert parts(worker) == []
    assert put(api, container.id, "/root/big", b"x" * 10)[0] == 200


def test_a_length_is_needed_and_must_be_true(api: Script, container: model.Container, worker: FakeWorker) -> None:
    for length in ("", "many", "-1", "1_0", "\u0661"):
        response = api.put(address(container.id, "/root/x"), b"abc", KIND, CONTENT_LENGTH=length)
        assert (response.status_code, response.json()["code"]) == (411, "invalid-spec"), length
    assert parts(worker) == []


def test_a_body_that_ends_early_is_no_file(container: model.Container, ann: User, worker: FakeWorker) -> None:
    short = io.BytesIO(b"x" * (MAX_PART + 5))
    with pytest.raises(Fault) as caught:
        file_put(user=ann, id=container.id, path="/root/x", body=short, size=MAX_PART + 10)
    assert caught.value.code is Code.INVALID_SPEC
    assert not any(part.last for part in parts(worker))


@pytest.mark.parametrize("path", ["", "relative", "/nul\0", "/" + "x" * 5000])
def test_paths_that_are_none(api: Script, container: model.Container, path: str) -> None:
    status, body = put(api, container.id, path, b"x")
    assert (status, body["field"]) == (422, "path")


def test_a_stranger_finds_nothing(stranger: Script, container: model.Container, worker: FakeWorker) -> None:
    missing = put(stranger, "0" * 16, "/root/x", b"x")
    status, body = put(stranger, container.id, "/root/x", b"x")
    assert status == 404
    assert json.dumps(body).replace(container.id, "0" * 16) == json.dumps(missing[1])
    assert parts(worker) == []


def test_a_page_needs_its_token(container: model.Container, ann: User, worker: FakeWorker) -> None:
    page = Client(enforce_csrf_checks=True)
    page.force_login(ann)
    assert put(page, container.id, "/root/x", b"x")[0] == 403
    assert parts(worker) == []
    assert put(Client(), container.id, "/root/x", b"x")[0] == 401


async def test_it_comes_back(container: model.Container, ann: User, api: Script) -> None:
    data = os.urandom(2 * MAX_PART + 7)
    assert (await sync_to_async(put)(api, container.id, "/root/big", data))[0] == 200
    response, found = await fetched(ann, container.id, "/root/big")
    assert response.status_code == 200
    assert found == data
    assert response["Content-Length"] == str(len(data))
    assert response["Content-Type"] == KIND
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == 'attachment; filename="big"'


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/root/a b.txt", 'filename="a b.txt"'),
        ("/root/日志", "filename*=utf-8''%E6%97%A5%E5%BF%97"),
        ('/root/a"b\\c', 'filename="a_b_c"'),
        ("/root/line\nend\r\x1b[m", 'filename="line_end__[m"'),
        ("/root/a\u202etxt.exe", 'filename="a_txt.exe"'),
        ("/root/.bashrc", 'filename="bashrc"'),
        ("/root/...", 'filename="file"'),
    ],
)
async def test_its_name_is_harmless(container: model.Container, ann: User, api: Script, path: str, name: str) -> None:
    assert (await sync_to_async(put)(api, container.id, path, b"x"))[0] == 200
    response, _found = await fetched(ann, container.id, path)
    assert response["Content-Disposition"] == f"attachment; {name}"


async def test_what_cannot_be_fetched_is_told_as_ever(container: model.Container, ann: User) -> None:
    response, found = await fetched(ann, container.id, "/root/nothing")
    assert (response.status_code, json.loads(found)["code"]) == (404, "not-found")
    response, found = await fetched(ann, container.id, "/root")
    assert (response.status_code, json.loads(found)["field"]) == (422, "path")


async def test_one_that_changes_meanwhile_breaks_off(
    container: model.Container, ann: User, api: Script, worker: FakeWorker
) -> None:
    data = os.urandom(3 * MAX_PART)
    await sync_to_async(put)(api, container.id, "/root/big", data)
    token = await sync_to_async(token_create)(user=ann)
    response = await AsyncClient().get(address(container.id, "/root/big"), headers={"Authorization": f"Bearer {token}"})
    worker.refuse("file-fetch", Fault(Code.VANISHED, "the file was changed while it was read"))
    found = b"".join([part async for part in response.streaming_content])  # type: ignore[attr-defined]
    assert found == data[:MAX_PART]
    assert int(response["Content-Length"]) > len(found)


def test_over_a_real_server(site: Site, site_token: str) -> None:
    bearer = {"Authorization": f"Bearer {site_token}"}
    status, _headers, body = site.get(
        "/api/v1/containers", {"image": "busybox"}, **bearer, **{"Content-Type": "application/json"}
    )
    assert status == 201
    id = json.loads(body)["id"]
    data = os.urandom(3 * MAX_PART + 11)
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    connection.request("PUT", address(id, "/root/big"), data, {**bearer, "Content-Type": KIND})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["bytes"]) == (200, len(data))
    connection.request("GET", address(id, "/root/big"), headers=bearer)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Length")) == (200, str(len(data)))
    assert hashlib.sha256(answer.read()).digest() == hashlib.sha256(data).digest()
    connection.close()


def test_a_terminal_is_looked_at_and_named(api: Script, container: model.Container, worker: FakeWorker) -> None:
    one = f"/containers/{container.id}/terminals/{container.terminals[0].id}"
    status, view = api.call("GET", one)
    assert status == 200
    assert (view["busy"], view["jobs"], view["cols"], view["rows"]) == (False, [], 80, 24)
    assert view["terminal"]["name"] == ""
    worker.do(lambda: worker.store.jobs.append("vim"))
    assert api.call("GET", one)[1]["jobs"] == [{"pid": 4300, "name": "vim"}]
    status, renamed = api.call("PATCH", one, {"name": " 日志 "})
    assert (status, renamed["name"]) == (200, "日志")
    assert api.call("GET", f"/containers/{container.id}")[1]["terminals"][0]["name"] == "日志"
    for bad in ("x" * 64, "a\x1bb", "a\nb"):
        status, body = api.call("PATCH", one, {"name": bad})
        assert (status, body["field"]) == (422, "name"), bad
    assert api.call("PATCH", one, {"name": "  "})[1]["name"] == ""
    assert api.call("GET", one.replace(container.terminals[0].id, "nothing"))[0] == 404


def test_a_choice_is_told_in_the_readers_language(api: Script, container: model.Container) -> None:
    api.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    status, body = put(api, container.id, "/root/x", b"x", replace="maybe")
    assert (status, body["message"]) == (422, "replace: 只能是 true 或 false")
    status, body = api.call("POST", f"/containers/{container.id}/terminals/console/attach", {"role": "x"})
    assert (status, body["message"]) == (422, "role: 只能是下列之一：'rw', 'ro'")
