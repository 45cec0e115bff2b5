"""Stop a container and keep its files."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground import worker
from playground.models import Container
from playground.selectors.containers import container_for
from playground.services.asking import lost, owner_of
from runtime.errors import Code, Fault
from runtime.protocol import messages, model

STOP_TIMEOUT = 60.0


def container_stop(*, user: User, id: str) -> model.Container:
    """Ask it to end, kill it after a moment. Stopping a stopped one is no error. Raises `Fault`."""
    return container_halt(row=container_for(user=user, id=id))


def container_halt(*, row: Container) -> model.Container:
    """The same for a row in hand (admin)."""
    request = messages.Stop(id=row.pk, owner=owner_of(row))
    try:
        return worker.call(request, messages.One, timeout=STOP_TIMEOUT).container
    except Fault as fault:
        if fault.code is Code.NOT_FOUND:
            return lost(row)
        raise
