"""Asking the worker about a container of which there is a row."""

from __future__ import annotations

from typing import TypeVar

from django.utils.translation import gettext as _

from playground import worker
from playground.models import Container
from runtime.errors import Code, Fault
from runtime.protocol import messages, model

R = TypeVar("R", bound=messages.Reply)
LOST = "lost"


def ask(row: Container, request: messages.Request, expected: type[R], *, timeout: float = 30.0) -> R:
    """Like `worker.call`, but a container that the worker does not know is a state of ours, not a wrong address."""
    try:
        return worker.call(request, expected, timeout=timeout)
    except Fault as fault:
        if fault.code is Code.NOT_FOUND and found(row) is None:
            raise Fault(
                Code.WRONG_STATE,
                _("container %(id)s is lost: the worker does not know it") % {"id": row.pk},
                hint=_("The host was reset or the container was removed there. Delete it and launch a new one."),
            ) from fault
        raise


def found(row: Container) -> model.Container | None:
    """The worker's record of it, or None when it has none."""
    try:
        return worker.call(messages.Get(id=row.pk, owner=owner_of(row)), messages.One).container
    except Fault as fault:
        if fault.code is Code.NOT_FOUND:
            return None
        raise


def owner_of(row: Container) -> str:
    """The owner as the worker records it."""
    return str(row.owner_id)


def lost(row: Container) -> model.Container:
    """A container of which only our row is left."""
    created = row.created_at.timestamp()
    return model.Container(
        id=row.pk,
        name=row.name,
        owner=owner_of(row),
        image=row.image,
        command=row.command,
        state=model.State.STOPPED,
        pid=None,
        created_at=created,
        started_at=None,
        limits=row.limits,
        exit=model.Exit(at=created, reason=LOST),
        node=row.node,
    )
