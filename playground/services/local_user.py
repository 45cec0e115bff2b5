"""The person a local installation belongs to."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from playground.selectors.access import local_owner
from runtime.errors import Code, Fault


def local_user_ensure(*, name: str) -> User:
    """The first administrator, made under this name when there is none; without a password, so links only."""
    owner = local_owner()
    if owner is not None:
        return owner
    name = re.sub(r"[^\w.@+-]", "", name) or "local"
    user, _made = User.objects.get_or_create(username=name, defaults={"is_staff": True, "is_superuser": True})
    if _made:
        user.set_unusable_password()
    user.is_staff = user.is_superuser = user.is_active = True
    user.save()
    return user


def user_named(*, name: str | None) -> User:
    """Whom a command is for: the name given, else the local owner. Raises `Fault(not-found)`."""
    user = User.objects.filter(username=name, is_active=True).first() if name else local_owner()
    if user is None:
        text = _("no user %(name)s") % {"name": name} if name else _("no user yet")
        raise Fault(Code.NOT_FOUND, text, hint=_("./dev up makes the first one; the admin makes others."))
    return user
