"""Ids of containers: 16 of `[a-z0-9]`, random, with a mark that tells whose they were.

A script that deletes twice (its connection broke after the first) must hear "done" the second time, and a stranger who
deletes the same id must hear "no such thing", as for an id that never was. The row is gone by then; the mark, a
keyed hash of the random part and the owner, tells the two apart without keeping anything.
"""

from __future__ import annotations

import hmac
import secrets

from django.conf import settings
from django.contrib.auth.models import User

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
RANDOM, MARK = 10, 6


def mint(*, owner: User) -> str:
    """A new id for this owner."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return body + _mark(body, owner)


def minted_for(*, owner: User, id: str) -> bool:
    """Whether `id` was once minted for this owner. Grants nothing."""
    return len(id) == RANDOM + MARK and id.isascii() and hmac.compare_digest(id[RANDOM:], _mark(id[:RANDOM], owner))


def _mark(body: str, owner: User) -> str:
    key = settings.SECRET_KEY.encode()
    number = int.from_bytes(hmac.digest(key, f"container-id:{owner.pk}:{body}".encode(), "sha256")[:8], "big")
    letters = []
    for _ in range(MARK):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)
