"""Logging in, once by link or by password, and out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from playground.models import LoginLink
from playground.services.login_links import login_link_create, login_link_use
from tests.support.fake_worker import FakeWorker


def logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_link_logs_in_once(ann: User) -> None:
    path = f"/login/{login_link_create(user=ann)}"
    first, second = Client(), Client()
    response = first.get(path)
    assert response.headers["Location"] == "/playground"
    assert logged_in(first)
    again = second.get(path)
    assert again.status_code == 410
    assert not logged_in(second)
    assert b"./dev login" in again.content
    assert first.get(path).headers["Location"] == "/playground"  # one's own reload is no trouble


def test_a_links_secret_is_not_kept(ann: User) -> None:
    secret = login_link_create(user=ann)
    assert secret not in str(list(LoginLink.objects.values()))


def test_looking_at_a_link_does_not_use_it(ann: User) -> None:
    path = f"/login/{login_link_create(user=ann)}"
    client = Client()
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405
    assert not logged_in(client)
    client.get(path)
    assert logged_in(client)


def test_a_link_to_another_name_of_a_public_site_leads_to_its_own(ann: User, settings: Any) -> None:
    settings.TERRARIUM_ORIGINS = ["http://play.example.org:8000"]
    settings.ALLOWED_HOSTS = ["play.example.org", "127.0.0.1"]
    path = f"/login/{login_link_create(user=ann)}"
    client = Client()
    response = client.get(path, headers={"Host": "127.0.0.1:8000"})
    assert response.headers["Location"] == f"http://play.example.org:8000{path}"
    assert not logged_in(client)
    assert client.get(path, headers={"Host": "play.example.org:8000"}).headers["Location"] == "/playground"
    assert logged_in(client)


@pytest.mark.parametrize("end", ["expired", "disabled"])
def test_a_link_ends(end: str, ann: User) -> None:
    secret = login_link_create(user=ann)
    if end == "expired":
        LoginLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        User.objects.update(is_active=False)
    client = Client()
    assert client.get(f"/login/{secret}").status_code == 410
    assert not logged_in(client)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_in() -> None:
    secret = login_link_create(user=User.objects.create_user("ann"))

    def use(_: int) -> bool:
        try:
            return login_link_use(secret=secret) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(8))) == 1


def test_a_new_session_with_each_login(ann: User, bob: User) -> None:
    client = Client()
    client.get(f"/login/{login_link_create(user=ann)}")
    before = client.session.session_key
    client.get(f"/login/{login_link_create(user=bob)}")
    assert client.session["_auth_user_id"] == str(bob.pk)
    assert client.session.session_key != before


def test_a_password(ann: User, worker: FakeWorker) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.get("/playground", follow=True)
    assert page.redirect_chain == [("/accounts/login/?next=/playground", 302)]
    form = {"username": "ann", "password": "ann's secret", "next": "/playground"}
    assert client.post("/accounts/login/", form).status_code == 403
    form["csrfmiddlewaretoken"] = str(page.context["csrf_token"])
    assert client.post("/accounts/login/", form).headers["Location"] == "/playground"
    assert logged_in(client)


def test_next_stays_on_this_site(ann: User) -> None:
    form = {"username": "ann", "password": "ann's secret", "next": "https://evil.example/"}
    assert Client().post("/accounts/login/", form).headers["Location"] == "/playground"


def test_many_wrong_passwords_close_the_door_for_a_while(ann: User) -> None:
    client = Client()
    for _ in range(10):
        page = client.post("/accounts/login/", {"username": "ann", "password": "wrong"})
    assert b"Too many" not in page.content
    page = client.post("/accounts/login/", {"username": "ann", "password": "ann's secret"})
    assert b"Too many" in page.content
    assert not logged_in(client)
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    elsewhere.post("/accounts/login/", {"username": "ann", "password": "ann's secret"})
    assert logged_in(elsewhere)


def test_logging_out_is_a_post(ann: User) -> None:
    client = Client()
    client.force_login(ann)
    assert client.get("/accounts/logout/").status_code == 405
    client.post("/accounts/logout/")
    assert not logged_in(client)
