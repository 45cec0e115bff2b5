"""Shares as JSON, for the REST interface and the page."""

from __future__ import annotations

from django.urls import reverse

from playground.models import Share
from playground.services.names import shown_name
from playground.services.present import Json, moment
from playground.services.sharing import Shown, link_secret
from runtime.protocol import messages, pty


def to_owner(share: Share) -> Json:
    """With the link."""
    return {
        "id": share.pk,
        "terminal": share.terminal,
        "url": reverse("share-join", args=[link_secret(share)]),
        "created_at": moment(share.created_at.timestamp()),
        "expires_at": moment(share.expires_at.timestamp()),
        "guests": [
            {"name": shown_name(guest.user), "since": moment(guest.joined_at.timestamp())}
            for guest in share.guests.all()
        ],
    }


def shared(shown: Shown) -> Json:
    """To a guest."""
    container, terminal = shown.share.container, shown.terminal
    return {
        "id": shown.share.pk,
        "owner": shown_name(container.owner),
        "container": {"id": container.pk, "name": container.name, "image": container.image},
        "terminal": {
            "id": terminal.id,
            "name": terminal.name,
            "argv": terminal.argv,
            "console": terminal.console,
        },
        "expires_at": moment(shown.share.expires_at.timestamp()),
    }


def ticket_of(share: str, ticket: messages.Ticket) -> Json:
    return {
        "url": f"/ws/shared/{share}",
        "ticket": ticket.ticket,
        "expires_at": moment(ticket.expires_at),
        "subprotocol": pty.SUBPROTOCOL,
    }
