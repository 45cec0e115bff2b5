"""A terminal closely, and its name."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from runtime.protocol import messages, model
from runtime.protocol.terminals import TerminalView


def terminal_look(*, user: User, id: str, terminal: str) -> TerminalView:
    """What runs in it now, and who looks on. Raises `Fault`."""
    row = container_for(user=user, id=id)
    request = messages.LookAtTerminal(id=row.pk, owner=owner_of(row), terminal=terminal)
    return ask(row, request, messages.TerminalSeen).view


def terminal_rename(*, user: User, id: str, terminal: str, name: str) -> model.Terminal:
    """A name of one's own; an empty one goes back to the program's. Raises `Fault`."""
    row = container_for(user=user, id=id)
    request = messages.RenameTerminal(id=row.pk, owner=owner_of(row), terminal=terminal, name=name)
    return ask(row, request, messages.Opened).terminal
