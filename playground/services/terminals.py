"""Terminals of a container: list, open, close, and the ticket that lets a browser attach to one."""

from __future__ import annotations

from typing import Literal

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from playground.services.container_show import container_show
from playground.services.names import shown_name
from playground.services.sharing import shares_over
from runtime.errors import Code, Fault
from runtime.protocol import messages, model


def terminal_list(*, user: User, id: str) -> list[model.Terminal]:
    """The console first. A lost container has none."""
    return container_show(user=user, id=id).terminals


def terminal_open(*, user: User, id: str, argv: list[str], cols: int = 80, rows: int = 24) -> model.Terminal:
    """A further pty in a running container; an empty `argv` is the image's shell. Raises `Fault`."""
    row = container_for(user=user, id=id)
    request = messages.OpenTerminal(id=row.pk, owner=owner_of(row), argv=argv, cols=cols, rows=rows)
    return ask(row, request, messages.Opened).terminal


def terminal_close(*, user: User, id: str, terminal: str) -> None:
    """Hang up, and forget what it showed. The console cannot be closed. Raises `Fault`."""
    row = container_for(user=user, id=id)
    try:
        ask(row, messages.CloseTerminal(id=row.pk, owner=owner_of(row), terminal=terminal), messages.Done)
        shares_over(container=row, terminal=terminal)
    except Fault as fault:
        if fault.code is Code.NOT_FOUND:
            text = _("no terminal %(terminal)s in container %(id)s")
            raise Fault(Code.NOT_FOUND, text % {"terminal": terminal[:32], "id": row.pk}, field="terminal") from fault
        raise


def terminal_attach(*, user: User, id: str, terminal: str, role: Literal["rw", "ro"] = "rw") -> messages.Ticket:
    """One use, 60 seconds, for this person. Raises `Fault`."""
    row = container_for(user=user, id=id)
    request = messages.MintTicket(
        id=row.pk,
        owner=owner_of(row),
        terminal=terminal,
        user=str(user.pk),
        role=role,
        name=shown_name(user),
    )
    return ask(row, request, messages.Ticket)
