"""What a shared terminal ends by, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from playground.models import Container, Share, ShareGuest
from playground.models.container import Intent
from playground.services.tokens import token_create
from runtime.errors import Code, Fault
from runtime.protocol import messages
from tests.support.fake_worker import FakeWorker
from tests.web.conftest import Script
from tests.web.links import NEVER, browser, ended, shared
from tests.web.test_pages import state


def _expired(api: Script, made: dict[str, Any], share: dict[str, Any]) -> None:
    Share.objects.update(expires_at=timezone.now())


def _deleting(api: Script, made: dict[str, Any], share: dict[str, Any]) -> None:
    Container.objects.update(intent=Intent.DELETING)


def _given_away(api: Script, made: dict[str, Any], share: dict[str, Any]) -> None:
    Container.objects.update(owner=User.objects.create_user("dave"))


def _owner_disabled(api: Script, made: dict[str, Any], share: dict[str, Any]) -> None:
    User.objects.filter(username="ann").update(is_active=False)


def _deleted(api: Script, made: dict[str, Any], share: dict[str, Any]) -> None:
    assert api.call("DELETE", f"/containers/{made['id']}")[0] == 204


End = Callable[[Script, dict[str, Any], dict[str, Any]], None]


ENDS: list[tuple[End, str]] = [
    (ended, "its owner has stopped sharing it"),
    (_expired, "the time for which it was shared is over"),
    (_deleting, "its container is being deleted"),
    (_given_away, "its owner has stopped sharing it"),
    (_owner_disabled, "its owner has stopped sharing it"),
    (_deleted, "no shared terminal"),
]


@pytest.mark.parametrize(("end", "reason"), ENDS)
def test_when_it_is_over_a_guest_is_told_and_nobody_else(
    end: End, reason: str, api: Script, bob: User, carol: User, stranger: Script
) -> None:
    made, share = shared(api)
    browser(bob).get(share["url"])
    end(api, made, share)
    for method, path in (("GET", f"/shares/{share['id']}"), ("POST", f"/shares/{share['id']}/attach")):
        status, told = stranger.call(method, path)
        assert (status, told["code"]) == (404, "not-found")
        assert told["message"].startswith(reason)
        assert "new" in told["hint"]
    page = browser(bob).get(f"/playground/shared/{share['id']}")
    assert page.status_code == 404
    assert reason in page.content.decode()
    other = Script(token_create(user=carol))
    theirs = other.call("GET", f"/shares/{share['id']}")
    never = other.call("GET", f"/shares/{NEVER}")
    assert str(theirs).replace(share["id"], "ID") == str(never).replace(NEVER, "ID")
    assert browser(carol).get(share["url"]).status_code == 404
    assert not ShareGuest.objects.filter(user=carol).exists()


def test_a_guest_is_told_in_chinese(api: Script, bob: User) -> None:
    made, share = shared(api)
    browser(bob).get(share["url"])
    ended(api, made, share)
    client = Client(headers={"Accept-Language": "zh-hans"})
    client.force_login(bob)
    assert "已经停止共享" in client.get(f"/playground/shared/{share['id']}").content.decode()


def test_ending_it_shows_the_guests_out(api: Script, bob: User, carol: User, worker: FakeWorker) -> None:
    made, share = shared(api)
    path = f"/containers/{made['id']}/shares"
    _status, second = api.call("POST", path, {"terminal": share["terminal"]})
    for user in (bob, carol):
        browser(user).get(share["url"])
    browser(carol).get(second["url"])
    ended(api, made, share)
    told = [call for call in worker.calls if isinstance(call, messages.Dismiss)]
    assert [(call.id, call.terminal, call.users) for call in told] == [
        (made["id"], share["terminal"], [str(bob.pk)])  # Carol may look on by the other
    ]
    assert [each["id"] for each in api.call("GET", path)[1]] == [second["id"]]
    ended(api, made, share)  # again: nothing to do
    first = Share.objects.get(pk=share["id"]).ended_at
    ended(api, made, share)
    assert Share.objects.get(pk=share["id"]).ended_at == first
    ended(api, made, second)
    assert [call.users for call in worker.calls if isinstance(call, messages.Dismiss)][-1] == [str(carol.pk)]


def test_without_guests_nobody_is_shown_out(api: Script, worker: FakeWorker) -> None:
    made, share = shared(api)
    ended(api, made, share)
    assert not [call for call in worker.calls if isinstance(call, messages.Dismiss)], "no names would mean everyone"


def test_it_ends_though_the_worker_is_away(
    api: Script, bob: User, worker: FakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    made, share = shared(api)
    browser(bob).get(share["url"])
    worker.refuse("dismiss", Fault(Code.TIMEOUT, "busy"))
    ended(api, made, share)
    assert Share.objects.get().ended_at is not None
    assert "could not be dismissed" in caplog.text


def test_a_closed_terminal_is_shared_no_more(api: Script, bob: User, stranger: Script) -> None:
    made = api.launch()
    root = f"/containers/{made['id']}"
    _status, opened = api.call("POST", f"{root}/terminals", {})
    _status, share = api.call("POST", f"{root}/shares", {"terminal": opened["id"]})
    _status, console = api.call("POST", f"{root}/shares", {"terminal": made["terminals"][0]["id"]})
    browser(bob).get(share["url"])
    assert api.call("DELETE", f"{root}/terminals/{opened['id']}")[0] == 204
    assert [each["id"] for each in api.call("GET", f"{root}/shares")[1]] == [console["id"]]
    assert stranger.call("GET", f"/shares/{share['id']}")[0] == 404


def test_a_terminal_that_went_behind_our_back(api: Script, bob: User, stranger: Script, worker: FakeWorker) -> None:
    made = api.launch()
    root = f"/containers/{made['id']}"
    _status, opened = api.call("POST", f"{root}/terminals", {})
    _status, share = api.call("POST", f"{root}/shares", {"terminal": opened["id"]})
    browser(bob).get(share["url"])
    request = messages.CloseTerminal(id=made["id"], owner=None, terminal=opened["id"])
    from playground import worker as door

    door.call(request, messages.Done)
    for method, path in (("GET", f"/shares/{share['id']}"), ("POST", f"/shares/{share['id']}/attach")):
        status, told = stranger.call(method, path)
        assert (status, told["code"], told["message"]) == (410, "vanished", "the shared terminal was closed")
    page = browser(bob).get(f"/playground/shared/{share['id']}")
    assert page.status_code == 410
    assert "the shared terminal was closed" in page.content.decode()


def test_a_stopped_container_and_a_lost_one(api: Script, bob: User, stranger: Script, worker: FakeWorker) -> None:
    made, share = shared(api)
    browser(bob).get(share["url"])
    api.call("POST", f"/containers/{made['id']}/stop")
    assert stranger.call("POST", f"/shares/{share['id']}/attach")[0] == 200, "its last output can be read, as by owners"
    worker.forget(made["id"])
    for method, path in (("GET", f"/shares/{share['id']}"), ("POST", f"/shares/{share['id']}/attach")):
        status, told = stranger.call(method, path)
        assert (status, told["code"], told["hint"]) == (409, "wrong-state", "Ask its owner to look at it.")
    boot = state(browser(bob).get(f"/playground/shared/{share['id']}"))
    assert (boot["shared"], boot["error"]["code"]) == (None, "wrong-state")


def test_old_ones_go_when_a_new_one_is_made(api: Script, bob: User) -> None:
    """Those of a month ago, and those that nobody followed; who came is to be seen for as long."""
    made, old = shared(api)
    path, body = f"/containers/{made['id']}/shares", {"terminal": old["terminal"]}
    recent, unseen, open_ = (api.call("POST", path, body)[1] for _ in range(3))
    for share in (old, recent):
        browser(bob).get(share["url"])
    for share in (old, recent, unseen):
        ended(api, made, share)
    Share.objects.filter(pk=old["id"]).update(expires_at=timezone.now() - timedelta(days=31))
    _status, new = api.call("POST", path, body)
    assert set(Share.objects.values_list("pk", flat=True)) == {recent["id"], open_["id"], new["id"]}


def test_deleting_the_container_takes_all_of_it(api: Script, bob: User) -> None:
    made, share = shared(api)
    browser(bob).get(share["url"])
    api.call("DELETE", f"/containers/{made['id']}")
    assert not Share.objects.exists()
    assert not ShareGuest.objects.exists()
