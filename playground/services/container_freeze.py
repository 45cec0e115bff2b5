"""Hold a container's processes still, and let them go on."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from runtime.protocol import messages, model


def container_freeze(*, user: User, id: str, frozen: bool) -> model.Container:
    """By its cgroup's freezer. Freezing a frozen one is no error. Raises `Fault`: wrong-state when it does not run."""
    row = container_for(user=user, id=id)
    request = messages.Freeze(id=row.pk, owner=owner_of(row), frozen=frozen)
    return ask(row, request, messages.One).container
