"""The same under a real server: Daphne, an own process, real sockets."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.typing import Origin

from runtime.protocol import pty
from tests.web.event_reader import Told, parsed
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


@contextmanager
def listening(site: Site, container: dict[str, Any], **headers: str) -> Iterator[http.client.HTTPResponse]:
    """An open event stream."""
    line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    try:
        line.request("GET", f"/api/v1/containers/{container['id']}/events", headers=headers)
        answer = line.getresponse()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
        yield answer
        answer.close()
    finally:
        line.close()


def heard(answer: http.client.HTTPResponse, kind: str) -> Told:
    """The next event of this kind."""
    block: list[str] = []
    while line := answer.readline().decode():
        if line != "\n":
            block.append(line.rstrip("\n"))
            continue
        found = parsed("\n".join(block))
        block = []
        if found.kind == kind:
            return found
    raise AssertionError(f"ended before {kind}")


def test_events_as_they_happen(site: Site, site_token: str, container: dict[str, Any]) -> None:
    bearer = {"Authorization": f"Bearer {site_token}"}
    with listening(site, container, **bearer) as answer:
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["Cache-Control"] == "no-store"
        heard(answer, "state")
        path = f"/api/v1/containers/{container['id']}"
        began = time.monotonic()
        site.get(f"{path}/exec", {"argv": ["rm", "/etc/motd"]}, **bearer, **{"Content-Type": "application/json"})
        last = heard(answer, "whiteout")
        assert last.data["path"] == "/etc/motd"
        assert time.monotonic() - began < 1, "it is passed on at once, not when a buffer is full"
    with listening(site, container, **bearer, **{"Last-Event-ID": str(last.id)}) as answer:
        site.worker.do(lambda: site.worker.containers[container["id"]].world.oom(["hog"]))
        victim = heard(answer, "oom")
        assert (victim.data["comm"], victim.data["limit_at"]) == ("hog", f"/terrarium/{container['id']}")
        request = urllib.request.Request(f"http://127.0.0.1:{site.port}{path}", headers=bearer, method="DELETE")
        urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310
        heard(answer, "gone")
        assert answer.read() == b""


def test_whoever_leaves_a_stream_is_let_go(site: Site, site_token: str, container: dict[str, Any]) -> None:
    """More often than streams may be open at a time: those that were closed count no more, here nor with the worker."""
    watchers = site.worker.containers[container["id"]].watchers
    for _ in range(20):
        with listening(site, container, Authorization=f"Bearer {site_token}") as answer:
            heard(answer, "state")
        deadline = time.monotonic() + PATIENCE
        while site.worker.do(lambda: len(watchers)):
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert "Traceback" not in site.log.read_text()
