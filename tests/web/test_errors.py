"""One table for every failure, and one shape of body wherever it comes from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from playground import errors, worker
from runtime.errors import Code, Fault
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script

SHAPE = {"code", "message", "field", "hint"}


def assert_refusal(body: Any) -> None:
    assert set(body) <= SHAPE
    assert {"code", "message", "hint"} <= set(body)
    assert body["code"] in set(Code)
    assert body["message"]


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_status_a_close_code_and_a_sentence_in_both_languages(code: Code) -> None:
    row = errors.row(code)
    assert 400 <= row.status < 600
    with translation.override("en"):
        english = str(row.sentence)
    with translation.override("zh-hans"):
        chinese = str(row.sentence)
    assert english.isascii()
    assert not chinese.isascii(), chinese


def test_there_is_no_row_without_a_code() -> None:
    assert set(errors.TABLE) == set(Code)


def test_hint_is_the_faults_own_or_the_sentence_in_the_readers_language() -> None:
    fault = Fault(Code.NO_CAPACITY, "memory: 3 of 4 MiB are promised", hint="Stop something.")
    with translation.override("en"):
        assert errors.body(fault)["hint"] == "Stop something."
    with translation.override("zh-hans"):
        assert not errors.body(fault)["hint"].isascii()
    assert errors.body(Fault(Code.VANISHED, "x"))["hint"]


@pytest.mark.parametrize("hint", errors.HINTS)
def test_the_workers_advice_is_given_in_the_readers_language(hint: str) -> None:
    fault = Fault(Code.WRONG_STATE, "x", hint=hint)
    with translation.override("en"):
        assert errors.body(fault)["hint"] == hint
    with translation.override("zh-hans"):
        told = errors.body(fault)["hint"]
        assert not told.isascii()
        assert told != errors.body(Fault(Code.WRONG_STATE, "x"))["hint"]


def test_the_worker_still_gives_that_advice() -> None:
    runtime = Path(__file__).resolve().parents[2] / "runtime"
    said = {text for path in runtime.rglob("*.py") for text in re.findall(r'hint="([^"]+)"', path.read_text())}
    assert set(errors.HINTS) <= said


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Code.INTERNAL_ERROR, "mount /run/terrarium/mnt/x failed", op="mount"),
        Fault(Code.PROTOCOL_ERROR, "the worker's reply could not be read: /run/terrarium"),
        Fault(Code.WORKER_UNAVAILABLE, "no answer from the worker at /run/terrarium/worker.sock: refused"),
        Fault(Code.NO_CAPACITY, "mkdir /run/terrarium/mnt/x: no space left on device", op="mkdir", errno="ENOSPC"),
    ],
    ids=lambda fault: str(fault.code),
)
def test_a_worker_failure_tells_no_path_of_the_host(fault: Fault, api: Script, worker: FakeWorker) -> None:
    worker.refuse("images", fault)
    status, body = api.call("GET", "/images")
    assert status == errors.row(fault.code).status
    assert_refusal(body)
    assert "/run" not in str(body)


def test_what_the_door_keeps() -> None:
    fault = Fault(Code.LIMIT_REACHED, "pids of 9 is above 8", field="pids", hint="Ask for less.")
    assert worker.cleaned(fault) is fault


@pytest.mark.parametrize(
    "path",
    ["/api/v1/nothing", "/api/v2/containers", "/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/containers/x/y/z"],
)
def test_an_unknown_call(path: str, api: Script) -> None:
    for method in ("GET", "POST"):
        response = api.generic(method, path)
        assert response.status_code == 404
        assert_refusal(response.json())
        assert response.json()["message"] == "no such call"


def test_a_call_without_anybody(db: None, worker: FakeWorker) -> None:
    response = Client().get("/api/v1/containers")
    assert response.status_code == 401
    assert_refusal(response.json())
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_method(api: Script) -> None:
    response = api.put("/api/v1/containers")
    assert response.status_code == 405
    assert_refusal(response.json())
    assert "POST" in response.headers["Allow"]


def test_a_body_that_is_no_json(api: Script) -> None:
    response = api.post("/api/v1/containers", data=b"{", content_type="application/json")
    assert response.status_code == 400
    assert_refusal(response.json())


def test_a_body_that_is_too_large(api: Script) -> None:
    response = api.post("/api/v1/containers", data=b" " * 3_000_000, content_type="application/json")
    assert response.status_code == 413
    assert_refusal(response.json())


def test_an_unexpected_failure_shows_no_trace(
    api: Script, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("playground.api.containers.container_list", broken)
    status, body = api.call("GET", "/containers")
    assert status == 500
    assert_refusal(body)
    assert "secret detail" not in str(body)
    assert "secret detail" in caplog.text


def test_without_a_worker(api: Script, worker: FakeWorker) -> None:
    found = api.launch()
    worker.stop()
    for method, path in (("GET", "/images"), ("GET", "/containers"), ("DELETE", f"/containers/{found['id']}")):
        status, body = api.call(method, path)
        assert (status, body["code"]) == (503, "worker-unavailable")
        assert_refusal(body)
    worker.start()
    assert api.call("GET", f"/containers/{found['id']}")[1]["state"] == "running"


def test_a_refusal_speaks_the_readers_language(api: Script) -> None:
    status, body = api.call("GET", "/containers/none", **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert status == 404
    assert not body["hint"].isascii()
    assert not body["message"].isascii()


WRONG = [
    ({}, "image"),
    ({"image": "busybox", "extra": 1}, "extra"),
    ({"image": 5}, "image"),
    ({"image": ""}, "image"),
    ({"image": "a\0b"}, "image"),
    ({"image": "x" * 200}, "image"),
    ({"image": "busybox", "pids": "many"}, "pids"),
    ({"image": "busybox", "pids": 0}, "pids"),
    ({"image": "busybox", "pids": 1.5}, "pids"),
    ({"image": "busybox", "pids": True}, "pids"),
    ({"image": "busybox", "cpus": "many"}, "cpus"),
    ({"image": "busybox", "cpus": float("inf")}, "cpus"),
    ({"image": "busybox", "cpus": 10**9}, "cpus"),
    ({"image": "busybox", "memory_bytes": 10**400}, "memory_bytes"),
    ({"image": "busybox", "name": "\n"}, "name"),
    ({"image": "busybox", "name": "\ud800"}, "name"),
    ({"image": "busybox", "command": "sh"}, "command"),
    ({"image": "busybox", "command": ["\ud800"]}, "command"),
    ({"image": "busybox", "command": ["sh", "\0"]}, "command"),
    ({"image": "busybox", "command": ["x"] * 1000}, "command"),
    ([], None),
    (None, None),
]


@pytest.mark.parametrize(("wish", "field"), WRONG, ids=lambda value: str(value)[:40])
def test_what_validation_finds_is_said_in_both_languages(wish: Any, field: str | None, api: Script) -> None:
    """No row of our table is missing for what a launch can get wrong, and pydantic's own words never show."""
    for language in ("en", "zh-hans"):
        status, body = api.call("POST", "/containers", wish, **{"Accept-Language": language})
        assert status == 422
        assert_refusal(body)
        assert body.get("field") == field
        said = body["message"].removeprefix(f"{field}: ")
        assert said.isascii() == (language == "en"), said
        for foreign in ("input should", "validation", "codec", "%("):
            assert foreign not in said.lower()


def test_a_refusal_can_be_read_in_a_terminal(api: Script) -> None:
    response = api.get("/api/v1/nowhere", headers={"Accept-Language": "zh-hans"})
    assert "没有这个接口" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/login/nonsense", 410)])
def test_error_pages_are_pages(path: str, status: int) -> None:
    response = Client().get(path)
    assert response.status_code == status
    assert b"<h1>" in response.content


def test_a_foreign_host_name(client: Client) -> None:
    assert client.get("/playground", headers={"Host": "evil.example"}).status_code == 400
    response = client.get("/api/v1/containers", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert_refusal(response.json())


def test_the_page_for_what_broke(client: Client, ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret detail")

    client.force_login(ann)
    client.raise_request_exception = False
    monkeypatch.setattr("playground.pages.views.boot", broken)
    response = client.get("/playground")
    assert response.status_code == 500
    assert b"<h1>" in response.content
    assert b"secret detail" not in response.content
