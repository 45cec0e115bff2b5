"""The headers every response carries, static files, errors and redirects included."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

# Pages that play a recording. The player's terminal emulator is WebAssembly, and compiling it wants this word; it lets
# nothing run that script from here did not fetch, and neither eval nor inline script.
PLAYERS = {"workbench", "recording"}

# Styles may be inline: the terminal measures its font and writes the result into a <style> element, and charts set
# sizes by attribute. Scripts may not: whatever markup slips through an escape stays dead text.
POLICY = (
    "default-src 'none'; script-src {script}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src {connect}; manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)


class SecurityHeaders:
    """First in MIDDLEWARE, so that nothing leaves without them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _policy(request))
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _policy(request: HttpRequest) -> str:
    plays = request.resolver_match is not None and request.resolver_match.url_name in PLAYERS
    return POLICY.format(script="'self' 'wasm-unsafe-eval'" if plays else "'self'", connect=_connect(request))


def _connect(request: HttpRequest) -> str:
    """Where scripts may connect: this origin. Not every browser's 'self' covers its WebSockets, so they are named."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return "'self'"
    return f"'self' {'wss' if request.is_secure() else 'ws'}://{host}"
