"""`/metrics`: off without a token, closed without the token, and what it says is what Prometheus reads."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.test import Client
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from playground.services.tokens import token_create
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script
from tests.web.site import ROOT

TOKEN = "0123456789abcdef" * 2
DOCUMENT = (ROOT / "docs" / "metrics.md").read_text()


@pytest.fixture
def scraper(settings: Any, worker: FakeWorker) -> Client:
    settings.TERRARIUM_METRICS_TOKEN = TOKEN
    return Client(headers={"Authorization": f"Bearer {TOKEN}"})


def families(client: Client, **headers: str) -> dict[str, Metric]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def test_what_is_told(scraper: Client, api: Script) -> None:
    made = api.launch(name='a "name"\\ with marks')
    api.launch(image="debian")
    found = families(scraper)
    labels = {"id": f"/terrarium/{made['id']}", "name": made["name"], "image": "busybox"}
    for name, value in {
        "container_cpu_usage_seconds_total": 0.012,
        "container_cpu_cfs_throttled_seconds_total": 0.125,
        "container_oom_events_total": 0,
        "container_memory_usage_bytes": 1_200_000,
        "container_spec_memory_limit_bytes": 256 * 1024**2,
        "container_spec_cpu_quota": 50_000,
        "container_spec_cpu_period": 100_000,
        "container_processes": 1,
        "container_pressure_cpu_waiting_seconds_total": 0.25,
    }.items():
        family = found[name.removesuffix("_total")]
        samples = {sample.labels["id"]: sample for sample in family.samples}
        assert len(samples) == 2
        sample = samples[labels["id"]]
        assert (sample.name, sample.labels) == (name, labels)
        assert sample.value == pytest.approx(value)
        assert family.type == ("counter" if name.endswith("_total") else "gauge")
        assert family.documentation
    assert "container_pressure_io_waiting_seconds" not in found, "what this host does not count is left out"
    states = {sample.labels["state"]: sample.value for sample in found["terrarium_containers"].samples}
    assert states == {"creating": 0, "created": 0, "running": 2, "stopped": 0}
    assert [sample.value for sample in found["terrarium_worker_up"].samples] == [1]


def test_labels_are_few(scraper: Client, api: Script) -> None:
    api.launch()
    for family in families(scraper).values():
        for sample in family.samples:
            assert set(sample.labels) <= {"id", "name", "image", "state"}, sample.name
            assert re.fullmatch(r"(container|terrarium)_[a-z0-9_]+", sample.name)


def test_a_stopped_one_has_no_figures(scraper: Client, api: Script) -> None:
    id = api.launch()["id"]
    api.call("POST", f"/containers/{id}/stop")
    found = families(scraper)
    assert "container_cpu_usage_seconds" not in found
    assert {s.labels["state"]: s.value for s in found["terrarium_containers"].samples}["stopped"] == 1


def test_a_worker_that_is_away_is_a_figure(scraper: Client, worker: FakeWorker) -> None:
    worker.stop()
    found = families(scraper)
    assert set(found) == {"terrarium_worker_up"}
    assert found["terrarium_worker_up"].samples[0].value == 0


def test_openmetrics_for_who_asks(scraper: Client, api: Script) -> None:
    api.launch()
    answer = scraper.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    found = openmetrics_families(answer.content.decode())  # type: ignore[no-untyped-call]
    assert {family.name for family in found} >= {"container_cpu_usage_seconds", "terrarium_worker_up"}


@pytest.mark.parametrize("token", ["", "short", TOKEN[:-1]])
def test_off_by_default_and_with_a_token_too_short(token: str, settings: Any, worker: FakeWorker, db: None) -> None:
    settings.TERRARIUM_METRICS_TOKEN = token
    for given in (token, "", TOKEN):
        answer = Client().get("/metrics", headers={"Authorization": f"Bearer {given}"})
        assert answer.status_code == 404
    assert not worker.calls
    complaints = [found for found in run_checks() if found.id == "playground.E001"]
    assert bool(complaints) is bool(token)


def test_the_token_and_nothing_else(scraper: Client, ann: User, staff: User, worker: FakeWorker) -> None:
    browser = Client()
    browser.force_login(staff)
    for client, header in (
        (browser, None),
        (Client(), None),
        (Client(), f"Bearer {token_create(user=staff)}"),
        (Client(), f"Basic {TOKEN}"),
        (Client(), TOKEN),
        (Client(), f"Bearer {TOKEN}x"),
        (Client(), f"Bearer {TOKEN.upper()}"),
        (Client(), "Bearer \xff\u00fc"),
    ):
        answer = client.get("/metrics", headers={} if header is None else {"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert not worker.calls
    assert scraper.get("/metrics").headers["Cache-Control"].startswith("max-age=0")
    assert scraper.post("/metrics").status_code == 405
    assert scraper.get("/api/v1/containers").status_code == 401, "it opens nothing else"
    for _ in range(40):  # nobody is shut out for guessing at it
        Client().get("/metrics", headers={"Authorization": "Bearer no"})
    assert scraper.get("/metrics").status_code == 200


def test_behind_a_proxy_it_is_asked_from_within(scraper: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert scraper.get("/metrics").status_code == 200


def test_the_document_names_every_figure(scraper: Client, api: Script) -> None:
    api.launch()
    named = set(re.findall(r"(?:container|terrarium)_\w+", DOCUMENT))
    prefixes = re.findall(r"`…(_\w+|_\w+_…)`", DOCUMENT)
    for family in families(scraper).values():
        for sample in family.samples:
            told = sample.name in named or any(sample.name.endswith(end.rstrip("_…")) for end in prefixes)
            assert told or "pressure" in sample.name or "_user_" in sample.name or "_system_" in sample.name, (
                sample.name
            )
