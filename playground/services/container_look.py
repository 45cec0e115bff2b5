"""Look at a container from both sides: the snapshot, and where one of its figures comes from."""

from __future__ import annotations

from typing import Literal

from django.contrib.auth.models import User

from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from runtime.protocol import messages, model


def container_snapshot(*, user: User, id: str) -> model.Snapshot:
    """Taken now. Raises `Fault`."""
    row = container_for(user=user, id=id)
    return ask(row, messages.TakeSnapshot(id=row.pk, owner=owner_of(row)), messages.Watched).snapshot


def container_source(
    *,
    user: User,
    id: str,
    side: Literal["container", "host"],
    panel: Literal["processes", "namespaces", "cgroup", "overlay"],
    key: str,
) -> model.SourceText:
    """The file behind a figure, as it reads now. Raises `Fault`."""
    row = container_for(user=user, id=id)
    request = messages.Source(id=row.pk, owner=owner_of(row), side=side, panel=panel, key=key)
    return ask(row, request, messages.Sourced).source
