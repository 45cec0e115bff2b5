"""A person without a browser: logs in by a one-use address, keeps cookies, opens terminals as the page does."""

from __future__ import annotations

import copy
import http.cookiejar
import json
import re
import socket
import time
import urllib.error
import urllib.request
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from runtime.protocol import pty
from runtime.protocol.pty import Kind
from tests.support.stack import Answer, Stack


class Visitor:
    """A logged-in session at `stack`. `login_path` defaults to a new address made by the command line."""

    def __init__(self, stack: Stack, login_path: str) -> None:
        self._stack = stack
        self._jar = http.cookiejar.CookieJar()
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar)).open
        with self._open(stack.url + login_path, timeout=30) as page:
            boot = re.search(r'<script id="boot"[^>]*>(.*?)</script>', page.read().decode(), re.DOTALL)
        if boot is None:
            raise RuntimeError(f"{login_path} did not lead to a page")
        self._csrf = str(json.loads(boot[1])["csrf"])

    @classmethod
    def beside(cls, visitor: Visitor, stack: Stack) -> Visitor:
        """The same person in the same session, at another server of the same site."""
        other = copy.copy(visitor)
        other._stack = stack
        return other

    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self._jar}

    def call(self, method: str, path: str, body: object = None) -> Answer:
        """One call of the page's own API, with CSRF token."""
        request = urllib.request.Request(  # noqa: S310 - loopback, our own server
            f"{self._stack.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "X-CSRFToken": self._csrf,
                "Origin": self._stack.url,
            },
        )
        try:
            with self._open(request, timeout=60) as response:
                status, raw = response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                status, raw = error.code, error.read()
        return Answer(status, json.loads(raw) if raw else None)

    def attach(self, container: str, terminal: str, **hello: Any) -> PtyClient:
        """Attach to a terminal; keywords go into HELLO (`epoch`, `have`, `cols`, …)."""
        answer = self.call("POST", f"/containers/{container}/terminals/{terminal}/attach", {})
        if answer.status != 200:
            raise RuntimeError(f"attach answered {answer.status}: {answer.body}")
        connection = connect(
            self._stack.url.replace("http", "ws", 1) + answer.body["url"],
            subprotocols=[Subprotocol(pty.SUBPROTOCOL)],
            origin=Origin(self._stack.url),
            additional_headers={"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies().items())},
            compression=None,
            ping_interval=None,  # as browsers; a client that is to stall must not be found dead by its own library
            max_size=1 << 20,
        )
        return PtyClient(connection, pty.Hello(v=1, ticket=answer.body["ticket"], **hello))


class PtyClient:
    """A `pty.v1` viewer that acknowledges what it reads. `output` holds every byte since attaching."""

    def __init__(self, connection: AbstractContextManager[ClientConnection], hello: pty.Hello) -> None:
        self._connection = ExitStack()
        self._socket = self._connection.enter_context(connection)
        self._seq = 0
        self.output = bytearray()
        self.offset = 0
        self.acknowledges = True
        self.exit: dict[str, Any] | None = None
        self._socket.send(pty.json_frame(Kind.HELLO, hello))
        first = self._receive(10)
        if first is None or first[0] != Kind.WELCOME:
            raise RuntimeError(f"no WELCOME but {first!r}")
        self.welcome = msgspec.json.decode(first[1:], type=pty.Welcome)
        self.offset = self.welcome.replay.start

    def _receive(self, timeout: float) -> bytes | None:
        try:
            frame = self._socket.recv(timeout=timeout)
        except TimeoutError:
            return None
        return frame if isinstance(frame, bytes) else frame.encode()

    def step(self, timeout: float) -> Kind | None:
        """Take in one frame; its kind, or None when none came. Raises `ConnectionClosed`."""
        frame = self._receive(timeout)
        if frame is None:
            return None
        kind = pty.kind_of(frame)
        if kind is Kind.OUTPUT:
            start, data = pty.output_body(frame)
            self.output += data
            self.offset = start + len(data)
            if self.acknowledges:
                self.acknowledge()
        elif kind is Kind.EXIT:
            self.exit = msgspec.json.decode(frame[1:])
        return kind

    def type(self, text: str) -> None:
        self._seq += 1
        self._socket.send(pty.input_frame(self._seq, text.encode()))

    def acknowledge(self) -> None:
        with suppress(ConnectionClosed):  # the server may be done: EXIT is then among what is still to be read
            self._socket.send(pty.ack_frame(self.offset))

    def ping(self) -> None:
        """As the page does four times a minute; the answer is taken in by the next `step`s."""
        self._seq += 1
        self._socket.send(pty.ping_frame(self._seq, time.monotonic() * 1000))
        while self.step(0.001) is not None:
            pass

    def until(self, wanted: bytes, timeout: float = 15, *, since: int = 0) -> bytes:
        """Read until `wanted` appears in the output after `since`; the output from there on."""
        deadline = time.monotonic() + timeout
        while wanted not in self.output[since:]:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{wanted!r} did not come within {timeout} s; last: {bytes(self.output[-400:])!r}")
            self.step(left)
        return bytes(self.output[since:])

    def run(self, command: str, timeout: float = 15) -> str:
        """Type a command and return what it printed (an end mark is echoed apart, so that it is not met early)."""
        since = len(self.output)
        self.type(f"{command}; echo EN''D$?\r")
        self.until(b"END", timeout, since=since)
        self.until(b"\n", timeout, since=self.output.index(b"END", since))
        return self.output[since:].decode(errors="replace")

    def until_exit(self, timeout: float = 15) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while self.exit is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError("the terminal did not end in time")
            self.step(left)
        return self.exit

    def close(self) -> None:
        self._connection.close()

    def vanish(self) -> None:
        """As when a cable is pulled: no closing handshake, which a client that reads nothing would wait for."""
        self._socket.socket.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def __enter__(self) -> PtyClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


__all__ = ["ConnectionClosed", "PtyClient", "Visitor"]
