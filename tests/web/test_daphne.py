"""The same under a real server: Daphne, an own process, real sockets."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.typing import Origin

from runtime.protocol import pty
from tests.web.site import PATIENCE, ROOT, Site


@pytest.fixture
def container(site: Site, site_token: str) -> dict[str, Any]:
    bearer = {"Authorization": f"Bearer {site_token}", "Content-Type": "application/json"}
    status, _headers, body = site.get("/api/v1/containers", {"image": "busybox"}, **bearer)
    assert status == 201, body
    found: dict[str, Any] = json.loads(body)
    return found


def ticket(site: Site, site_token: str, container: dict[str, Any]) -> str:
    path = f"/api/v1/containers/{container['id']}/terminals/{container['terminals'][0]['id']}/attach"
    bearer = {"Authorization": f"Bearer {site_token}", "Content-Type": "application/json"}
    status, _headers, body = site.get(path, {}, **bearer)
    assert status == 200, body
    secret: str = json.loads(body)["ticket"]
    return secret


def rest(ws: ClientConnection) -> tuple[list[bytes], int | None]:
    """What still comes, and the close code."""
    frames: list[bytes] = []
    while True:
        try:
            frame = ws.recv(PATIENCE)
        except ConnectionClosed as closed:
            return frames, closed.rcvd.code if closed.rcvd else None
        assert isinstance(frame, bytes)
        frames.append(frame)


def test_static_files_and_pages(site: Site) -> None:
    status, headers, body = site.get("/static/playground/base.css")
    assert (status, headers["X-Content-Type-Options"]) == (200, "nosniff")
    assert body == (ROOT / "playground/static/playground/base.css").read_bytes()
    assert site.get("/static/ninja/swagger-ui-bundle.js")[0] == 200
    assert site.get("/static/../webapp/settings.py")[0] == 404
    assert site.get("/nowhere")[0] == 404


def test_the_log_has_no_warning(site: Site) -> None:
    site.get("/static/admin/css/base.css")
    assert "Warning" not in site.log.read_text()


def test_a_shell_by_token(site: Site, site_token: str, container: dict[str, Any]) -> None:
    secret = ticket(site, site_token, container)
    bearer = {"Authorization": f"Bearer {site_token}"}
    with site.socket(container["terminal_url"], pty.SUBPROTOCOL, additional_headers=bearer) as ws:
        ws.send(pty.json_frame(pty.Kind.HELLO, pty.Hello(v=1, ticket=secret)))
        ws.send(pty.input_frame(1, b"echo real\r"))
        text = b""
        while b"real\r\n/ # " not in text:
            frame = ws.recv(PATIENCE)
            assert isinstance(frame, bytes)
            if frame[0] == pty.Kind.OUTPUT:
                offset, data = pty.output_body(frame)
                text += data
                ws.send(pty.ack_frame(offset + len(data)))
        ws.send(pty.input_frame(2, b"exit 4\r"))
        frames, code = rest(ws)
        assert frames[-1][0] == pty.Kind.EXIT
        assert code == pty.Close.ENDED


def test_close_codes_reach_the_browser(site: Site, site_token: str, container: dict[str, Any]) -> None:
    bearer = {"Authorization": f"Bearer {site_token}"}
    for hello, close in ((b"\x02", pty.Close.PROTOCOL), (b'\x01{"v":1,"ticket":"forged"}', pty.Close.TICKET)):
        with site.socket(container["terminal_url"], pty.SUBPROTOCOL, additional_headers=bearer) as ws:
            ws.send(hello)
            frame = ws.recv(PATIENCE)
            assert isinstance(frame, bytes)
            assert msgspec.json.decode(frame[1:], type=pty.ErrorBody).close == close
            assert rest(ws) == ([], close)


def test_a_browser_by_session_and_origin(site: Site, container: dict[str, Any]) -> None:
    """Log in by link, as a browser does, and open the live stream with the cookie."""
    path = site.manage("login_link")
    request = urllib.request.Request(f"http://127.0.0.1:{site.port}{path}")
    jar = urllib.request.HTTPCookieProcessor()
    opener = urllib.request.build_opener(jar)
    with opener.open(request, timeout=PATIENCE) as page:
        text = page.read().decode()
    boot = re.search(r'<script id="boot" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert boot
    assert container["id"] in {each["id"] for each in json.loads(boot[1])["containers"]}
    cookie = {"Cookie": "; ".join(f"{each.name}={each.value}" for each in jar.cookiejar)}
    own = Origin(f"http://127.0.0.1:{site.port}")
    with site.socket(container["live_url"], "live.v1", additional_headers=cookie, origin=own) as ws:
        assert json.loads(ws.recv(PATIENCE))["re"] == "snapshot"
        assert json.loads(ws.recv(PATIENCE))["re"] == "events"
        assert json.loads(ws.recv(PATIENCE))["re"] == "patch"
    for origin in (None, Origin("http://evil.example"), Origin(f"http://localhost:{site.port}"), Origin("null")):
        with pytest.raises(InvalidStatus) as refused:
            site.socket(container["live_url"], "live.v1", additional_headers=cookie, origin=origin)
        assert refused.value.response.status_code == 403


def test_the_worker_restarts_under_an_open_terminal(site: Site, site_token: str, container: dict[str, Any]) -> None:
    secret = ticket(site, site_token, container)
    bearer = {"Authorization": f"Bearer {site_token}"}
    with site.socket(container["terminal_url"], pty.SUBPROTOCOL, additional_headers=bearer) as ws:
        ws.send(pty.json_frame(pty.Kind.HELLO, pty.Hello(v=1, ticket=secret)))
        ws.recv(PATIENCE)
        site.worker.stop()
        try:
            assert rest(ws)[1] == pty.Close.WORKER_AWAY
        finally:
            site.worker.start()
