"""A reader of server-sent events, without a server: the ASGI application is spoken to directly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from channels.testing import ApplicationCommunicator
from django.contrib.auth.models import User

from tests.web.sockets import PATIENCE, cookies
from webapp.asgi import application


@dataclass(frozen=True)
class Told:
    """One event. `kind` is empty for a comment or a bare `retry:`."""

    kind: str
    id: int | None
    data: Any


def parsed(block: str) -> Told:
    """HTML Living Standard §9.2.6, as far as we send."""
    members = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
    data = json.loads(members["data"]) if "data" in members else block
    return Told(members.get("event", ""), int(members["id"]) if "id" in members else None, data)


class Reader:
    """`await Reader.open(path, …)`; `status`, `headers` and, of a refusal, `body` are there then."""

    def __init__(self, communicator: ApplicationCommunicator) -> None:
        self.communicator = communicator
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body: Any = None
        self._text = ""
        self._ended = self._left = False

    @classmethod
    async def open(
        cls, path: str, *, user: User | None = None, token: str | None = None, query: str = "", last: object = None
    ) -> Reader:
        headers = [(b"host", b"127.0.0.1:8000")]
        if user is not None:
            _client, cookie = await sync_to_async(cookies)(user)
            headers.append((b"cookie", cookie.encode()))
        if token is not None:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        if last is not None:
            headers.append((b"last-event-id", str(last).encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 8000),
        }
        found = cls(ApplicationCommunicator(application, scope))
        await found.communicator.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await found.communicator.receive_output(PATIENCE)
        found.status = start["status"]
        found.headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        if found.headers["content-type"] != "text/event-stream":
            message = await found.communicator.receive_output(PATIENCE)
            found.body = json.loads(message["body"])
            found._ended = True
        return found

    async def next(self) -> Told | None:
        """The next event or comment; None at the end."""
        while "\n\n" not in self._text:
            if self._ended:
                return None
            message = await self.communicator.receive_output(PATIENCE)
            self._text += message.get("body", b"").decode()
            self._ended = not message.get("more_body", False)
        block, self._text = self._text.split("\n\n", 1)
        return parsed(block)

    async def until(self, kind: str) -> Told:
        """The next event of this kind."""
        while (found := await self.next()) is not None:
            if found.kind == kind:
                return found
        raise AssertionError(f"ended before {kind}")

    async def ended(self) -> bool:
        """All that was to come has come."""
        while await self.next() is not None:
            pass
        return self._ended

    async def leave(self) -> None:
        """The browser's page is closed, if it was not."""
        if not self._left:
            self._left = True
            if not self._ended:
                await self.communicator.send_input({"type": "http.disconnect"})
            await self.communicator.wait(PATIENCE)
