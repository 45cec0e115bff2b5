"""Who calls: a bearer token, or the browser's session with CSRF. Never one instead of the other."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from playground.services.tokens import token_use
from playground.services.visits import Visit
from runtime.errors import Code, Fault

SAFE = {"GET", "HEAD", "OPTIONS"}


class Bearer(HttpBearer):
    """`Authorization: Bearer trm_…`. A request that brings this header is judged by it alone: a script's bad token must
    not turn into whoever is logged in in the same cookie jar.
    """

    def __call__(self, request: HttpRequest) -> User | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        kind, _space, secret = header.partition(" ")
        user = self.authenticate(request, secret.strip()) if kind.lower() == "bearer" else None
        if user is None:
            raise AuthenticationError
        return user

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        found = token_use(secret=token)
        if found is None:
            return None
        request.token_id = found.pk  # type: ignore[attr-defined]
        return found.owner


class Session(APIKeyCookie):
    """The session's cookie, and the CSRF token for everything that changes something."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> User | None:
        if "Authorization" in request.headers or not isinstance(request.user, User):
            return None
        if request.method not in SAFE and check_csrf(request) is not None:
            hint = _("Send the page's token in the header X-CSRFToken. Scripts use a bearer token instead.")
            raise Fault(Code.ACCESS_DENIED, _("the CSRF token is missing or wrong"), hint=hint)
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:  # pragma: no cover
        raise NotImplementedError


def person(request: HttpRequest) -> User:
    """Whom one of them found, for a view."""
    user = request.auth  # type: ignore[attr-defined]
    assert isinstance(user, User)  # noqa: S101  (ninja sets it before any view runs)
    return user


def visit(request: HttpRequest, container: str) -> Visit:
    """The same, for what outlives the request: it is to be asked again whether it still may."""
    token: int | None = getattr(request, "token_id", None)
    key = None if token is not None else request.session.session_key
    return Visit(user=person(request), container=container, session_key=key, token_id=token)
