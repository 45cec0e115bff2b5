"""Links that log a person in once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from playground.models import LoginLink
from playground.selectors.access import digest

LIFETIME = timedelta(minutes=15)
KEPT = timedelta(days=7)  # used and expired ones, for whoever looks into who came in


def login_link_create(*, user: User, lifetime: timedelta = LIFETIME) -> str:
    """The link's secret. Old rows go at this occasion."""
    now = timezone.now()
    LoginLink.objects.filter(expires_at__lt=now - KEPT).delete()
    secret = secrets.token_urlsafe(32)
    LoginLink.objects.create(owner=user, digest=digest(secret), expires_at=now + lifetime)
    return secret


def login_link_use(*, secret: str) -> User | None:
    """Whom it logs in, the first time; then, and after its time, None. Of two at once one wins."""
    now = timezone.now()
    valid = LoginLink.objects.filter(digest=digest(secret), used_at=None, expires_at__gt=now, owner__is_active=True)
    if not valid.update(used_at=now):
        return None
    return LoginLink.objects.select_related("owner").get(digest=digest(secret)).owner
