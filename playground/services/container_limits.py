"""Change what a container may use."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from playground.models import Container
from playground.selectors.containers import container_for
from playground.selectors.quotas import allowance_of
from playground.services.asking import ask, found, owner_of
from playground.services.container_launch import refuse_above
from runtime.errors import Fault
from runtime.protocol import messages, model

ROUNDS = 3  # of two who change different limits at once, one sends again; more than that is a quarrel


def container_limits(*, user: User, id: str, wish: dict[str, float]) -> model.Container:
    """`wish`: new values by name, of `memory_bytes cpus pids disk_bytes`; what is not named stays.

    Raises `Fault`: limit-reached with the name of one that would change to more than the quota, or the worker's, with
    the name of one that the kernel would not have. Then none has changed.
    """
    row = container_for(user=user, id=id)
    row, before = _intend(user, row, wish)
    try:
        return _apply(row)
    except Fault:
        _take_back(row, before)
        raise


def _intend(user: User, row: Container, wish: dict[str, float]) -> tuple[Container, dict[str, float]]:
    """Check and write in one transaction that excludes its like, as a launch does. Returns what was there before."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        allowance = allowance_of(user=user)
        row = container_for(user=user, id=row.pk)
        before: dict[str, float] = {}
        for name, asked in wish.items():
            if asked == getattr(row, name):
                continue
            refuse_above(name, asked, allowance)
            before[name] = getattr(row, name)
            setattr(row, name, asked)
        if before:
            row.save(update_fields=list(before))
    return row, before


def _apply(row: Container) -> model.Container:
    """Until what the worker was told is what the row says: another change may have been written meanwhile."""
    for _ in range(ROUNDS):
        sent = row.limits
        container = ask(row, messages.SetLimits(id=row.pk, owner=owner_of(row), limits=sent), messages.One).container
        now = Container.objects.filter(pk=row.pk).first()
        if now is None or now.limits == sent:
            break
        row = now
    return container


def _take_back(row: Container, before: dict[str, float]) -> None:
    """The row says again what is: the worker's word where it can be had, else what was before, unless changed anew."""
    try:
        known = found(row)
    except Fault:
        known = None
    for name, value in before.items():
        real: Any = value if known is None else getattr(known.limits, name)
        Container.objects.filter(pk=row.pk, **{name: getattr(row, name)}).update(**{name: real})
