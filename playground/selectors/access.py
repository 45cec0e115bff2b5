"""Who is asking: by session, by bearer token."""

from __future__ import annotations

import hashlib
from importlib import import_module

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import Permission, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from playground.models import ApiToken


def digest(secret: str) -> str:
    """What is kept of a secret; secrets are 256 random bits, so a fast hash does."""
    return hashlib.sha256(secret.encode()).hexdigest()


def tokens_valid() -> QuerySet[ApiToken]:
    """Neither revoked nor expired, of people who may log in."""
    unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return ApiToken.objects.filter(unexpired, revoked_at=None, owner__is_active=True).select_related("owner")


def session_user(*, key: str) -> User | None:
    """Whose session this is now: none after log-out, expiry, a change of password, or when the person was disabled."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = auth.get_user(request)
    return user if isinstance(user, User) else None


def local_owner() -> User | None:
    """The person a local installation belongs to: its first administrator."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()


def people_ids() -> set[str]:
    """Of all people, as the worker calls owners."""
    return {str(pk) for pk in User.objects.values_list("pk", flat=True)}


def sees_host(*, user: User) -> bool:
    """Whether this person may see every process of the host; whom not, sees the first, their own and the totals."""
    return user.has_perm("playground.view_host")


def sees_host_annotated(people: QuerySet[User]) -> QuerySet[User]:
    """The same of many, in one question, as `may_see_host`."""
    permission = Permission.objects.filter(content_type__app_label="playground", codename="view_host")
    theirs = Exists(permission.filter(user=OuterRef("pk"))) | Exists(permission.filter(group__user=OuterRef("pk")))
    return people.annotate(may_see_host=Q(is_active=True) & (Q(is_superuser=True) | theirs))
