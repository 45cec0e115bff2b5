"""`/metrics` of the running product: absent unless asked for, closed without its token, and what Prometheus reads."""

from __future__ import annotations

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.stack import Stack, rest

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")
SECRET = "0123456789abcdef" * 2


def restart_web(stack: Stack, **settings: str) -> None:
    stack.settings = settings
    os.kill(stack.pid("web"), signal.SIGKILL)
    stack.up()


@pytest.fixture
def measured(stack: Stack) -> Iterator[Stack]:
    restart_web(stack, TERRARIUM_METRICS_TOKEN=SECRET)
    yield stack
    restart_web(stack)


def scrape(stack: Stack, token: str | None) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{stack.url}/metrics", headers=headers)  # noqa: S310 - loopback, our own server
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def test_there_is_none_unless_it_was_asked_for(stack: Stack) -> None:
    assert scrape(stack, SECRET) == (404, "")
    assert scrape(stack, None) == (404, "")


def test_a_scrape_has_the_container(measured: Stack, token: str) -> None:
    made = rest(measured, token, "POST", "/containers", {"image": "busybox", "memory_bytes": 64 << 20}).body
    try:
        rest(measured, token, "POST", f"/containers/{made['id']}/exec", {"argv": ["true"]})
        assert scrape(measured, None)[0] == 401
        assert scrape(measured, token)[0] == 401, "a person's token does not open it"
        status, text = scrape(measured, SECRET)
        assert status == 200
        families: dict[str, Metric] = {one.name: one for one in text_string_to_metric_families(text)}

        def value(name: str) -> float:
            samples = families[name].samples
            return next(float(one.value) for one in samples if one.labels["id"].endswith(made["id"]))

        assert value("container_spec_memory_limit_bytes") == 64 << 20
        assert 0 < value("container_memory_usage_bytes") <= 64 << 20
        assert value("container_cpu_usage_seconds") > 0
        assert value("container_processes") == 1
    finally:
        rest(measured, token, "DELETE", f"/containers/{made['id']}")
