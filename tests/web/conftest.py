"""A fake worker, people, clients and a database in a file, for all tests of the web side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from playground.services.container_launch import Wish, container_launch
from playground.services.tokens import token_create
from runtime.protocol import model
from tests.support.fake_worker import FakeWorker
from tests.web.site import site, site_token  # noqa: F401  (fixtures)

LOCALE = Path(__file__).resolve().parents[2] / "playground" / "locale" / "zh_Hans" / "LC_MESSAGES"


def pytest_configure() -> None:
    """Chinese needs its compiled catalogue; on a fresh checkout nobody has compiled it yet."""
    source, compiled = LOCALE / "django.po", LOCALE / "django.mo"
    if source.exists() and (not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime):
        polib.pofile(str(source)).save_as_mofile(str(compiled))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file, as in real life: with SQLite in memory, threads would share one connection and hide every race."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture
def worker(tmp_path: Path, settings: Any) -> Iterator[FakeWorker]:
    """Running, empty, and the one that the site speaks to."""
    path = tmp_path / "worker.sock"
    settings.TERRARIUM_WORKER_SOCKET = str(path)
    with FakeWorker(path, tick=0.05) as fake:
        yield fake


@pytest.fixture(autouse=True)
def _fast(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", password="ann's secret")


@pytest.fixture
def container(worker: FakeWorker, ann: User) -> model.Container:
    """Ann's, running."""
    return container_launch(user=ann, wish=Wish(image="busybox")).container


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password="bob's secret")


@pytest.fixture
def carol(db: None) -> User:
    return User.objects.create_user("carol", first_name="Carol", last_name="Chen")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("root", password="root's secret")


class Script(Client):
    """A script with a token: JSON both ways. `call` gives (status, body)."""

    def __init__(self, token: str | None, **headers: str) -> None:
        auth = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(headers={**auth, **headers})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = b"" if body is None else json.dumps(body).encode()
        response = self.generic(method, f"/api/v1{path}", data, "application/json", headers=headers)
        return response.status_code, response.json() if response.content else None

    def launch(self, **wish: Any) -> dict[str, Any]:
        status, body = self.call("POST", "/containers", {"image": "busybox", **wish})
        assert status == 201, body
        found: dict[str, Any] = body
        return found


@pytest.fixture
def api(worker: FakeWorker, ann: User) -> Script:
    """Ann's script."""
    return Script(token_create(user=ann))


@pytest.fixture
def stranger(worker: FakeWorker, bob: User) -> Script:
    """Bob's script."""
    return Script(token_create(user=bob))
