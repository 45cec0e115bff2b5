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
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script

BODIES: dict[str, dict[str, Any]] = {"exec": {"argv": ["true"]}, "limits": {"pids": 8}}
QUERIES = {
    "source": "?side=host&panel=namespaces&key=mnt",
    "files": "?path=/etc",
    "provenance": "?path=/etc",
}
PUBLIC = {"login-once"}  # routes with a parameter that are no one's


def calls() -> Iterator[tuple[str, str]]:
    """(method, path template) of every REST call on a container."""
    for prefix, router in rest._routers:
        for path, view in router.path_operations.items():
            if "{container_id}" in path:
                for operation in view.operations:
                    yield from ((method, f"{prefix}{path}") for method in operation.methods)


CALLS = sorted(set(calls()))


def routes(found: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in found.url_patterns:
        if isinstance(each, URLResolver):
            if each.namespace != "admin":
                yield from routes(each, prefix + str(each.pattern))
        else:
            yield prefix + str(each.pattern), each


def test_the_matrix_is_not_empty() -> None:
    assert len(CALLS) >= 19


@pytest.mark.parametrize(("method", "template"), CALLS)
def test_a_stranger_and_a_container_that_never_was(
    method: str, template: str, api: Script, stranger: Script, worker: FakeWorker
) -> None:
    theirs = api.launch()
    terminal = theirs["terminals"][0]["id"]
    before = list(worker.calls)
    answers = []
    for id in (theirs["id"], "0" * 16, "x", "a" * 400, "a%00b"):  # PostgreSQL takes no NUL
        verb = template.rsplit("/", 1)[-1]
        path = template.replace("{container_id}", id).replace("{terminal_id}", terminal).replace("{pid}", "1")
        path += QUERIES.get(verb, "")
        status, body = stranger.call(method, path, BODIES.get(verb))
        assert status == 404, (path, body)
        answers.append(str(body).replace(repr(unquote(id)[:32])[1:-1], "ID"))
    assert len(set(answers)) == 1
    assert worker.calls == before, "the worker is not even asked"
    assert api.call("GET", f"/containers/{theirs['id']}")[1]["state"] == "running"


def test_every_route_with_a_parameter_is_in_the_matrix_or_public() -> None:
    tested = {template.replace("{", "<").replace("}", ">").lstrip("/") for _method, template in CALLS}
    for path, pattern in routes(get_resolver()):
        if "<" not in path or pattern.name in PUBLIC or pattern.name == "workbench":
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
