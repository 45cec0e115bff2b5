"""Sharing a terminal: the link, who may make it, who joins by it, and what it gives."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from playground.models import Share, ShareGuest
from runtime.protocol import messages
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script
from tests.web.links import NEVER, browser, ended, shared
from tests.web.test_pages import state


def test_a_link_and_who_joins(api: Script, bob: User, carol: User, stranger: Script) -> None:
    made, share = shared(api)
    assert share["guests"] == []
    assert share["terminal"] == made["terminals"][0]["id"]
    left = datetime.fromisoformat(share["expires_at"]) - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    for _ in range(2):  # joining again is no error, and no second guest
        answer = browser(bob).get(share["url"])
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/playground/shared/{share['id']}")
    browser(carol).get(share["url"])
    status, shares = api.call("GET", f"/containers/{made['id']}/shares")
    assert status == 200
    assert [each["id"] for each in shares] == [share["id"]]
    assert shares[0]["url"] == share["url"], "it can be shown again"
    assert [guest["name"] for guest in shares[0]["guests"]] == ["bob", "Carol Chen"]
    seen = stranger.call("GET", f"/shares/{share['id']}")
    assert seen == (
        200,
        {
            "id": share["id"],
            "owner": "ann",
            "container": {"id": made["id"], "name": made["name"], "image": "busybox"},
            "terminal": {"id": share["terminal"], "name": "", "argv": ["sh"], "console": True},
            "expires_at": share["expires_at"],
        },
    )


def test_a_guests_page_and_ticket(api: Script, bob: User, stranger: Script, worker: FakeWorker) -> None:
    _made, share = shared(api)
    client = browser(bob)
    page = client.get(share["url"], follow=True)
    boot = state(page)
    assert boot["page"] == "shared"
    assert boot["shared"] == stranger.call("GET", f"/shares/{share['id']}")[1]
    assert (boot["container"], boot["snapshot"], boot["containers"]) == (None, None, [])
    status, ticket = stranger.call("POST", f"/shares/{share['id']}/attach")
    assert (status, ticket["url"], ticket["subprotocol"]) == (200, f"/ws/shared/{share['id']}", "pty.v1")
    minted = [call for call in worker.calls if isinstance(call, messages.MintTicket)]
    assert [(call.role, call.guest, call.name, call.user) for call in minted] == [("ro", True, "bob", str(bob.pk))]
    assert state(browser(User.objects.get(username="ann")).get("/playground"))["shared"] is None


def test_the_owner_comes_to_the_workbench(api: Script, ann: User) -> None:
    made, share = shared(api)
    for path in (share["url"], f"/playground/shared/{share['id']}"):
        answer = browser(ann).get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/playground/c/{made['id']}")
    assert not ShareGuest.objects.exists()
    assert api.call("GET", f"/shares/{share['id']}")[0] == 404, "the guests' calls are for guests"


def test_nobody_logs_in_first_and_comes_back(api: Script, bob: User) -> None:
    _made, share = shared(api)
    client = browser(None)
    answer = client.get(share["url"])
    login = f"/accounts/login/?{urlencode({'next': share['url']}, safe='/:')}"
    assert (answer.status_code, answer.headers["Location"]) == (302, login)
    data = {"username": "bob", "password": "bob's secret", "next": share["url"]}
    answer = client.post("/accounts/login/", data)
    assert answer.headers["Location"] == share["url"]
    assert client.get(share["url"], follow=True).status_code == 200
    assert [guest.user for guest in ShareGuest.objects.all()] == [bob]


def test_a_link_checker_joins_nothing(api: Script, bob: User) -> None:
    _made, share = shared(api)
    assert browser(bob).head(share["url"]).status_code == 200
    assert browser(bob).post(share["url"]).status_code == 405
    assert not ShareGuest.objects.exists()


def test_the_id_alone_lets_nobody_in(api: Script, bob: User, stranger: Script, settings: Any) -> None:
    _made, share = shared(api)
    secret = share["url"].rsplit("/", 1)[1]
    id, sep, mark = secret.partition(".")
    assert id == share["id"]
    forged = [
        id,
        f"{id}{sep}",
        f"{id}{sep}{mark[:-1]}",
        f"{id}{sep}{mark.swapcase()}",
        f"{NEVER}{sep}{mark}",
        signing.Signer(sep=".").sign(id),  # of another part of this site
        signing.Signer(key="another", salt="playground.share", sep=".").sign(id),
        "x" * 500,
    ]
    pages = set()
    for each in forged:
        answer = browser(bob).get(f"/playground/s/{each}")
        assert answer.status_code == 404, each
        told = re.search(r'<p class="lead">(.*?)</p>\s*<p class="fact">(.*?)</p>', answer.content.decode(), re.S)
        assert told
        pages.add(told[1] + told[2].replace(each.partition(".")[0][:32], "ID"))
    assert len(pages) == 1
    assert stranger.call("GET", f"/shares/{id}")[0] == 404
    assert stranger.call("POST", f"/shares/{id}/attach")[0] == 404
    assert not ShareGuest.objects.exists()
    settings.SECRET_KEY = "a changed key"
    client = browser(bob)
    assert client.get(share["url"]).status_code == 404, "a changed key kills the links of before"


def test_a_guest_gets_nothing_else_of_the_container(api: Script, bob: User, stranger: Script) -> None:
    made, share = shared(api)
    client = browser(bob)
    client.get(share["url"])
    for path in ("", "/snapshot", "/terminals", "/shares", "/events", "/files?path=/"):
        assert stranger.call("GET", f"/containers/{made['id']}{path}")[0] == 404, path
    console = made["terminals"][0]["id"]
    assert stranger.call("POST", f"/containers/{made['id']}/terminals/{console}/attach", {})[0] == 404
    assert client.get(f"/playground/c/{made['id']}").status_code == 404
    assert stranger.call("GET", "/containers") == (200, [])


def test_the_page_comes_without_the_worker(api: Script, bob: User, worker: FakeWorker) -> None:
    _made, share = shared(api)
    worker.stop()
    page = browser(bob).get(share["url"], follow=True)
    boot = state(page)
    assert (page.status_code, boot["shared"], boot["error"]["code"]) == (200, None, "worker-unavailable")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "terminal"),
        ({"terminal": "no-such"}, 404, "terminal"),
        ({"terminal": "console", "hours": 0}, 422, "hours"),
        ({"terminal": "console", "hours": 169}, 422, "hours"),
        ({"terminal": "console", "hours": 1.5}, 422, "hours"),
        ({"terminal": "console", "more": 1}, 422, "more"),
    ],
)
def test_what_cannot_be_shared(body: dict[str, Any], status: int, field: str, api: Script) -> None:
    made = api.launch()
    if body.get("terminal") == "console":
        body = body | {"terminal": made["terminals"][0]["id"]}
    answer = api.call("POST", f"/containers/{made['id']}/shares", body)
    assert (answer[0], answer[1].get("field")) == (status, field)
    assert not Share.objects.exists()


def test_a_week_at_most_unless_the_site_says_otherwise(api: Script, settings: Any) -> None:
    made, share = shared(api, hours=168)
    left = datetime.fromisoformat(share["expires_at"]) - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    settings.TERRARIUM_SHARING = {**settings.TERRARIUM_SHARING, "hours_most": 2}
    path, terminal = f"/containers/{made['id']}/shares", made["terminals"][0]["id"]
    assert api.call("POST", path, {"terminal": terminal, "hours": 3})[0] == 422
    _status, short = api.call("POST", path, {"terminal": terminal})
    left = datetime.fromisoformat(short["expires_at"]) - timezone.now()
    assert left <= timedelta(hours=2)


def test_links_are_few_and_so_are_guests(api: Script, bob: User, carol: User, settings: Any) -> None:
    settings.TERRARIUM_SHARING = {**settings.TERRARIUM_SHARING, "shares": 2, "guests": 1}
    made, share = shared(api)
    path, body = f"/containers/{made['id']}/shares", {"terminal": share["terminal"]}
    assert api.call("POST", path, body)[0] == 201
    status, told = api.call("POST", path, body)
    assert (status, told["code"]) == (403, "limit-reached")
    ended(api, made, share)
    status, other = api.call("POST", path, body)
    assert status == 201, "one that was ended counts no more"
    browser(bob).get(other["url"])
    answer = browser(carol).get(other["url"])
    assert answer.status_code == 403
    assert "no more than 1 may join through this link" in answer.content.decode()
    assert browser(bob).get(other["url"]).status_code == 302, "who has a place keeps it"


def test_a_guest_is_one_once(api: Script, bob: User) -> None:
    _made, share = shared(api)
    ShareGuest.objects.create(share_id=share["id"], user=bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        ShareGuest.objects.create(share_id=share["id"], user=bob)


def test_another_containers_share(api: Script) -> None:
    _made, share = shared(api)
    other = api.launch()
    for id in (share["id"], NEVER, "x", "a%00b"):
        assert api.call("DELETE", f"/containers/{other['id']}/shares/{id}")[0] == 404
    assert Share.objects.get().ended_at is None


def test_a_script_joins_by_the_link_too(api: Script, bob: User, stranger: Script) -> None:
    made, share = shared(api)
    for url in (share["url"], f"https://play.example.org{share['url']}?from=mail"):
        status, seen = stranger.call("POST", "/shares", {"url": url})
        assert (status, seen["id"], seen["container"]["id"]) == (200, share["id"], made["id"])
    assert stranger.call("POST", f"/shares/{share['id']}/attach")[0] == 200
    assert [guest.user for guest in ShareGuest.objects.all()] == [bob]
    status, body = api.call("POST", "/shares", {"url": share["url"]})
    assert (status, body["code"], body["field"]) == (409, "wrong-state", "url")
    for url in (share["id"], f"/playground/s/{share['id']}", share["url"][:-1], "/"):
        assert stranger.call("POST", "/shares", {"url": url})[0] == 404, "it is no key without its signature"


def test_what_is_refused_about_a_link_says_what_to_do(api: Script) -> None:
    made, _share = shared(api)
    path = f"/containers/{made['id']}/shares"
    for hours in (169, 10**30):
        status, body = api.call("POST", path, {"terminal": made["terminals"][0]["id"], "hours": hours})
        assert (status, body["field"], body["message"]) == (422, "hours", "hours: it must be at most 168")
    body = api.call("DELETE", f"{path}/{NEVER}")[1]
    assert body["hint"] == "There is no such thing here, or it is not yours."
