"""Someone else's container is answered as one that does not exist: on every route, those of tomorrow included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from playground.api.root import api as rest
from playground.models import ShareGuest
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script

BODIES: dict[str, dict[str, Any]] = {
    "exec": {"argv": ["true"]},
    "limits": {"pids": 8},
    "shares": {"terminal": "console"},
    "{terminal_id}": {"name": "mine"},
    "content": {"any": "file"},
}
QUERIES = {
    "source": "?side=host&panel=namespaces&key=mnt",
    "files": "?path=/etc",
    "provenance": "?path=/etc",
    "content": "?path=/etc/motd",
}
PUBLIC = {"login-once"}  # routes with a parameter that are no one's
APART = {"workbench", "share-join", "shared", "recording"}  # pages, each with a test of its own

IDEMPOTENT = {("DELETE", "/recordings/{recording_id}")}  # there is none any more: the same for all that are not yours


def calls(parameter: str) -> list[tuple[str, str]]:
    """(method, path template) of every REST call whose address has it."""
    return sorted(
        {
            (method, f"{prefix}{path}")
            for prefix, router in rest._routers
            for path, view in router.path_operations.items()
            if parameter in path
            for operation in view.operations
            for method in operation.methods
        }
    )


CALLS = calls("{container_id}")
SHARED = [call for call in calls("{share_id}") if call not in CALLS]  # those of guests

RECORDED = calls("{recording_id}")


def routes(found: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in found.url_patterns:
        if isinstance(each, URLResolver):
            if each.namespace != "admin":
                yield from routes(each, prefix + str(each.pattern))
        else:
            yield prefix + str(each.pattern), each


def test_the_matrix_is_not_empty() -> None:
    assert len(CALLS) >= 22
    assert len(SHARED) >= 2
    assert len(RECORDED) >= 3


def answers_to(
    caller: Script, method: str, template: str, ids: tuple[str, ...], parameter: str, **others: str
) -> set[str]:
    """What one who may not is told of each; all must be told that there is nothing."""
    answers = set()
    for id in ids:
        verb = template.rsplit("/", 1)[-1]
        path = template.replace(f"{{{parameter}}}", id)
        for name, value in others.items():
            path = path.replace(f"{{{name}}}", value)
        path += QUERIES.get(verb, "")
        status, body = caller.call(method, path, BODIES.get(verb))
        assert status == (204 if (method, template) in IDEMPOTENT else 404), (path, body)
        answers.add(str(body).replace(repr(unquote(id)[:32])[1:-1], "ID"))
    return answers


@pytest.mark.parametrize("guest", [False, True], ids=["stranger", "guest"])
@pytest.mark.parametrize(("method", "template"), CALLS)
def test_a_stranger_and_a_container_that_never_was(
    method: str, template: str, guest: bool, api: Script, stranger: Script, bob: User, worker: FakeWorker
) -> None:
    """Who was let in to look at a terminal of it is a stranger to all the rest."""
    theirs = api.launch()
    terminal = theirs["terminals"][0]["id"]
    share = api.call("POST", f"/containers/{theirs['id']}/shares", {"terminal": terminal})[1]
    if guest:
        ShareGuest.objects.create(share_id=share["id"], user=bob)
    before = list(worker.calls)
    ids = (theirs["id"], "0" * 16, "x", "a" * 400, "a%00b")  # PostgreSQL takes no NUL
    others = {"terminal_id": terminal, "pid": "1", "share_id": share["id"]}
    answers = answers_to(stranger, method, template, ids, "container_id", **others)
    assert len(answers) == 1
    assert worker.calls == before, "the worker is not even asked"
    assert api.call("GET", f"/containers/{theirs['id']}")[1]["state"] == "running"
    assert len(api.call("GET", f"/containers/{theirs['id']}/shares")[1]) == 1


@pytest.mark.parametrize(("method", "template"), SHARED)
def test_a_shared_terminal_is_not_there_for_who_did_not_join(
    method: str, template: str, api: Script, stranger: Script, worker: FakeWorker
) -> None:
    theirs = api.launch()
    share = api.call("POST", f"/containers/{theirs['id']}/shares", {"terminal": theirs["terminals"][0]["id"]})[1]
    before = list(worker.calls)
    ids = (share["id"], "0" * 32, "x", "a" * 400, "a%00b", share["id"].upper())
    assert len(answers_to(stranger, method, template, ids, "share_id")) == 1
    assert worker.calls == before


@pytest.mark.parametrize(("method", "template"), RECORDED)
def test_a_recording_of_a_stranger(
    method: str, template: str, api: Script, stranger: Script, worker: FakeWorker
) -> None:
    """The worker keeps them; it is asked in the stranger's own name, never the owner's or the operator's."""
    theirs = api.launch()
    path = f"/containers/{theirs['id']}/terminals/{theirs['terminals'][0]['id']}/recording"
    status, recording = api.call("POST", path)
    assert status == 201
    before = len(worker.calls)
    answers = answers_to(stranger, method, template, (recording["id"], "0" * 24, "x", "a" * 400), "recording_id")
    assert len(answers) == 1
    bob = str(User.objects.get(username="bob").pk)
    assert {getattr(call, "owner", None) for call in worker.calls[before:]} <= {bob}
    assert api.call("GET", f"/recordings/{recording['id']}")[1]["ended"] is None


def test_every_route_with_a_parameter_is_in_the_matrix_or_public() -> None:
    tested = {
        template.replace("{", "<").replace("}", ">").lstrip("/") for _method, template in CALLS + SHARED + RECORDED
    }
    for path, pattern in routes(get_resolver()):
        if "<" not in path or pattern.name in PUBLIC | APART:
            continue
        assert path.removeprefix("api/v1/").replace("str:", "").lstrip("/") in tested, f"{path} is not tested"


def test_the_workbench_of_a_stranger(api: Script, bob: User, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    client = Client()
    client.force_login(bob)
    theirs = client.get(reverse("workbench", args=[id]))
    never = client.get(reverse("workbench", args=["0" * 16]))
    assert theirs.status_code == never.status_code == 404
    assert id not in theirs.content.decode().replace(f"/c/{id}", "").replace(f"container {id}", "")


def test_staff_have_no_back_door_by_address(api: Script, staff: User, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    client = Client()
    client.force_login(staff)
    assert client.get(f"/api/v1/containers/{id}").status_code == 404
