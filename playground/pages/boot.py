"""The state rendered into the page, so that it need not ask for it again (`<script id="boot">`)."""

from __future__ import annotations

from typing import Literal

import msgspec
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import get_language

from playground import errors
from playground.selectors.access import sees_host
from playground.services import present
from playground.services.container_look import container_snapshot
from playground.services.container_show import container_list
from playground.services.image_list import image_list
from playground.services.transfers import largest_upload
from runtime.errors import Code, Fault
from runtime.protocol import model

Page = Literal["home", "workbench", "recordings", "recording", "shared"]


def boot(request: HttpRequest, user: User, page: Page, container_id: str | None = None) -> present.Json:
    """Never fails for the worker's sake: what could not be had is null or empty, and `error` says why.

    `snapshot` has the live stream's form (maps), since the page merges its patches into it.
    """
    answer: present.Json = {
        "page": page,
        "user": {"name": user.get_username(), "is_staff": user.is_staff, "sees_host": sees_host(user=user)},
        "lang": "zh-hans" if (get_language() or "").startswith("zh") else "en",
        "csrf": get_token(request),
        "images": [],
        "containers": [],
        "container": None,
        "snapshot": None,
        "shared": None,
        "quota": present.quota(user),
        "upload_bytes": largest_upload(),
        "urls": {name: reverse(route) for name, route in ROUTES.items()} | {"api": "/api/v1"},
        "error": None,
    }
    try:
        answer["images"] = [present.image(each) for each in image_list()]
        containers = {each.id: each for each in container_list(user=user)}
        answer["containers"] = [present.container(each) for each in containers.values()]
        found = containers.get(container_id or "")
        if found is not None:
            answer["container"] = present.container(found)
            answer["snapshot"] = _snapshot(user, found)
    except Fault as fault:
        answer["error"] = errors.body(fault)
    return answer


ROUTES = {
    "home": "home",
    "recordings": "recordings",
    "login": "login",
    "logout": "logout",
    "admin": "admin:index",
    "setlang": "set_language",
    "docs": "api-v1:openapi-view",
}


def _snapshot(user: User, container: model.Container) -> present.Json | None:
    """Of a stopped container there may be none, and one may stop while we ask."""
    if container.state is model.State.STOPPED and not container.terminals:
        return None
    try:
        return msgspec.to_builtins(container_snapshot(user=user, id=container.id))  # type: ignore[no-any-return]
    except Fault as fault:
        if fault.code in {Code.WRONG_STATE, Code.VANISHED, Code.NOT_FOUND}:
            return None
        raise
