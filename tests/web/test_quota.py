"""A quota holds when many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from playground.models import Container, Quota
from playground.services.container_launch import Wish, container_launch
from playground.services.tokens import token_create
from runtime.errors import Code, Fault
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_with_room_for_seven(worker: FakeWorker) -> None:
    user = User.objects.create_user("ann")
    Quota.objects.create(owner=user, containers=7)
    worker.delay("launch", 0.05)

    def launch(_: int) -> str:
        try:
            container_launch(user=user, wish=Wish(image="busybox"))
        except Fault as fault:
            return str(fault.code)
        finally:
            connections.close_all()
        return "ok"

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(launch, range(20)))
    assert results.count("ok") == 7
    assert results.count(Code.LIMIT_REACHED) == 13
    assert Container.objects.count() == len(worker.containers) == 7


@pytest.mark.django_db(transaction=True)
def test_one_key_from_many_threads_is_one_container(worker: FakeWorker) -> None:
    user = User.objects.create_user("ann")

    def launch(_: int) -> str:
        try:
            return container_launch(user=user, wish=Wish(image="busybox"), idempotency_key="k").container.id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(launch, range(8)))
    assert len(ids) == 1
    assert Container.objects.count() == len(worker.containers) == 1


def test_one_more_than_allowed(ann: User, worker: FakeWorker, settings: Any) -> None:
    settings.TERRARIUM_QUOTA = {**settings.TERRARIUM_QUOTA, "containers": 2}
    api = Script(token_create(user=ann))
    first = api.launch()
    api.launch()
    status, body = api.call("POST", "/containers", {"image": "busybox"})
    assert (status, body["code"]) == (403, "limit-reached")
    assert "field" not in body
    api.call("DELETE", f"/containers/{first['id']}")
    api.launch()


def test_a_persons_own_quota(ann: User, worker: FakeWorker) -> None:
    Quota.objects.create(owner=ann, memory_bytes=64 * 1024**2, pids=16)
    api = Script(token_create(user=ann))
    found = api.launch()
    assert found["limits"]["memory_bytes"] == 64 * 1024**2  # the default is lowered to it
    assert found["limits"]["pids"] == 16
    status, body = api.call("POST", "/containers", {"image": "busybox", "pids": 17})
    assert (status, body["field"]) == (403, "pids")
