"""The person a local installation belongs to."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
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
    """Whom a command is for: the local owner, or the person of that name, made when there is none.

    Whoever may run commands on this machine may make people; one made so has no password and no rights beside their
    own containers. Raises `Fault(invalid-spec)` for what is no name, `Fault(not-found)` before there is an owner,
    `Fault(access-denied)` for someone who was shut out.
    """
    if name is None:
        owner = local_owner()
        if owner is None:
            raise Fault(Code.NOT_FOUND, _("no user yet"), hint=_("./dev up makes the first one."))
        return owner
    try:
        User._meta.get_field("username").clean(name, None)
    except ValidationError:
        raise Fault(
            Code.INVALID_SPEC,
            _("%(name)s is not a user name") % {"name": repr(name)},
            field="user",
            hint=_("Use letters, digits and @ . + - _ only."),
        ) from None
    user, made = User.objects.get_or_create(username=name)
    if made:
        user.set_unusable_password()
        user.save()
    if not user.is_active:
        raise Fault(
            Code.ACCESS_DENIED,
            _("user %(name)s is not active") % {"name": name},
            hint=_("Make them active again in the admin."),
        )
    return user
