"""Delete a container."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground import worker
from playground.models import Container
from playground.models.container import Intent
from playground.selectors.containers import container_for
from playground.services import ids
from playground.services.asking import owner_of
from runtime.errors import Code, Fault
from runtime.protocol import messages

DELETE_TIMEOUT = 60.0


def container_delete(*, user: User, id: str) -> None:
    """Kill and remove all of it. Of one that this person deleted before: nothing to do, and no error.

    Raises `Fault`: not-found for what never was theirs, or the worker's; then it can be tried again.
    """
    try:
        row = container_for(user=user, id=id)
    except Fault:
        if ids.minted_for(owner=user, id=id) and not Container.objects.filter(pk=id).exists():
            return
        raise
    container_remove(row=row)


def container_remove(*, row: Container) -> None:
    """The same for a row in hand (admin, `reconcile`)."""
    Container.objects.filter(pk=row.pk).update(intent=Intent.DELETING)
    try:
        worker.call(messages.Delete(id=row.pk, owner=owner_of(row)), messages.Done, timeout=DELETE_TIMEOUT)
    except Fault as fault:
        if fault.code is not Code.NOT_FOUND:
            raise
    Container.objects.filter(pk=row.pk).delete()
