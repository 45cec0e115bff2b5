"""Who is at the other end of a WebSocket or an event stream, and whether they still may be."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User

from playground import errors
from playground.models import ApiToken
from playground.selectors.access import session_user, tokens_valid
from playground.selectors.containers import container_for
from playground.services.tokens import token_use
from runtime.errors import Fault
from runtime.protocol import pty

T = TypeVar("T")
Traffic = Coroutine[Any, Any, T]


@dataclass(frozen=True)
class Visit:
    """One connection of one person to one container, by session or by token."""

    user: User
    container: str
    session_key: str | None
    token_id: int | None


async def admit(scope: dict[str, Any], container: str) -> Visit | None:
    """The person behind the handshake; None for nobody. A bearer token makes the session's cookie count for nothing.

    Raises `Fault(not-found)` for a container that is not theirs.
    """
    return await database_sync_to_async(_admit)(scope, container)  # type: ignore[no-any-return]


async def carry(visit: Visit, up: Traffic[pty.Close | None], down: Traffic[pty.Close]) -> pty.Close | None:
    """Run both directions until one ends or the person may no longer; both are then cancelled.

    The close code: what `up` or `down` ended with (None: the browser went), or 4401.
    """
    ways: list[asyncio.Task[pty.Close | None]] = [asyncio.create_task(up), asyncio.create_task(down)]
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
                return errors.row(fault.code).close
    return pty.Close.TICKET


async def until_revoked(visit: Visit) -> None:
    """Return when this person may no longer have this connection: no middleware runs on an open socket's frames."""
    while True:
        await asyncio.sleep(settings.TERRARIUM_RECHECK_SECONDS)
        if not await still(visit):
            return


async def still(visit: Visit) -> bool:
    """Whether this person may have this connection. Closes the thread's connection to the database behind it."""
    return await database_sync_to_async(_still)(visit)  # type: ignore[no-any-return]


def _admit(scope: dict[str, Any], container: str) -> Visit | None:
    bearer = [value for name, value in scope["headers"] if name == b"authorization"]
    visit: Visit | None = None
    if bearer:
        kind, _, secret = bearer[0].decode("latin-1").partition(" ")
        token = token_use(secret=secret.strip()) if kind.lower() == "bearer" else None
        if token is not None:
            visit = Visit(user=token.owner, container=container, session_key=None, token_id=token.pk)
    else:
        key = scope["session"].session_key if "session" in scope else None
        user = session_user(key=key) if key else None
        if user is not None:
            visit = Visit(user=user, container=container, session_key=key, token_id=None)
    if visit is not None:
        container_for(user=visit.user, id=container)
    return visit


def _still(visit: Visit) -> bool:
    try:
        container_for(user=visit.user, id=visit.container)
    except Fault:
        return False
    if visit.token_id is not None:
        token: ApiToken | None = tokens_valid().filter(pk=visit.token_id).first()
        return token is not None and token.owner == visit.user
    return visit.session_key is not None and session_user(key=visit.session_key) == visit.user
