"""One-use permissions to attach to a terminal (the CRI streaming server's pattern)."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from runtime.errors import Code, Fault

SECONDS = 60.0
MOST = 1000
MOST_OF_ONE = 64  # more than a person has pages that open at once


@dataclass(frozen=True)
class Permit:
    """What a ticket is good for."""

    container: str
    terminal: str
    user: str
    role: Literal["rw", "ro"]
    name: str = ""
    guest: bool = False


class Tickets:
    """In memory alone: a restarted worker knows none, and asks for a new one cost nothing."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[float, Permit]] = OrderedDict()

    def mint(self, permit: Permit) -> tuple[str, float]:
        """(ticket, when it expires in seconds since the epoch). Raises `no-capacity` when 1000 are under way.

        A user's oldest gives way to a newer one, so that nobody keeps all others out.
        """
        now = time.monotonic()
        while self._open and next(iter(self._open.values()))[0] <= now:
            self._open.popitem(last=False)
        theirs = [ticket for ticket, (_, open_) in self._open.items() if open_.user == permit.user]
        if len(theirs) >= MOST_OF_ONE:
            del self._open[theirs[0]]
        if len(self._open) >= MOST:
            raise Fault(Code.NO_CAPACITY, f"{MOST} tickets wait to be used", hint="Try again in a minute.")
        ticket = secrets.token_urlsafe(16)
        self._open[ticket] = (now + SECONDS, permit)
        return ticket, time.time() + SECONDS

    def redeem(self, ticket: str, user: str, container: str | None = None, terminal: str | None = None) -> Permit:
        """Use it up. Raises `access-denied`, the same for one unknown, used, too old, of somebody else or to elsewhere.

        `container`, `terminal`: where the browser wants to go, None: wherever the ticket says.
        """
        expires, permit = self._open.pop(ticket, (0.0, None))
        if (
            permit is None
            or expires <= time.monotonic()
            or permit.user != user
            or container not in (None, permit.container)
            or terminal not in (None, permit.terminal)
        ):
            raise Fault(Code.ACCESS_DENIED, "the ticket is not valid", field="ticket", hint="Ask for a new one.")
        return permit

    def void(self, container: str, terminal: str, users: list[str]) -> None:
        """Take back unused ones of guests to this terminal: those of `users`, or all where none is named."""
        for ticket, (_, permit) in list(self._open.items()):
            place = (permit.container, permit.terminal) == (container, terminal)
            if place and permit.guest and (not users or permit.user in users):
                del self._open[ticket]
