"""A WebSocket from its handshake to its close code, whatever it carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from playground.services import tally
from playground.services.visits import Ending
from runtime.errors import Fault
from runtime.protocol.pty import Close
from webapp.asgi_types import Receive, Scope, Send

Told = Callable[[Close, Fault], dict[str, Any]]


async def serve(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    kind: tally.Kind,
    subprotocol: str,
    carried: Callable[[bool], Awaitable[Ending | None]],
    told: Told,
) -> None:
    """Accepts first: a browser sees no code otherwise.

    `carried`, which hears whether the browser speaks the subprotocol, does all up to the end (None: the browser went);
    `told` puts a refusal in the stream's own form, as members of `websocket.send`.
    """
    if (await receive())["type"] != "websocket.connect":
        return
    spoken = subprotocol in scope.get("subprotocols", [])
    await send({"type": "websocket.accept", "subprotocol": subprotocol if spoken else None})
    with tally.socket(kind) as closed:
        ending = await carried(spoken)
        if ending is None:
            return
        closed(ending.close)
        if ending.why is not None:
            await send({"type": "websocket.send", **told(ending.close, ending.why)})
        await send({"type": "websocket.close", "code": int(ending.close)})
