"""WebSocket routes: all are plain ASGI applications, one browser socket to one worker connection."""

from __future__ import annotations

from typing import Any, cast

from channels.routing import URLRouter
from django.urls import path, re_path

from playground.consumers.live import live
from playground.terminal import shared, terminal
from webapp.asgi_types import Receive, Scope, Send


async def nowhere(_scope: Scope, receive: Receive, send: Send) -> None:
    """No such socket: refused before the handshake, which HTTP shows as 403."""
    await receive()
    await send({"type": "websocket.close"})


sockets = URLRouter(
    [
        path("ws/terminal/<str:container>/<str:terminal>", cast(Any, terminal)),  # Channels routes ASGI applications
        path("ws/shared/<str:share>", cast(Any, shared)),
        path("ws/live/<str:container>", cast(Any, live)),  # with Django's patterns, which are typed for views
        re_path(r"", cast(Any, nowhere)),
    ]
)
