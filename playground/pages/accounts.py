"""Logging in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib.auth import forms as auth_forms
from django.contrib.auth import login, views
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from playground.services.login_links import login_link_use

TRIES = 10  # wrong passwords for one name from one address
TRIES_SECONDS = 15 * 60
BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(request: HttpRequest) -> User:
    """The person, behind `login_required`."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (login_required)
    return user


class LoginForm(auth_forms.AuthenticationForm):
    """Django's, which after many wrong passwords stops looking at the next. Counted in each web process."""

    def clean(self) -> dict[str, Any]:
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        key = f"login-tries:{address}:{self.data.get('username', '')}"[:240].encode("unicode_escape").hex()[:240]
        if cache.get(key, 0) >= TRIES:
            raise forms.ValidationError(_("Too many wrong passwords. Wait a quarter of an hour."), code="throttled")
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            cache.add(key, 0, TRIES_SECONDS)
            cache.incr(key)
            raise
        cache.delete(key)
        return cleaned


class Login(views.LoginView):
    template_name = "playground/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


class Logout(views.LogoutView):
    """POST only, as Django has it: a link from elsewhere cannot log anybody out."""


@require_safe
@never_cache
def login_once(request: HttpRequest, secret: str) -> HttpResponse:
    """A link that works once. HEAD (link checkers, chat previews) does not use it up, nor does a name of this site that
    is none of its public ones (`./dev` prints the machine's own): its cookie would be worth nothing there.
    """
    if request.method == "HEAD":
        return HttpResponse()
    origins: list[str] = settings.TERRARIUM_ORIGINS
    if origins and request.get_host() not in {urlsplit(origin).netloc for origin in origins}:
        return redirect(origins[0] + request.path)
    user = login_link_use(secret=secret)
    if user is None:
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        return render(request, "playground/link_used.html", status=410)
    login(request, user, backend=BACKEND)
    return redirect(settings.LOGIN_REDIRECT_URL)
