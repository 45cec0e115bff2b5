"""What a person may have, and how much of it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from playground.models import Container, Quota


@dataclass(frozen=True)
class Allowance:
    """`containers` in number; the others bound each container. Bytes; `cpus`: 1.0 is one core."""

    containers: int
    memory_bytes: int
    cpus: float
    pids: int
    disk_bytes: int


def allowance_of(*, user: User) -> Allowance:
    """The installation's default, with what the admin set for this person."""
    default: dict[str, Any] = dict(settings.TERRARIUM_QUOTA)
    own = Quota.objects.filter(owner=user).first()
    if own is not None:
        default |= {key: value for key in default if (value := getattr(own, key)) is not None}
    return Allowance(**default)


def containers_used(*, user: User) -> int:
    """Launches under way count, or a hundred at once would all pass."""
    return Container.objects.filter(owner=user).count()
