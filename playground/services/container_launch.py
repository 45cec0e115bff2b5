"""Launch a container."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from playground import worker
from playground.models import Container
from playground.models.container import Intent
from playground.selectors.quotas import Allowance, allowance_of, containers_used
from playground.services import ids
from playground.services.asking import owner_of
from runtime.errors import Code, Fault
from runtime.protocol import messages, model

log = logging.getLogger(__name__)
LAUNCH_TIMEOUT = 60.0
BOUNDS = ("memory_bytes", "cpus", "pids", "disk_bytes")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked for; None leaves a limit to the default, or to the quota where that is lower."""

    image: str
    command: list[str] = field(default_factory=list)
    name: str | None = None
    memory_bytes: int | None = None
    cpus: float | None = None
    pids: int | None = None
    disk_bytes: int | None = None
    cols: int = 80
    rows: int = 24


def container_launch(*, user: User, wish: Wish, idempotency_key: str | None = None) -> messages.Launched:
    """Row, then worker, then row again; a launch that fails leaves neither row nor anything in the worker.

    With `idempotency_key`, the same request of the same person again gives the same container.
    Raises `Fault`: limit-reached (with the field, where one is above the quota), invalid-spec for an unknown image,
    already-exists for a key that was used for another request, or the worker's own.
    """
    allowance = allowance_of(user=user)
    limits = _limits(wish, allowance)
    row = _intend(user, wish, limits, allowance, idempotency_key)
    request = messages.Launch(
        id=row.pk,
        owner=owner_of(row),
        name=row.name,
        image=row.image,
        command=row.command,
        limits=row.limits,
        cols=wish.cols,
        rows=wish.rows,
    )
    try:
        launched = worker.call(request, messages.Launched, timeout=LAUNCH_TIMEOUT)
    except Fault as fault:
        abandon(row)
        if fault.code is Code.NOT_FOUND:
            message = _("no image %(name)s") % {"name": wish.image[:64]}
            raise Fault(
                Code.INVALID_SPEC, message, field="image", hint=_("Choose one of the images listed.")
            ) from fault
        raise
    if not Container.objects.filter(pk=row.pk).update(intent=Intent.KEPT):
        _forget(row)  # another try with the same key gave up meanwhile and took the row away
        raise Fault(Code.VANISHED, _("the container was removed while it was launched"))
    return launched


def _limits(wish: Wish, allowance: Allowance) -> model.Limits:
    default = model.Limits()
    chosen: dict[str, float] = {}
    for name in BOUNDS:
        asked, most = getattr(wish, name), getattr(allowance, name)
        if asked is not None:
            refuse_above(name, asked, allowance)
        chosen[name] = min(getattr(default, name), most) if asked is None else asked
    return model.Limits(
        memory_bytes=int(chosen["memory_bytes"]),
        cpus=float(chosen["cpus"]),
        pids=int(chosen["pids"]),
        disk_bytes=int(chosen["disk_bytes"]),
    )


def refuse_above(name: str, asked: float, allowance: Allowance) -> None:
    """Raises `Fault(limit-reached)`, with the limit's name, where it is."""
    most = getattr(allowance, name)
    if asked > most:
        text = _("%(field)s of %(asked)s is above your quota of %(most)s")
        raise Fault(Code.LIMIT_REACHED, text % {"field": name, "asked": asked, "most": most}, field=name)


def _intend(user: User, wish: Wish, limits: model.Limits, allowance: Allowance, key: str | None) -> Container:
    """Count and insert in one transaction that excludes its like: SQLite's are IMMEDIATE, elsewhere the owner's row
    is the lock.
    """
    fingerprint = hashlib.sha256(json.dumps(asdict(wish), sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if key is not None:
            before = Container.objects.filter(owner=user, idempotency_key=key).first()
            if before is not None and before.fingerprint != fingerprint:
                text = _("this Idempotency-Key was used for another request")
                raise Fault(Code.ALREADY_EXISTS, text, field="Idempotency-Key")
            if before is not None:
                return before
        if containers_used(user=user) >= allowance.containers:
            text = _("you have %(most)d containers, as many as your quota allows") % {"most": allowance.containers}
            raise Fault(Code.LIMIT_REACHED, text)
        id = ids.mint(owner=user)
        return Container.objects.create(
            id=id,
            owner=user,
            name=wish.name or f"{wish.image[:50]}-{id[:4]}",
            image=wish.image,
            command=wish.command,
            memory_bytes=limits.memory_bytes,
            cpus=limits.cpus,
            pids=limits.pids,
            disk_bytes=limits.disk_bytes,
            idempotency_key=key,
            fingerprint=fingerprint,
        )


def abandon(row: Container) -> None:
    """Undo a launch. Where the worker cannot be told, the row stays, hidden, for `reconcile` to finish."""
    if _forget(row):
        Container.objects.filter(pk=row.pk, intent=Intent.LAUNCHING).delete()


def _forget(row: Container) -> bool:
    try:
        worker.call(messages.Delete(id=row.pk, owner=owner_of(row)), messages.Done)
    except Fault as fault:
        if fault.code is Code.NOT_FOUND:
            return True
        log.warning("launch of %s could not be undone: %s", row.pk, fault)
        return False
    return True
