"""Live snapshots of a container, `live.v1`: the worker's `Watch` frames as text messages, exactly as it sends them.

Nothing is diffed, cached or fanned out here. One browser socket is one worker connection, and the worker makes each
patch once for all its watchers, at most twice a second.
"""

from __future__ import annotations

import asyncio

from playground import errors, worker
from playground.services.sockets import serve
from playground.services.visits import Ending, admit, carry
from runtime.errors import Code, Fault
from runtime.protocol import messages, pty
from webapp.asgi_types import Receive, Scope, Send

SUBPROTOCOL = "live.v1"


async def live(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of `/ws/live/<container>`."""
    await serve(
        scope,
        receive,
        send,
        kind="live",
        subprotocol=SUBPROTOCOL,
        carried=lambda _spoken: _carried(scope, receive, send),
        told=_told,
    )


async def _carried(scope: Scope, receive: Receive, send: Send) -> Ending | None:
    container = scope["url_route"]["kwargs"]["container"]
    try:
        visit = await admit(scope, container)
        if visit is None:
            return Ending(pty.Close.TICKET, Fault(Code.ACCESS_DENIED, "not logged in"))
        reader, writer = await worker.connect(messages.Watch(id=container, owner=str(visit.user.pk)))
    except Fault as fault:
        return Ending(errors.row(fault.code).close, fault)
    try:
        return await carry(visit, _until_gone(receive), _down(reader, send))
    finally:
        await worker.hang_up(writer)


async def _until_gone(receive: Receive) -> None:
    """Whatever the browser says is dropped; this stream goes one way."""
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _down(reader: asyncio.StreamReader, send: Send) -> Ending:
    """Pass on until `gone` (4410), a fault (its code), or the worker's silence (4503)."""
    while (frame := await worker.read_frame(reader)) is not None:
        await send({"type": "websocket.send", "text": frame.decode()})
        if frame.startswith(b'{"re":"gone"'):
            return Ending(pty.Close.ENDED)
        if frame.startswith(b'{"re":"fault"'):
            reply = messages.reply_decoder.decode(frame)
            return Ending(errors.row(reply.code).close if isinstance(reply, messages.Refused) else pty.Close.PROTOCOL)
    return Ending(pty.Close.WORKER_AWAY)


def _told(_close: pty.Close, why: Fault) -> dict[str, str]:
    return {"text": messages.encode(messages.Refused(code=why.code, message=why.message, hint=why.hint)).decode()}
