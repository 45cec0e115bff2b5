"""What every answer carries, whatever the route."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.support.fake_worker import FakeWorker

ROUTES = [
    "/",
    "/playground",
    "/playground/c/none",
    "/playground/recordings",
    "/playground/r/none",
    "/login/none",
    "/accounts/login/",
    "/accounts/logout/",
    "/i18n/setlang/",
    "/admin/",
    "/admin/login/",
    "/admin/playground/container/",
    "/admin/playground/image/",
    "/api/v1/containers",
    "/api/v1/nothing",
    "/api/v1/openapi.json",
    "/api/v1/docs",
    "/static/playground/base.css",
    "/static/admin/css/base.css",
    "/static/nothing.css",
    "/nowhere",
]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("who", ["nobody", "staff"])
def test_headers(path: str, who: str, staff: User, worker: FakeWorker) -> None:
    client = Client()
    if who == "staff":
        client.force_login(staff)
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    # The player is WebAssembly: the word that allows it stands on the pages that play, and nowhere else.
    plays = path.startswith(("/playground/c/", "/playground/r/"))
    assert policy["script-src"] == ("'self' 'wasm-unsafe-eval'" if plays else "'self'")
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self' ws://testserver"
    assert "'unsafe" not in policy["script-src"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [path for path in ROUTES if not path.startswith("/static")])
def test_no_page_has_an_inline_script_or_one_from_elsewhere(path: str, staff: User, worker: FakeWorker) -> None:
    client = Client()
    client.force_login(staff)
    page = client.get(path).content.decode()
    for tag in re.findall(r"<script\b[^>]*>", page):
        assert 'type="application/json"' in tag or re.search(r'src="/(static|admin/jsi18n)/', tag), tag
    assert not re.search(r"\son\w+=", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL))
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!testserver)', page)


def test_cookies(ann: User) -> None:
    client = Client()
    response = client.post("/accounts/login/", {"username": "ann", "password": "ann's secret"})
    cookies: dict[str, Any] = dict(response.cookies)
    assert any(name.endswith("-session") for name in cookies)
    for cookie in cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


@pytest.mark.django_db  # a response that ends looks after the connection to the database
def test_static_files_come_whole_under_asgi_too(client: Client) -> None:
    response = client.get("/static/playground/base.css")
    assert response.status_code == 200
    assert not response.streaming
    assert response.headers["Content-Type"].startswith("text/css")
    part = client.get("/static/playground/base.css", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    again = client.get("/static/playground/base.css", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.django_db
def test_personal_pages_are_not_kept_by_caches(ann: User, worker: FakeWorker) -> None:
    client = Client()
    client.force_login(ann)
    for path in ("/playground", "/api/v1/containers"):
        assert "no-store" in client.get(path).headers["Cache-Control"]
