"""The REST interface's table, row by row."""

from __future__ import annotations

import re
from typing import Any

import pytest

from playground.models import Container
from playground.models.container import Intent
from runtime.errors import Code, Fault
from runtime.protocol import messages
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MIB = 1024**2


def test_launch(api: Script, worker: FakeWorker) -> None:
    wish = {
        "image": "busybox",
        "command": ["sh", "-i"],
        "name": "first",
        "memory_bytes": 64 * MIB,
        "cpus": 1,
        "pids": 20,
    }
    status, body = api.call("POST", "/containers", wish)
    assert status == 201
    assert re.fullmatch(r"[a-z0-9]{16}", body["id"])
    assert (body["name"], body["image"], body["command"]) == ("first", "busybox", ["sh", "-i"])
    assert body["state"] == "running"
    assert body["pid"] > 1
    assert ISO.fullmatch(body["created_at"])
    assert body["limits"] == {"memory_bytes": 64 * MIB, "cpus": 1.0, "pids": 20, "disk_bytes": 128 * MIB}
    assert body["terminal_url"] == f"/ws/terminal/{body['id']}/{body['terminals'][0]['id']}"
    assert body["live_url"] == f"/ws/live/{body['id']}"
    row = Container.objects.get()
    assert (row.pk, row.intent, row.limits) == (body["id"], Intent.KEPT, worker.containers[row.pk].world.info.limits)


def test_list_show_delete(api: Script) -> None:
    first, second = api.launch(), api.launch()
    status, body = api.call("GET", "/containers")
    assert status == 200
    assert [each["id"] for each in body] == [second["id"], first["id"]]
    assert api.call("GET", f"/containers/{first['id']}") == (200, first)
    assert api.call("DELETE", f"/containers/{first['id']}") == (204, None)
    assert api.call("DELETE", f"/containers/{first['id']}") == (204, None)
    assert api.call("GET", f"/containers/{first['id']}")[0] == 404
    assert [each["id"] for each in api.call("GET", "/containers")[1]] == [second["id"]]


def test_delete_of_what_never_was_and_of_what_was_someone_elses(api: Script, stranger: Script) -> None:
    theirs = stranger.launch()["id"]
    never = "0" * 16
    answers = {}
    for id in (theirs, never):
        status, body = api.call("DELETE", f"/containers/{id}")
        assert status == 404
        answers[id] = str(body).replace(id, "ID")
    assert answers[theirs] == answers[never]
    stranger.call("DELETE", f"/containers/{theirs}")
    assert api.call("DELETE", f"/containers/{theirs}")[0] == 404
    assert stranger.call("DELETE", f"/containers/{theirs}")[0] == 204


def test_stop_and_start(api: Script) -> None:
    id = api.launch()["id"]
    status, body = api.call("POST", f"/containers/{id}/stop")
    assert (status, body["state"], body["pid"]) == (200, "stopped", None)
    assert body["exit"]["signal"] == 15
    assert ISO.fullmatch(body["exit"]["at"])
    assert api.call("POST", f"/containers/{id}/stop")[0] == 200
    assert api.call("POST", f"/containers/{id}/exec", {"argv": ["true"]})[0] == 409
    status, body = api.call("POST", f"/containers/{id}/start", {"cols": 120, "rows": 40})
    assert (status, body["state"]) == (200, "running")
    assert api.call("POST", f"/containers/{id}/start") == (200, body)


def test_exec(api: Script) -> None:
    id = api.launch()["id"]
    status, body = api.call("POST", f"/containers/{id}/exec", {"argv": ["cat", "/proc/1/comm"]})
    assert status == 200
    assert body.pop("duration_ms") >= 0
    assert body == {
        "exit_code": 0,
        "signal": None,
        "reason": None,
        "stdout": "sh\n",
        "stderr": "",
        "truncated": False,
        "timed_out": False,
    }


def test_exec_is_text_whatever_comes(api: Script) -> None:
    id = api.launch()["id"]
    status, body = api.call("POST", f"/containers/{id}/exec", {"argv": ["printf", r"\xff\x00ok"]})
    assert (status, body["stdout"]) == (200, "\ufffd\x00ok")
    assert api.call("POST", f"/containers/{id}/exec", {"argv": ["cat"], "stdin": "盒子\n"})[1]["stdout"] == "盒子\n"


def test_exec_that_times_out_has_no_exit_code_but_a_reason(api: Script) -> None:
    id = api.launch()["id"]
    status, body = api.call("POST", f"/containers/{id}/exec", {"argv": ["sleep", "9"], "timeout_seconds": 0.05})
    assert status == 200
    assert body["timed_out"]
    assert body["exit_code"] is None
    assert body["reason"]


def test_exec_of_what_is_not_there_has_no_exit_code_but_a_reason(api: Script) -> None:
    id = api.launch()["id"]
    status, body = api.call("POST", f"/containers/{id}/exec", {"argv": ["/no/such"]})
    assert (status, body["exit_code"]) == (200, None)
    assert "/no/such" in body["reason"]


def test_snapshot(api: Script) -> None:
    found = api.launch()
    api.call("POST", f"/containers/{found['id']}/exec", {"argv": ["touch", "/b"]})
    api.call("POST", f"/containers/{found['id']}/exec", {"argv": ["touch", "/a"]})
    status, body = api.call("GET", f"/containers/{found['id']}/snapshot")
    assert status == 200
    assert ISO.fullmatch(body["taken_at"])
    assert {"processes", "namespaces", "cgroup", "overlay"} == set(body["container"]) == set(body["host"])
    inside = body["container"]["processes"][0]
    outside = next(each for each in body["host"]["processes"] if each["host_pid"] == inside["host_pid"])
    assert (inside["pid"], outside["pid"]) == (1, found["pid"])
    assert {"pid", "ns_pids", "ppid", "comm", "cmdline", "uid", "state"} <= set(inside)
    assert body["container"]["namespaces"]["net"]["same_as_host"] is False
    assert {"mode", "memory", "cpu", "pids", "io", "paths"} <= set(body["host"]["cgroup"])
    assert [change["path"] for change in body["host"]["overlay"]["changes"]] == ["/a", "/b"]
    assert body["gaps"]


def test_source(api: Script) -> None:
    id = api.launch()["id"]
    query = "side=host&panel=cgroup&key=memory/memory.usage_in_bytes"
    status, body = api.call("GET", f"/containers/{id}/source?{query}")
    assert status == 200
    assert body["path"].endswith("memory.usage_in_bytes")
    assert body["command_host"]
    for query, field in (
        ("panel=cgroup&key=x", "side"),
        ("side=host&panel=disk&key=x", "panel"),
        ("side=host&panel=cgroup", "key"),
    ):
        status, body = api.call("GET", f"/containers/{id}/source?{query}")
        assert (status, body["field"]) == (422, field)


def test_images(api: Script) -> None:
    status, body = api.call("GET", "/images")
    assert status == 200
    assert {image["name"]: len(image["layers"]) for image in body} == {"busybox": 1, "debian": 2}
    assert all(image["size_bytes"] for image in body)


def test_terminals(api: Script) -> None:
    found = api.launch()
    root = f"/containers/{found['id']}/terminals"
    status, opened = api.call("POST", root, {"argv": ["sh"], "cols": 132, "rows": 43})
    assert status == 201
    assert not opened["console"]
    assert [each["id"] for each in api.call("GET", root)[1]] == [found["terminals"][0]["id"], opened["id"]]
    status, body = api.call("POST", f"{root}/{opened['id']}/attach", {"role": "ro"})
    assert status == 200
    assert body["url"] == f"/ws/terminal/{found['id']}/{opened['id']}"
    assert body["subprotocol"] == "pty.v1"
    assert body["ticket"]
    assert api.call("DELETE", f"{root}/{opened['id']}") == (204, None)
    assert api.call("DELETE", f"{root}/{opened['id']}")[0] == 404
    assert api.call("DELETE", f"{root}/{found['terminals'][0]['id']}")[0] == 409
    assert api.call("POST", f"{root}/nonsense/attach")[0] == 404
    assert api.call("POST", root)[0] == 201  # no body: the image's shell


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({}, "invalid-spec", "image"),
        ({"image": "nonsense"}, "invalid-spec", "image"),
        ({"image": ""}, "invalid-spec", "image"),
        ({"image": 7}, "invalid-spec", "image"),
        ({"memory_bytes": "64"}, "invalid-spec", "memory_bytes"),
        ({"memory_bytes": True}, "invalid-spec", "memory_bytes"),
        ({"memory_bytes": 64.5}, "invalid-spec", "memory_bytes"),
        ({"memory_bytes": 1}, "invalid-spec", "memory_bytes"),
        ({"memory_bytes": -1}, "invalid-spec", "memory_bytes"),
        ({"memory_bytes": 10**30}, "invalid-spec", "memory_bytes"),
        ({"memory_bytes": 2 * 1024**3}, "limit-reached", "memory_bytes"),
        ({"cpus": "1"}, "invalid-spec", "cpus"),
        ({"cpus": True}, "invalid-spec", "cpus"),
        ({"cpus": 0}, "invalid-spec", "cpus"),
        ({"cpus": 3}, "limit-reached", "cpus"),
        ({"pids": 0}, "invalid-spec", "pids"),
        ({"pids": False}, "invalid-spec", "pids"),
        ({"pids": 20.0}, "invalid-spec", "pids"),
        ({"pids": 513}, "limit-reached", "pids"),
        ({"disk_bytes": 10**12}, "limit-reached", "disk_bytes"),
        ({"command": "sh"}, "invalid-spec", "command"),
        ({"command": ["sh", 1]}, "invalid-spec", "command"),
        ({"command": ["a\0b"]}, "invalid-spec", "command"),
        ({"command": [""]}, "invalid-spec", "command"),
        ({"command": ["x"] * 257}, "invalid-spec", "command"),
        ({"command": ["x" * 70_000]}, "invalid-spec", "command"),
        ({"name": "  "}, "invalid-spec", "name"),
        ({"name": "x" * 64}, "invalid-spec", "name"),
        ({"name": "a\nb"}, "invalid-spec", "name"),
        ({"cols": 1}, "invalid-spec", "cols"),
        ({"owner": "2"}, "invalid-spec", "owner"),
        ({"tier": "T2"}, "invalid-spec", "tier"),
        ({"is_staff": True}, "invalid-spec", "is_staff"),
        ({"limits": {}}, "invalid-spec", "limits"),
    ],
)
def test_a_launch_that_cannot_be(api: Script, worker: FakeWorker, wish: dict[str, Any], code: str, field: str) -> None:
    wish = wish if "image" in wish or not wish else {"image": "busybox", **wish}
    status, body = api.call("POST", "/containers", wish)
    assert 400 <= status < 500
    assert (body["code"], body["field"]) == (code, field)
    assert field in body["message"]
    assert not Container.objects.exists()
    assert not worker.containers


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_are_none(api: Script, number: str) -> None:
    body = f'{{"image":"busybox","cpus":{number}}}'
    response = api.post("/api/v1/containers", data=body, content_type="application/json")
    assert response.status_code == 422
    assert response.json()["field"] == "cpus"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "argv"),
        ({"argv": []}, "argv"),
        ({"argv": "ls"}, "argv"),
        ({"argv": ["ls"], "timeout_seconds": 0}, "timeout_seconds"),
        ({"argv": ["ls"], "timeout_seconds": 301}, "timeout_seconds"),
        ({"argv": ["ls"], "timeout_seconds": "1"}, "timeout_seconds"),
        ({"argv": ["ls"], "stdin": "x" * (1024**2 + 1)}, "stdin"),
        ({"argv": ["ls"], "stdin": None}, "stdin"),
        ({"argv": ["ls"], "env": {}}, "env"),
        ({"argv": ["ls"], "user": "root"}, "user"),
    ],
)
def test_an_exec_that_cannot_be(api: Script, body: dict[str, Any], field: str) -> None:
    id = api.launch()["id"]
    status, answer = api.call("POST", f"/containers/{id}/exec", body)
    assert (status, answer["field"]) == (422, field)


def test_a_lost_container(api: Script, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    worker.forget(id)
    for body in (api.call("GET", f"/containers/{id}")[1], api.call("GET", "/containers")[1][0]):
        assert (body["state"], body["exit"]["reason"], body["pid"]) == ("stopped", "lost", None)
        assert body["terminal_url"] is None
    assert api.call("POST", f"/containers/{id}/stop")[1]["exit"]["reason"] == "lost"
    for method, path, body in (
        ("POST", "/start", None),
        ("POST", "/exec", {"argv": ["true"]}),
        ("GET", "/snapshot", None),
        ("POST", "/terminals", None),
    ):
        status, answer = api.call(method, f"/containers/{id}{path}", body)
        assert (status, answer["code"]) == (409, "wrong-state"), path
    assert api.call("GET", f"/containers/{id}/terminals") == (200, [])
    assert api.call("DELETE", f"/containers/{id}")[0] == 204
    assert not Container.objects.exists()


@pytest.mark.parametrize("code", [Code.NO_CAPACITY, Code.INTERNAL_ERROR, Code.SPAWN_FAILED, Code.TIMEOUT])
def test_a_launch_that_fails_leaves_nothing(api: Script, worker: FakeWorker, code: Code) -> None:
    worker.refuse("launch", Fault(code, "no"))
    status, body = api.call("POST", "/containers", {"image": "busybox"})
    assert (status >= 400, body["code"]) == (True, code)
    assert not Container.objects.exists()
    assert not worker.containers
    assert isinstance(worker.calls[-1], messages.Delete)


def test_a_launch_that_cannot_even_be_undone_is_hidden(api: Script, worker: FakeWorker) -> None:
    worker.refuse("launch", Fault(Code.INTERNAL_ERROR, "no"))
    worker.refuse("delete", Fault(Code.INTERNAL_ERROR, "no"))
    assert api.call("POST", "/containers", {"image": "busybox"})[0] == 500
    row = Container.objects.get()
    assert row.intent == Intent.LAUNCHING
    assert api.call("GET", "/containers") == (200, [])
    assert api.call("GET", f"/containers/{row.pk}")[0] == 404


def test_a_delete_that_fails_can_be_tried_again(api: Script, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    worker.refuse("delete", Fault(Code.INTERNAL_ERROR, "no"))
    assert api.call("DELETE", f"/containers/{id}")[0] == 500
    assert api.call("GET", f"/containers/{id}")[0] == 200
    assert api.call("DELETE", f"/containers/{id}")[0] == 204


def test_the_same_idempotency_key_is_the_same_container(api: Script, stranger: Script, worker: FakeWorker) -> None:
    key, wish = {"Idempotency-Key": "build-17"}, {"image": "busybox", "name": "once"}
    first = api.call("POST", "/containers", wish, **key)
    again = api.call("POST", "/containers", wish, **key)
    assert first[0] == again[0] == 201
    assert first[1]["id"] == again[1]["id"]
    status, body = api.call("POST", "/containers", {**wish, "pids": 9}, **key)
    assert (status, body["code"], body["field"]) == (409, "already-exists", "Idempotency-Key")
    assert stranger.call("POST", "/containers", wish, **key)[1]["id"] != first[1]["id"]
    assert len(worker.containers) == 2
    assert api.call("POST", "/containers", wish, **{"Idempotency-Key": "x" * 129})[0] == 422


def test_a_key_finishes_a_launch_that_broke_off(api: Script, worker: FakeWorker) -> None:
    key = {"Idempotency-Key": "k"}
    worker.refuse("launch", Fault(Code.INTERNAL_ERROR, "no"))
    worker.refuse("delete", Fault(Code.INTERNAL_ERROR, "no"))
    api.call("POST", "/containers", {"image": "busybox"}, **key)
    half = Container.objects.get().pk
    assert api.call("POST", "/containers", {"image": "busybox"}, **key)[1]["id"] == half
    assert Container.objects.get().intent == Intent.KEPT
