"""Shared terminals: whose they are, who may look, and until when."""

from __future__ import annotations

import re
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from playground.models import Container, Share, ShareGuest
from playground.models.container import Intent
from runtime.errors import Code, Fault

_ADDRESS = re.compile(r"[0-9a-f]{32}")


def shares_with_places() -> QuerySet[Share]:
    """With what `ended_because` looks at."""
    return Share.objects.select_related("container__owner", "created_by")


def ended_because(share: Share) -> str | None:
    """Why nobody may look any more, for who once might; None while it goes on."""
    container = share.container
    if share.ended_at is not None or share.created_by_id != container.owner_id or not container.owner.is_active:
        return _("its owner has stopped sharing it")
    if share.expires_at <= timezone.now():
        return _("the time for which it was shared is over")
    if container.intent != Intent.KEPT:
        return _("its container is being deleted")
    return None


def shares_of(*, container: Container) -> list[Share]:
    """Those that go on, the newest first, with their guests. The container is the asker's: see `container_for`."""
    guests = Prefetch("guests", ShareGuest.objects.select_related("user"))
    rows = _unended().filter(container=container).prefetch_related(guests)
    return [share for share in rows if ended_because(share) is None]


def share_of(*, container: Container, id: str) -> Share:
    """One of this container's, ended or not. Raises `Fault(not-found)`."""
    row = Share.objects.filter(container=container, pk=id).first() if _ADDRESS.fullmatch(id) else None
    if row is None:
        raise Fault(Code.NOT_FOUND, _("no shared terminal %(id)s") % {"id": id[:32]})
    return row


def share_open(*, id: str) -> Share | None:
    """The one with this id, if it goes on. Grants nothing: the asker has still to show that it may."""
    row = shares_with_places().filter(pk=id).first() if _ADDRESS.fullmatch(id) else None
    return row if row is not None and ended_because(row) is None else None


def share_for(*, user: User, id: str) -> Share:
    """The one with this id, if this person is a guest of it and it goes on.

    Raises `Fault(not-found)`: with the reason for who was a guest, else the same for "does not exist" and "not yours".
    """
    seats = ShareGuest.objects.filter(user=user, share_id=id).select_related("share__container__owner")
    seat = seats.first() if _ADDRESS.fullmatch(id) else None
    if seat is None:
        raise share_missing(id)
    why = ended_because(seat.share)
    if why is not None:
        raise Fault(Code.NOT_FOUND, why, hint=_("Ask whoever shared it for a new link."))
    return seat.share


def share_missing(id: str) -> Fault:
    """The answer for every one that one may not have; it repeats nothing that the asker did not send."""
    hint = _("The link may be cut short, or no longer count. Ask whoever shared it for a new one.")
    return Fault(Code.NOT_FOUND, _("no shared terminal %(id)s") % {"id": id[:32]}, hint=hint)


def guests_only_here(*, share: Share) -> list[int]:
    """Ids of its guests who are not let in to the same terminal by another share that goes on."""
    same = _unended().filter(container=share.container, terminal=share.terminal).exclude(pk=share.pk)
    others = [other.pk for other in same if ended_because(other) is None]
    elsewhere = ShareGuest.objects.filter(share_id__in=others).values("user_id")
    return list(share.guests.exclude(user_id__in=elsewhere).values_list("user_id", flat=True))


def shares_forgettable(*, container: Container, before: datetime) -> QuerySet[Share]:
    """Those that nobody need see any more: over by then, or over and never followed by anybody."""
    over = Q(ended_at__isnull=False) | Q(expires_at__lte=timezone.now())
    return Share.objects.filter(Q(expires_at__lt=before) | (over & Q(guests=None)), container=container)


def _unended() -> QuerySet[Share]:
    """What the database can tell; the rest is `ended_because`'s."""
    return shares_with_places().filter(ended_at=None, expires_at__gt=timezone.now())
