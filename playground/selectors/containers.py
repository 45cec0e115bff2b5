"""Rows of containers, and the one way to get one."""

from __future__ import annotations

import re
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from playground.models import Container
from playground.models.container import Intent
from runtime.errors import Code, Fault

_ADDRESS = re.compile(r"[a-z0-9]{1,16}")  # nothing else reaches the database, which may refuse what is no text (NUL)


def container_for(*, user: User, id: str) -> Container:
    """The row, if it is this person's. Raises `Fault(not-found)`, the same for "does not exist" and "not yours"."""
    row = containers_of(user=user).filter(pk=id).first() if _ADDRESS.fullmatch(id) else None
    if row is None:
        raise container_missing(id)
    return row


def container_missing(id: str) -> Fault:
    """The answer for every container one may not have; it repeats nothing that the asker did not send."""
    return Fault(Code.NOT_FOUND, _("no container %(id)s") % {"id": id[:32]})


def containers_of(*, user: User) -> QuerySet[Container]:
    """What a person sees: launches that were never finished do not count."""
    return Container.objects.filter(owner=user).exclude(intent=Intent.LAUNCHING)


def containers_unsettled(*, before: datetime) -> QuerySet[Container]:
    """Rows whose launch or deletion was begun by then and not finished: a process died in between."""
    return Container.objects.exclude(intent=Intent.KEPT).filter(created_at__lt=before)


def container_ids() -> set[str]:
    """Every id that is meant to be, of whomever."""
    return set(Container.objects.values_list("pk", flat=True))
