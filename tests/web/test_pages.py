"""Home and workbench: the first state is in the page, and a missing worker or build is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.test import Client

from runtime.protocol import model
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script

MANIFEST = {
    "_shared-Cd34Ef56.js": {"file": "assets/shared-Cd34Ef56.js", "css": ["assets/shared-Gh78Ij90.css"]},
    "src/pages/main.tsx": {
        "file": "assets/main-Ab12Cd34.js",
        "isEntry": True,
        "imports": ["_shared-Cd34Ef56.js"],
        "css": ["assets/main-Kl12Mn34.css"],
    },
}


@pytest.fixture
def browser(ann: User, worker: FakeWorker) -> Client:
    client = Client()
    client.force_login(ann)
    return client


@pytest.fixture(autouse=True)
def built(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST))
    settings.VITE_MANIFEST = path
    return path


def state(page: Any) -> dict[str, Any]:
    text = re.search(r'<script id="boot" type="application/json">(.*?)</script>', page.content.decode(), re.DOTALL)
    assert text
    found: dict[str, Any] = json.loads(text[1])
    return found


def test_the_root_leads_home(browser: Client) -> None:
    assert browser.get("/").headers["Location"] == "/playground"


def test_home(browser: Client, api: Script) -> None:
    made = api.launch(name="</script><b>bold")
    page = browser.get("/playground")
    assert page.status_code == 200
    assert b"<b>bold" not in page.content
    boot = state(page)
    assert boot["page"] == "home"
    assert boot["user"] == {"name": "ann", "is_staff": False, "sees_host": False}
    assert boot["lang"] == "en"
    assert boot["containers"] == [api.call("GET", f"/containers/{made['id']}")[1]]
    assert [image["name"] for image in boot["images"]] == ["busybox", "debian"]
    assert boot["quota"]["containers"] == 50
    assert boot["quota"]["containers_used"] == 1
    assert boot["quota"]["defaults"]["pids"] == 128
    assert boot["upload_bytes"] == 64 * 1024**2
    assert boot["container"] is boot["snapshot"] is boot["error"] is None
    assert {"home", "logout", "admin", "setlang", "docs", "api"} <= set(boot["urls"])
    for name in ("home", "docs", "login"):
        assert Client().get(boot["urls"][name]).status_code in (200, 302)


def test_workbench(browser: Client, api: Script) -> None:
    made = api.launch()
    boot = state(browser.get(f"/playground/c/{made['id']}"))
    assert boot["page"] == "workbench"
    assert boot["container"] == made
    snapshot = msgspec.convert(boot["snapshot"], model.Snapshot)  # the live stream's form: maps, not lists
    assert snapshot.container.processes[str(made["pid"])].pid == 1


def test_recordings(browser: Client, api: Script) -> None:
    made = api.launch()
    for path, name in (("/playground/recordings", "recordings"), ("/playground/r/AAAAAAAAAAAAAAAA", "recording")):
        boot = state(browser.get(path))
        assert boot["page"] == name
        assert [each["id"] for each in boot["containers"]] == [made["id"]]
        assert boot["urls"]["recordings"] == "/playground/recordings"


def test_workbench_of_a_lost_container(browser: Client, api: Script, worker: FakeWorker) -> None:
    made = api.launch()
    worker.forget(made["id"])
    boot = state(browser.get(f"/playground/c/{made['id']}"))
    assert boot["container"]["exit"]["reason"] == "lost"
    assert boot["snapshot"] is boot["error"] is None


def test_without_a_worker_the_page_still_comes(browser: Client, api: Script, worker: FakeWorker) -> None:
    made = api.launch()
    worker.stop()
    for path in ("/playground", f"/playground/c/{made['id']}", "/playground/recordings", "/playground/r/x"):
        page = browser.get(path)
        assert page.status_code == 200
        assert state(page)["error"]["code"] == "worker-unavailable"


def test_the_built_script_and_styles(browser: Client) -> None:
    page = browser.get("/playground").content.decode()
    assert '<script type="module" src="/static/dist/assets/main-Ab12Cd34.js"></script>' in page
    assert '<link rel="modulepreload" href="/static/dist/assets/shared-Cd34Ef56.js">' in page
    for style in ("main-Kl12Mn34", "shared-Gh78Ij90"):
        assert f'<link rel="stylesheet" href="/static/dist/assets/{style}.css">' in page
    assert "not been built" not in page


def test_a_page_that_has_not_been_built_says_so(browser: Client, built: Path) -> None:
    built.unlink()
    page = browser.get("/playground").content.decode()
    assert "The page has not been built" in page
    assert "./dev up" in page


def test_nobody_is_sent_to_log_in() -> None:
    for path in ("/playground", "/playground/c/0000000000000000", "/playground/recordings", "/playground/r/x"):
        assert Client().get(path).headers["Location"] == f"/accounts/login/?next={path}"


def test_the_language_of_the_browser_and_the_chosen_one(browser: Client) -> None:
    page = browser.get("/playground", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert state(page)["lang"] == "zh-hans"
    assert '<html lang="zh-Hans"' in page.content.decode()
    browser.post("/i18n/setlang/", {"language": "zh-hans", "next": "/playground"})
    assert state(browser.get("/playground"))["lang"] == "zh-hans"
    browser.post("/i18n/setlang/", {"language": "en", "next": "/playground"})
    assert state(browser.get("/playground", headers={"Accept-Language": "zh-CN"}))["lang"] == "en"


@pytest.mark.parametrize("path", ["/accounts/login/", "/nowhere", "/login/used"])
@pytest.mark.django_db
def test_plain_pages_can_be_used_by_all(path: str) -> None:
    page = Client().get(path).content.decode()
    assert re.search(r'<html lang="en"', page)
    assert '<a class="skip" href="#main">' in page
    assert '<main id="main"' in page
    assert page.count("<h1>") == 1
    for name in re.findall(r'<(?:input|select)[^>]* id="([^"]+)"', page):
        assert f'for="{name}"' in page, f"{name} has no label"
