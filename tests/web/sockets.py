"""A browser's WebSocket, without a browser and without a server: the ASGI application is spoken to directly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from runtime.protocol import pty
from webapp.asgi import application

ORIGIN = "http://127.0.0.1:8000"
PATIENCE = 10


def cookies(user: User) -> tuple[Client, str]:
    """A logged-in browser, and its Cookie header."""
    client = Client()
    client.force_login(user)
    return client, f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class Socket:
    """`await Socket.open(path, …)`; `closed()` gives the close code."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    @classmethod
    async def open(
        cls,
        path: str,
        protocol: str | None,
        *,
        user: User | None = None,
        token: str | None = None,
        cookie: str | None = None,
        origin: str | None = ORIGIN,
    ) -> Socket:
        headers = [(b"host", b"127.0.0.1:8000")]
        if origin is not None and token is None:
            headers.append((b"origin", origin.encode()))
        if token is not None:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        if user is not None:
            _client, cookie = await sync_to_async(cookies)(user)
        if cookie is not None:
            headers.append((b"cookie", cookie.encode()))
        found = cls(WebsocketCommunicator(application, path, headers, [protocol] if protocol else []))
        connected, answer = await found.communicator.connect(timeout=PATIENCE)
        if not connected:
            raise ConnectionRefusedError
        assert answer == protocol or answer is None
        return found

    async def send(self, frame: bytes) -> None:
        await self.communicator.send_to(bytes_data=frame)

    async def message(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.communicator.receive_output(timeout=PATIENCE)
        return found

    async def closed(self) -> int:
        """The close code, once what comes before it has been read."""
        while (found := await self.message())["type"] != "websocket.close":
            pass
        code: int = found["code"]
        return code

    async def frame(self, kind: pty.Kind) -> bytes:
        """The next frame of this kind."""
        while True:
            found = await self.message()
            assert found["type"] == "websocket.send", found
            frame: bytes = found["bytes"]
            if frame[0] == kind:
                return frame

    async def output(self, wanted: bytes) -> bytes:
        """All output, until it holds `wanted`."""
        text = b""
        while wanted not in text:
            offset, data = pty.output_body(await self.frame(pty.Kind.OUTPUT))
            text += data
            await self.send(pty.ack_frame(offset + len(data)))
        return text

    async def event(self) -> dict[str, Any]:
        """The next message of `live.v1`."""
        found: dict[str, Any] = json.loads((await self.message())["text"])
        return found

    async def leave(self) -> None:
        await self.communicator.disconnect(timeout=PATIENCE)


def hello(ticket: str, **more: Any) -> bytes:
    return pty.json_frame(pty.Kind.HELLO, pty.Hello(v=1, ticket=ticket, **more))


def error(frame: bytes) -> pty.ErrorBody:
    return msgspec.json.decode(frame[1:], type=pty.ErrorBody)


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not holds():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)
