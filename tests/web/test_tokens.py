"""Bearer tokens, sessions and CSRF: each on its own terms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from playground.models import ApiToken
from playground.services.tokens import token_create, token_revoke
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script
from tests.web.test_access import CALLS

MUTATING = [("POST", "/containers"), *((method, path) for method, path in CALLS if method not in {"GET", "HEAD"})]


def browser(user: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def test_only_the_hash_is_kept(ann: User) -> None:
    secret = token_create(user=ann, label="ci")
    row = ApiToken.objects.get()
    assert secret.startswith("trm_")
    assert len(secret) > 40
    assert row.prefix == secret[:12]
    assert secret not in str(list(ApiToken.objects.values()))
    assert len(row.digest) == 64


def test_a_valid_token(api: Script) -> None:
    assert api.call("GET", "/containers") == (200, [])
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    api.call("GET", "/containers")
    assert ApiToken.objects.get().last_used_at == first  # written once a minute, not with each call


@pytest.mark.parametrize(
    "header", ["Bearer trm_nonsense", "Bearer ", "Bearer", "Basic YW5uOmFubg==", "trm_x", "", "Token x", "Bearer sess"]
)
def test_a_bad_token_does_not_fall_back_to_the_session(header: str, ann: User, worker: FakeWorker) -> None:
    client = Client()
    client.force_login(ann)
    assert client.get("/api/v1/containers").status_code == 200
    assert client.get("/api/v1/containers", headers={"Authorization": header}).status_code == 401
    post = client.post(
        "/api/v1/containers", {"image": "busybox"}, "application/json", headers={"Authorization": header}
    )
    assert post.status_code == 401


def test_a_token_beats_the_session(ann: User, bob: User, worker: FakeWorker) -> None:
    client = Client(headers={"Authorization": f"Bearer {token_create(user=bob)}"})
    client.force_login(ann)
    made = client.post("/api/v1/containers", {"image": "busybox"}, "application/json")
    assert made.status_code == 201
    assert worker.containers[made.json()["id"]].world.info.owner == str(bob.pk)


@pytest.mark.parametrize("end", ["revoked", "expired", "disabled"])
def test_a_token_ends(end: str, ann: User, worker: FakeWorker) -> None:
    api = Script(token_create(user=ann, lifetime=timedelta(hours=1)))
    assert api.call("GET", "/containers")[0] == 200
    token = ApiToken.objects.get()
    if end == "revoked":
        token_revoke(token=token)
    elif end == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        User.objects.update(is_active=False)
    assert api.call("GET", "/containers")[0] == 401


def test_a_token_in_the_address_is_none(ann: User, worker: FakeWorker) -> None:
    secret = token_create(user=ann)
    assert Client().get(f"/api/v1/containers?token={secret}&access_token={secret}").status_code == 401


@pytest.mark.parametrize(("method", "template"), MUTATING)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_a_session_changes_nothing_without_a_csrf_token(
    method: str, template: str, kind: str, ann: User, api: Script, worker: FakeWorker
) -> None:
    found = api.launch()
    path = template.replace("{container_id}", found["id"]).replace("{terminal_id}", found["terminals"][0]["id"])
    client = browser(ann)
    asked = len(worker.calls)
    response = client.generic(method, f"/api/v1{path}", b'{"image":"busybox"}', kind)
    assert response.status_code == 403
    assert response.json()["code"] == "access-denied"
    assert len(worker.calls) == asked


def test_a_session_with_the_pages_csrf_token(ann: User, worker: FakeWorker) -> None:
    client = browser(ann)
    csrf = client.get("/playground").context["boot"]["csrf"]
    headers = {"X-CSRFToken": csrf}
    made = client.post("/api/v1/containers", {"image": "busybox"}, "application/json", headers=headers)
    assert made.status_code == 201
    assert client.delete(f"/api/v1/containers/{made.json()['id']}", headers=headers).status_code == 204
    wrong = {"X-CSRFToken": "x" * 64}
    assert client.post("/api/v1/containers", {"image": "busybox"}, "application/json", headers=wrong).status_code == 403


def test_a_script_needs_no_csrf_token(ann: User, worker: FakeWorker) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token_create(user=ann)}"})
    assert client.post("/api/v1/containers", {"image": "busybox"}, "application/json").status_code == 201
