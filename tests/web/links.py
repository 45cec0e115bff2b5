"""Links to a terminal of Ann's, and those who follow them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from tests.web.conftest import Script

NEVER = "0" * 32


def browser(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def shared(api: Script, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A container of Ann's, and a link to its console."""
    made = api.launch()
    status, share = api.call(
        "POST", f"/containers/{made['id']}/shares", {"terminal": made["terminals"][0]["id"], **more}
    )
    assert status == 201, share
    return made, share


def ended(api: Script, made: dict[str, Any], share: dict[str, Any]) -> None:
    assert api.call("DELETE", f"/containers/{made['id']}/shares/{share['id']}") == (204, None)
