"""Bearer tokens for scripts: `trm_` and 256 random bits, shown once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from playground.models import ApiToken
from playground.selectors.access import digest, tokens_valid

PREFIX = "trm_"
USE_IS_NEWS_AFTER = timedelta(minutes=1)  # a busy script must not write a row with each call


def token_create(*, user: User, label: str = "", lifetime: timedelta | None = None) -> str:
    """The token itself; it cannot be had again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    expires = timezone.now() + lifetime if lifetime else None
    ApiToken.objects.create(owner=user, label=label, prefix=secret[:12], digest=digest(secret), expires_at=expires)
    return secret


def token_revoke(*, token: ApiToken) -> None:
    """From now on it opens nothing. Revoking twice keeps the first time."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def token_use(*, secret: str) -> ApiToken | None:
    """The valid token with this secret, noted as used; None for any other string."""
    if not secret.startswith(PREFIX):
        return None
    token = tokens_valid().filter(digest=digest(secret)).first()
    now = timezone.now()
    if token is not None and (token.last_used_at is None or now - token.last_used_at > USE_IS_NEWS_AFTER):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
