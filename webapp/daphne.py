"""Daphne as this site needs it: `python -m webapp.daphne -b ADDRESS -p PORT`, and what `manage.py runserver` uses.

Four things are different from Daphne's own, for which it has no option:

* It takes in a request's whole body before the application sees any of it, and into memory then. Here no more is kept
  than somebody may send; of a longer body nothing is, and the application, told how long it was, refuses it.
* An answer that ends before its Content-Length ends the connection with it. Kept open, as HTTP/1.1 would have it, the
  reader waits for the rest.
* So does one that fails half-way. Daphne would begin a second answer, stumble over that, and from then on look after
  none of its connections.
* A terminal may be open for longer than a day, and quiet: a ping tells who is gone.
"""

from __future__ import annotations

import sys
from typing import Any

from daphne import server  # before anything of Twisted: it chooses the event loop
from daphne.cli import CommandLineInterface
from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings

OURS = {"websocket_timeout": -1, "ping_interval": 20, "ping_timeout": 30, "server_name": ""}


def most() -> int:
    """Bytes that any request may have."""
    return max(int(settings.TERRARIUM_UPLOAD_BYTES), int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0))


class Request(WebRequest):  # type: ignore[misc]
    """One HTTP request; the methods are Twisted's."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.came = 0
        self.keeps = True
        super().__init__(*args, **options, parsePOSTFormSubmission=False)  # Django does, and answers what is no form

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """`length` None: in chunks, so nobody knows yet."""
        self.keeps = length is None or length <= most()
        super().gotLength(length if self.keeps else 0)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self.came += len(data)
        if self.keeps and self.came > most():
            self.keeps = False
            self.content.seek(0)
            self.content.truncate()
        if self.keeps:
            super().handleContentChunk(data)

    def process(self) -> Any:
        """All of it is there."""
        if self.came:  # what came in chunks has a length too now, and Django looks at nothing else
            self.requestHeaders.removeHeader(b"transfer-encoding")
            self.requestHeaders.setRawHeaders(b"content-length", [b"%d" % self.came])
        return super().process()

    def finish(self) -> None:
        said = self.responseHeaders.getRawHeaders(b"content-length")
        if said and self.method == b"GET" and self.code == 200 and self.sentLength < int(said[0]):
            self.channel.persistent = False
        super().finish()

    def handle_exception(self, exception: BaseException) -> None:
        """The application failed."""
        if self._response_started:
            self.loseConnection()
        else:
            super().handle_exception(exception)


class Factory(HTTPFactory):  # type: ignore[misc]
    """Of connections."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol


class Server(server.Server):  # type: ignore[misc]
    """`OURS`, whatever it is told."""

    def __init__(self, **options: Any) -> None:
        server.HTTPFactory = Factory  # it looks this name up when it runs
        super().__init__(**{**options, **OURS})


class CommandLine(CommandLineInterface):  # type: ignore[misc]
    """Daphne's options."""

    server_class = Server


if __name__ == "__main__":
    CommandLine().run([*sys.argv[1:], "webapp.asgi:application"])
