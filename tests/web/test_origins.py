"""Which pages may open a WebSocket: the exact origin, and nothing that looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.env import origins
from webapp.origins import allowed


def handshake(origin: str | None, host: str = "127.0.0.1:8000", scheme: str = "ws", **more: str) -> dict[str, Any]:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    return {"type": "websocket", "scheme": scheme, "headers": headers}


@pytest.fixture
def local(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
    settings.TERRARIUM_ORIGINS = []


@pytest.fixture
def public(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["play.example.org"]
    settings.TERRARIUM_ORIGINS = ["https://play.example.org"]


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    ("origin", "host", "scheme", "answer"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", "ws", True),
        ("http://localhost:8000", "localhost:8000", "ws", True),
        ("http://[::1]:8000", "[::1]:8000", "ws", True),
        ("https://127.0.0.1:8000", "127.0.0.1:8000", "wss", True),
        (None, "127.0.0.1:8000", "ws", False),
        ("null", "127.0.0.1:8000", "ws", False),
        ("", "127.0.0.1:8000", "ws", False),
        ("http://127.0.0.1:9000", "127.0.0.1:8000", "ws", False),  # a student's own server on another port
        ("http://127.0.0.1", "127.0.0.1:8000", "ws", False),
        ("https://127.0.0.1:8000", "127.0.0.1:8000", "ws", False),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", "wss", False),
        ("http://localhost:8000", "127.0.0.1:8000", "ws", False),
        ("http://127.0.0.1:8000.evil.example", "127.0.0.1:8000", "ws", False),
        ("http://evil.example:8000", "127.0.0.1:8000", "ws", False),
        ("http://evil.example:8000", "evil.example:8000", "ws", False),  # DNS rebinding
        ("http://sub.localhost:8000", "sub.localhost:8000", "ws", False),
        ("file://", "127.0.0.1:8000", "ws", False),
        ("http://127.0.0.1:8000/", "127.0.0.1:8000", "ws", False),
    ],
)
def test_a_local_installation(origin: str | None, host: str, scheme: str, answer: bool) -> None:
    assert allowed(handshake(origin, host, scheme)) is answer


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        ("https://play.example.org", True),
        ("https://PLAY.example.org", True),
        ("http://play.example.org", False),
        ("https://play.example.org:8443", False),
        ("https://a.play.example.org", False),
        ("https://example.org", False),
        ("https://play.example.org.evil.example", False),
        ("https://evilplay.example.org", False),
        (None, False),
        ("null", False),
    ],
)
def test_a_public_site_behind_a_proxy(origin: str | None, answer: bool) -> None:
    assert allowed(handshake(origin, "play.example.org")) is answer


@pytest.mark.usefixtures("local")
def test_a_script_with_a_token_has_no_origin() -> None:
    assert allowed(handshake(None, authorization="Bearer trm_x"))
    assert not allowed(handshake("http://evil.example", authorization="Bearer trm_x"))
    assert not allowed(handshake(None, "evil.example", authorization="Bearer trm_x"))


@pytest.mark.usefixtures("local")
def test_two_origins_are_none() -> None:
    scope = handshake("http://127.0.0.1:8000")
    scope["headers"].append((b"origin", b"http://127.0.0.1:8000"))
    assert not allowed(scope)


@pytest.mark.parametrize("text", ["play.example.org", "https://play.example.org/", "ws://x", "https://", "*"])
def test_a_setting_that_would_let_more_in_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="TERRARIUM_ORIGINS"):
        origins({"TERRARIUM_ORIGINS": text})
