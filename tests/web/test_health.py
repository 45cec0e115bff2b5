"""What `./dev up` and a load balancer ask."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.support.fake_worker import FakeWorker


def test_it_tells_whether_the_worker_answers_and_needs_no_login(client: Client, worker: FakeWorker) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"web": "up", "worker": "up"})
    assert "no-store" in response.headers["Cache-Control"]
    worker.stop()
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (503, {"web": "up", "worker": "down"})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_only_looked_at(method: str, client: Client, worker: FakeWorker) -> None:
    assert client.generic(method, "/healthz").status_code == 405
    assert not worker.calls
