"""Who is at the other end of a WebSocket or an event stream, and whether they still may be."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User

from playground import errors
from playground.models import ApiToken
from playground.selectors.access import session_user, tokens_valid
from playground.selectors.containers import container_for
from playground.selectors.shares import share_for
from playground.services.rounds import Rounds
from playground.services.tokens import token_use
from runtime.errors import Code, Fault
from runtime.protocol import pty


@dataclass(frozen=True)
class Visit:
    """One connection of one person to one container, by session or by token. `terminal`: to that one of it alone;
    `share`: as a guest, for as long as this lets them.
    """

    user: User
    container: str
    session_key: str | None
    token_id: int | None
    terminal: str | None = None
    share: str | None = None


@dataclass(frozen=True)
class Ending:
    """With which code a connection ends. `why` has still to be told to the browser; None: it was, by the worker."""

    close: pty.Close
    why: Fault | None = None


Traffic = Coroutine[Any, Any, Ending | None]


async def admit(scope: dict[str, Any], container: str, terminal: str | None = None) -> Visit | None:
    """The person behind the handshake; None for nobody. A bearer token makes the session's cookie count for nothing.

    Raises `Fault(not-found)` for a container that is not theirs; of the terminal, the worker judges.
    """
    return await database_sync_to_async(_admit)(scope, container, terminal)  # type: ignore[no-any-return]


async def admit_guest(scope: dict[str, Any], share: str) -> Visit | None:
    """The same for a share. Raises `Fault(not-found)` for one that does not let them in, or no more."""
    return await database_sync_to_async(_admit_guest)(scope, share)  # type: ignore[no-any-return]


async def carry(visit: Visit, up: Traffic, down: Traffic) -> Ending | None:
    """Run both directions until one ends or the person may no longer; both are then cancelled.

    How it ended: as `up` or `down` says (None: the browser went), else as `until_revoked` does.
    """
    ways = [asyncio.create_task(up), asyncio.create_task(down)]
    guard = asyncio.create_task(until_revoked(visit))
    try:
        await asyncio.wait({*ways, guard}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*ways, guard):
            task.cancel()
        await asyncio.gather(*ways, guard, return_exceptions=True)
    for way in ways:
        if not way.cancelled():
            try:
                return way.result()
            except Fault as fault:  # a frame beyond repair
                return Ending(errors.row(fault.code).close, fault)
    return guard.result()


async def until_revoked(visit: Visit) -> Ending:
    """Return when this person may no longer have this connection: no middleware runs on an open socket's frames."""
    return await _rechecks.until(replace(visit, terminal=None))


async def still(visit: Visit) -> bool:
    """Whether this person may have this connection. Closes the thread's connection to the database behind it."""
    return not await database_sync_to_async(_revocations)([visit])


def _admit(scope: dict[str, Any], container: str, terminal: str | None) -> Visit | None:
    visit = _person(scope)
    if visit is None:
        return None
    container_for(user=visit.user, id=container)
    return replace(visit, container=container, terminal=terminal)


def _admit_guest(scope: dict[str, Any], share: str) -> Visit | None:
    visit = _person(scope)
    if visit is None:
        return None
    row = share_for(user=visit.user, id=share)
    return replace(visit, container=row.container_id, terminal=row.terminal, share=row.pk)


def _person(scope: dict[str, Any]) -> Visit | None:
    """To no container yet."""
    bearer = [value for name, value in scope["headers"] if name == b"authorization"]
    if bearer:
        kind, _, secret = bearer[0].decode("latin-1").partition(" ")
        token = token_use(secret=secret.strip()) if kind.lower() == "bearer" else None
        if token is None:
            return None
        return Visit(user=token.owner, container="", session_key=None, token_id=token.pk)
    key = scope["session"].session_key if "session" in scope else None
    user = session_user(key=key) if key else None
    return None if user is None else Visit(user=user, container="", session_key=key, token_id=None)


def _why_not(visit: Visit, is_somebody: Callable[[Visit], bool]) -> Ending | None:
    """4401 where the person is nobody now or the container is not theirs, 4403 where a share lets them in no more."""
    if not is_somebody(replace(visit, container="", terminal=None, share=None)):
        return Ending(pty.Close.TICKET, Fault(Code.ACCESS_DENIED, "you are no longer logged in"))
    try:
        if visit.share is not None:
            share_for(user=visit.user, id=visit.share)
        else:
            container_for(user=visit.user, id=visit.container)
    except Fault as fault:
        return Ending(pty.Close.TICKET if visit.share is None else pty.Close.ROLE, fault)
    return None


def _revocations(visits: Collection[Visit]) -> dict[Visit, Ending]:
    somebody = functools.cache(_is_somebody)  # a person has many pages
    return {visit: ending for visit in visits if (ending := _why_not(visit, somebody)) is not None}


_rechecks = Rounds(_revocations, lambda: settings.TERRARIUM_RECHECK_SECONDS)


def _is_somebody(visit: Visit) -> bool:
    if visit.token_id is not None:
        token: ApiToken | None = tokens_valid().filter(pk=visit.token_id).first()
        return token is not None and token.owner == visit.user
    return visit.session_key is not None and session_user(key=visit.session_key) == visit.user
