"""Show a terminal to others: the link, who joins by it, their tickets, and the end of it.

The link is the share's id, signed: it can be shown again, nothing secret is stored, and a site whose key was changed
honours none of the old ones. The id alone, which guests see in their address bar, lets nobody in.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from playground.models import Container, Share, ShareGuest
from playground.selectors.containers import container_for
from playground.selectors.shares import (
    guests_only_here,
    share_for,
    share_missing,
    share_of,
    share_open,
    shares_forgettable,
    shares_of,
)
from playground.services.asking import ask, owner_of
from playground.services.names import shown_name
from runtime.errors import Code, Fault
from runtime.protocol import messages, model

SALT = "playground.share"
DISMISS_TIMEOUT = 5.0
KEPT = timedelta(days=30)  # after their time, for who looks into who was let in

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shown:
    """A shared terminal as a guest sees it: of the container its name and image, and nothing else."""

    share: Share
    terminal: model.Terminal


def link_secret(share: Share) -> str:
    """What the link ends in."""
    return signing.Signer(salt=SALT, sep=".").sign(share.pk)


def share_create(*, user: User, id: str, terminal: str, hours: int | None = None) -> Share:
    """A link to a terminal of one's own container. Raises `Fault`: invalid-spec for too long a time, limit-reached."""
    row = container_for(user=user, id=id)
    most, links = settings.TERRARIUM_SHARING["hours_most"], settings.TERRARIUM_SHARING["shares"]
    lifetime = min(settings.TERRARIUM_SHARING["hours"], most) if hours is None else hours
    if lifetime > most:
        text = _("it must be at most %(le)s") % {"le": most}
        raise Fault(Code.INVALID_SPEC, f"hours: {text}", field="hours")
    _terminal(row, terminal)
    shares_forgettable(container=row, before=timezone.now() - KEPT).delete()
    with transaction.atomic():
        Container.objects.select_for_update().get(pk=row.pk)
        if len(shares_of(container=row)) >= links:
            text = _("no more than %(most)d links to a container may be open") % {"most": links}
            raise Fault(Code.LIMIT_REACHED, text, hint=_("Stop sharing through one of them first."))
        now = timezone.now()
        return Share.objects.create(
            container=row,
            terminal=terminal,
            created_by=user,
            created_at=now,
            expires_at=now + timedelta(hours=lifetime),
        )


def share_list(*, user: User, id: str) -> list[Share]:
    """The links to one's own container that count now, the newest first, with their guests."""
    return shares_of(container=container_for(user=user, id=id))


def share_end(*, user: User, id: str, share: str) -> None:
    """The link counts no more, and its guests are shown out. Ending an ended one is no error. Raises `Fault`."""
    share_stop(share=share_of(container=container_for(user=user, id=id), id=share))


def share_stop(*, share: Share) -> None:
    """The same for a row in hand (admin). Where the worker cannot be told, each guest's socket finds out by itself
    when it is next checked.
    """
    Share.objects.filter(pk=share.pk, ended_at=None).update(ended_at=timezone.now())
    users = [str(user) for user in guests_only_here(share=share)]
    if not users:  # to the worker, no names would mean everyone
        return
    row = share.container
    request = messages.Dismiss(id=row.pk, owner=owner_of(row), terminal=share.terminal, users=users)
    try:
        ask(row, request, messages.Done, timeout=DISMISS_TIMEOUT)
    except Fault as fault:
        log.warning("guests of %s could not be dismissed at once: %s", share, fault)


def shares_over(*, container: Container, terminal: str) -> None:
    """The terminal was closed, and with it what its guests saw: no link to it counts any more."""
    Share.objects.filter(container=container, terminal=terminal, ended_at=None).update(ended_at=timezone.now())


def share_join(*, user: User, secret: str) -> Share:
    """Whoever has the link becomes a guest, once; the owner does not, and is told apart by `created_by`.

    Raises `Fault`: not-found for every link that does not count, limit-reached where all places are taken.
    """
    try:
        share = share_open(id=signing.Signer(salt=SALT, sep=".").unsign(secret))
    except signing.BadSignature:
        share = None
    if share is None:
        raise share_missing(secret.partition(".")[0])
    if share.created_by_id == user.pk:
        return share
    most = settings.TERRARIUM_SHARING["guests"]
    with transaction.atomic():
        Share.objects.select_for_update().get(pk=share.pk)
        if not share.guests.filter(user=user).exists():
            if share.guests.count() >= most:
                text = _("no more than %(most)d may join through this link") % {"most": most}
                raise Fault(Code.LIMIT_REACHED, text, hint=_("Ask whoever shared it for another link."))
            ShareGuest.objects.create(share=share, user=user)
    return share


def share_follow(*, user: User, link: str) -> Shown:
    """`share_join` and `share_show` for a script. `link`: all of it, or its path. Raises `Fault`: also wrong-state."""
    share = share_join(user=user, secret=link.partition("?")[0].rpartition("/")[2])
    if share.created_by_id == user.pk:
        hint = _("Attach to the terminal as its owner.")
        raise Fault(Code.WRONG_STATE, _("the link is your own"), field="url", hint=hint)
    return share_show(user=user, id=share.pk)


def share_show(*, user: User, id: str) -> Shown:
    """For a guest. Raises `Fault`: not-found, vanished when the terminal was closed, or the worker's."""
    share = share_for(user=user, id=id)
    try:
        return Shown(share, _terminal(share.container, share.terminal))
    except Fault as fault:
        raise _to_guest(fault) from fault


def share_attach(*, user: User, id: str) -> messages.Ticket:
    """A guest's: one use, 60 seconds, looks on until the owner lets them drive. Raises `Fault` as `share_show`."""
    share = share_for(user=user, id=id)
    request = messages.MintTicket(
        id=share.container_id,
        owner=owner_of(share.container),
        terminal=share.terminal,
        user=str(user.pk),
        role="ro",
        name=shown_name(user),
        guest=True,
    )
    try:
        return ask(share.container, request, messages.Ticket)
    except Fault as fault:
        raise _to_guest(fault) from fault


def _terminal(row: Container, id: str) -> model.Terminal:
    """As the worker has it. Raises `Fault`: not-found, wrong-state for a container that is lost."""
    for terminal in ask(row, messages.Get(id=row.pk, owner=owner_of(row)), messages.One).container.terminals:
        if terminal.id == id:
            return terminal
    text = _("no terminal %(terminal)s in container %(id)s")
    raise Fault(Code.NOT_FOUND, text % {"terminal": id[:32], "id": row.pk}, field="terminal")


def _to_guest(fault: Fault) -> Fault:
    """Of what is shared, the terminal is all that can be missing; and a container's owner alone can mend it."""
    if fault.code is Code.WRONG_STATE:
        return Fault(fault.code, fault.message, hint=_("Ask its owner to look at it."))
    if fault.code is not Code.NOT_FOUND:
        return fault
    return Fault(Code.VANISHED, _("the shared terminal was closed"), hint=_("Ask whoever shared it for a new link."))
