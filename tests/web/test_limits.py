"""Other limits for a container that is there: within the quota, all or none, and the row says what is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from msgspec.structs import replace

from playground.models import Container, Quota
from playground.services.container_launch import Wish, container_launch
from playground.services.container_limits import container_limits
from runtime.errors import Code, Fault
from runtime.protocol import messages, model
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script

MIB = 1024**2


def limits(id: str) -> model.Limits:
    return Container.objects.get(pk=id).limits


def test_what_is_named_changes_and_the_rest_stays(api: Script, worker: FakeWorker) -> None:
    made = api.launch()
    status, found = api.call("PATCH", f"/containers/{made['id']}/limits", {"memory_bytes": 128 * MIB, "cpus": 1})
    assert status == 200
    assert found["limits"] == made["limits"] | {"memory_bytes": 128 * MIB, "cpus": 1.0}
    assert limits(made["id"]) == worker.containers[made["id"]].world.info.limits
    sent = worker.calls[-1]
    assert isinstance(sent, messages.SetLimits)
    assert sent.limits == limits(made["id"]), "all four are given"
    assert api.call("PATCH", f"/containers/{made['id']}/limits", {})[1]["limits"] == found["limits"]
    assert api.call("PATCH", f"/containers/{made['id']}/limits", {"pids": None})[1]["limits"] == found["limits"]


def test_of_a_stopped_one_too(api: Script) -> None:
    id = api.launch()["id"]
    api.call("POST", f"/containers/{id}/stop")
    assert api.call("PATCH", f"/containers/{id}/limits", {"pids": 9})[1]["limits"]["pids"] == 9


@pytest.mark.parametrize(
    ("field", "value"), [("memory_bytes", 2**30 + 1), ("cpus", 2.01), ("pids", 513), ("disk_bytes", 512 * MIB + 1)]
)
def test_above_the_quota(field: str, value: float, api: Script, worker: FakeWorker) -> None:
    made = api.launch()
    asked = len(worker.calls)
    status, body = api.call("PATCH", f"/containers/{made['id']}/limits", {"pids": 3, field: value})
    assert (status, body["code"], body["field"]) == (403, "limit-reached", field)
    assert limits(made["id"]) == model.Limits()
    assert len(worker.calls) == asked


def test_a_quota_that_was_lowered_since(api: Script, ann: User) -> None:
    """What one has is not taken away, and may be lowered; but not raised, nor to what is above the quota still."""
    made = api.launch()
    Quota.objects.create(owner=ann, memory_bytes=64 * MIB)
    path = f"/containers/{made['id']}/limits"
    assert api.call("PATCH", path, {"memory_bytes": 256 * MIB, "pids": 7})[1]["limits"]["pids"] == 7
    for asked in (257 * MIB, 255 * MIB):
        assert api.call("PATCH", path, {"memory_bytes": asked})[1]["field"] == "memory_bytes"
    assert api.call("PATCH", path, {"memory_bytes": 32 * MIB})[1]["limits"]["memory_bytes"] == 32 * MIB


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"memory_bytes": "1"}, "memory_bytes"),
        ({"memory_bytes": 1}, "memory_bytes"),
        ({"cpus": 0}, "cpus"),
        ({"cpus": True}, "cpus"),
        ({"pids": 0}, "pids"),
        ({"pids": 1.5}, "pids"),
        ({"disk_bytes": -1}, "disk_bytes"),
        ({"name": "x"}, "name"),
    ],
)
def test_what_is_no_limit(body: dict[str, Any], field: str, api: Script) -> None:
    id = api.launch()["id"]
    status, answer = api.call("PATCH", f"/containers/{id}/limits", body)
    assert (status, answer["code"], answer["field"]) == (422, "invalid-spec", field)


def test_what_the_kernel_would_not_have(api: Script, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    for _ in range(8):
        api.call("POST", f"/containers/{id}/terminals", {})
    status, body = api.call("PATCH", f"/containers/{id}/limits", {"memory_bytes": 8 * MIB, "pids": 5})
    assert (status, body["field"]) == (422, "memory_bytes")
    assert limits(id) == model.Limits() == worker.containers[id].world.info.limits


def test_a_lost_one(api: Script, worker: FakeWorker) -> None:
    id = api.launch()["id"]
    worker.forget(id)
    status, body = api.call("PATCH", f"/containers/{id}/limits", {"pids": 5})
    assert (status, body["code"]) == (409, "wrong-state")
    assert limits(id) == model.Limits()


def test_an_answer_that_never_came(api: Script, worker: FakeWorker) -> None:
    """The worker did it and could not say so; the row learns it from the worker. Where that is away, it stays."""
    id = api.launch()["id"]
    world = worker.containers[id].world
    worker.do(lambda: setattr(world, "info", replace(world.info, limits=replace(world.info.limits, pids=5))))
    worker.refuse("limits", Fault(Code.TIMEOUT, "too long"))
    assert api.call("PATCH", f"/containers/{id}/limits", {"pids": 5})[0] == 504
    assert limits(id).pids == 5
    worker.stop()
    assert api.call("PATCH", f"/containers/{id}/limits", {"pids": 6})[0] == 503
    assert limits(id).pids == 5


@pytest.mark.django_db(transaction=True)
def test_many_at_once_end_as_the_row_says(worker: FakeWorker) -> None:
    user = User.objects.create_user("ann")
    id = container_launch(user=user, wish=Wish(image="busybox")).container.id
    worker.delay("limits", 0.02)

    def change(wish: dict[str, float]) -> None:
        try:
            container_limits(user=user, id=id, wish=wish)
        finally:
            connections.close_all()

    wishes: list[dict[str, float]] = [{"pids": 5}, {"cpus": 0.25}, {"memory_bytes": 64 * MIB}, {"disk_bytes": 9 * MIB}]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, wishes))
    assert limits(id) == model.Limits(pids=5, cpus=0.25, memory_bytes=64 * MIB, disk_bytes=9 * MIB)
    assert worker.containers[id].world.info.limits == limits(id)
