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

from playground.services import tally
from playground.services.tokens import token_create
from runtime.protocol import pty
from tests.support.fake_shell import PROMPT
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script
from tests.web.site import ROOT

TOKEN = "0123456789abcdef" * 2
CLOSES = {"terrarium_web_socket_closes"}  # there once a socket was closed
TERMINAL_LABELS = {"role", "reason", "le", "kind", "code"}
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


def test_terminals(scraper: Client, api: Script) -> None:
    made = api.launch()
    api.call("POST", f"/containers/{made['id']}/terminals", {})
    found = families(scraper)
    for name, kind, value in (
        ("sessions", "gauge", 2),
        ("pty_read_bytes", "counter", 2 * len(PROMPT)),
        ("sent_bytes", "counter", 1_000_000),
        ("replay_bytes", "counter", 4096),
        ("paused_seconds", "counter", 1.5),
        ("lag_gaps", "counter", 2),
        ("input_dropped", "counter", 1),
        ("ring_bytes", "gauge", 2 * pty.RING_BYTES),
        ("keeper_fds", "gauge", 4),
        ("recordings", "gauge", 0),
    ):
        family = found[f"terrarium_terminal_{name}"]
        assert (family.type, [sample.value for sample in family.samples]) == (kind, [value]), name
        assert family.documentation
        assert family.samples[0].name.endswith("_total") is (kind == "counter")
    assert _labelled(found["terrarium_terminal_viewers"], "role") == {"rw": 0, "ro": 0, "guest": 0}
    assert _labelled(found["terrarium_terminal_attach_failures"], "reason") == {"ticket": 3}


def test_histograms_add_up(scraper: Client, api: Script) -> None:
    api.launch()
    found = families(scraper)
    assert "terrarium_terminal_ping_rtt_seconds" not in found, "what this worker does not keep is left out"
    family = found["terrarium_terminal_echo_seconds"]
    assert family.type == "histogram"
    buckets = [sample for sample in family.samples if sample.name.endswith("_bucket")]
    assert [(sample.labels["le"], sample.value) for sample in buckets] == [("0.001", 90), ("0.01", 99), ("+Inf", 100)]
    whole = {sample.name.removeprefix(family.name): sample.value for sample in family.samples if not sample.labels}
    assert whole == {"_sum": 0.25, "_count": 100}


def test_sockets_of_this_process(scraper: Client, worker: FakeWorker) -> None:
    before = families(scraper)
    with tally.socket("live") as closed:
        assert _labelled(families(scraper)["terrarium_web_sockets"], "kind")["live"] == 1
        closed(pty.Close.TICKET)
    with tally.socket("live"):
        pass  # the browser went
    after = families(scraper)
    assert _labelled(after["terrarium_web_sockets"], "kind") == {"terminal": 0, "shared": 0, "live": 0}
    grown = {
        code: value - _closes(before).get(("live", code), 0)
        for (kind, code), value in _closes(after).items()
        if kind == "live"
    }
    assert (grown["4401"], grown["left"]) == (1, 1)


def _labelled(family: Metric, label: str) -> dict[str, float]:
    return {sample.labels[label]: sample.value for sample in family.samples}


def _closes(found: dict[str, Metric]) -> dict[tuple[str, str], float]:
    family = found.get("terrarium_web_socket_closes")
    samples = family.samples if family else []
    return {(sample.labels["kind"], sample.labels["code"]): sample.value for sample in samples}


def test_labels_are_few(scraper: Client, api: Script) -> None:
    api.launch()
    for family in families(scraper).values():
        for sample in family.samples:
            assert set(sample.labels) <= {"id", "name", "image", "state", *TERMINAL_LABELS}, sample.name
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
    assert set(found) - CLOSES == {"terrarium_worker_up", "terrarium_web_sockets"}
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
    prefixes = re.findall(r"`…(_\w+|_\w+_…)[`{]", DOCUMENT)
    for family in families(scraper).values():
        for sample in family.samples:
            name = re.sub(r"_(bucket|sum|count)$", "", sample.name) if family.type == "histogram" else sample.name
            told = name in named or any(name.endswith(end.rstrip("_…")) for end in prefixes)
            assert told or "pressure" in sample.name or "_user_" in sample.name or "_system_" in sample.name, (
                sample.name
            )
