"""Containers as they are: rows say which, the worker says how."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground import worker
from playground.models import Container
from playground.selectors.containers import container_for, containers_of
from playground.services.asking import found, lost, owner_of
from runtime.protocol import messages, model


def container_show(*, user: User, id: str) -> model.Container:
    """One. Raises `Fault`: not-found, or the worker's."""
    row = container_for(user=user, id=id)
    return found(row) or lost(row)


def container_list(*, user: User) -> list[model.Container]:
    """All of a person's, newest first, with one question to the worker."""
    rows = list(containers_of(user=user))
    if not rows:
        return []
    known = _known(owner_of(rows[0]))
    return [known.get(row.pk) or lost(row) for row in rows]


def container_states(rows: list[Container]) -> dict[str, model.Container]:
    """For the admin: what the worker knows of these rows, of whomever they are."""
    known = _known(None)
    return {row.pk: known.get(row.pk) or lost(row) for row in rows}


def _known(owner: str | None) -> dict[str, model.Container]:
    reply = worker.call(messages.List(owner=owner), messages.Many)
    return {container.id: container for container in reply.containers}
