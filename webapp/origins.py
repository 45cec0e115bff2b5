"""Which web pages may open a WebSocket here.

A WebSocket carries the session's cookie from whatever page opens it, and neither CSRF tokens nor CORS guard it, so
the `Origin` header is the lock. It is compared whole, scheme, host and port: Channels' own validators compare the
host name alone when given host names, so that another port of the same machine (a student's web server) would do.

* With `TERRARIUM_ORIGINS`, the origin must be one of them, letter by letter.
* Without it (a local installation), it must be the origin this connection itself came to: `http://` or `https://` by
  the connection's scheme, and its `Host`, which must be one of `ALLOWED_HOSTS`. That also stops DNS rebinding.
* No `Origin` at all is refused, unless the request shows a bearer token: browsers' scripts cannot set that header,
  and a token is checked on its own.
"""

from __future__ import annotations

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from webapp.asgi_types import ASGIApplication, Receive, Scope, Send


class ExactOrigin:
    """ASGI: refuse (HTTP 403, before the handshake) a WebSocket from a foreign page."""

    def __init__(self, application: ASGIApplication) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if allowed(scope):
            await self.application(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close"})


def allowed(scope: Scope) -> bool:
    """Whether this handshake's `Origin` may connect."""
    headers = _headers(scope)
    host = headers.get(b"host", [b""])[0].decode("latin-1").lower()
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    found = headers.get(b"origin", [])
    if not found:
        return b"authorization" in headers
    if len(found) > 1:
        return False
    origin = found[0].decode("latin-1").lower()
    if settings.TERRARIUM_ORIGINS:
        return origin in settings.TERRARIUM_ORIGINS
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    return origin == f"{scheme}://{host}"


def _headers(scope: Scope) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        found.setdefault(bytes(name).lower(), []).append(bytes(value))
    return found
