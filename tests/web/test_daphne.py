"""The same under a real server: Daphne, an own process, real sockets."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from runtime.protocol import pty
from tests.support.fake_worker import FakeWorker

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20


@dataclass
class Site:
    port: int
    environ: dict[str, str]
    worker: FakeWorker
    log: Path

    def manage(self, *args: str) -> str:
        command = [sys.executable, "manage.py", *args]
        done = subprocess.run(command, cwd=ROOT, env=self.environ, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def get(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any, bytes]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def socket(self, path: str, protocol: str, **more: Any) -> ClientConnection:
        opened: ClientConnection = connect(
            f"ws://127.0.0.1:{self.port}{path}",
            subprotocols=[Subprotocol(protocol)],
            open_timeout=PATIENCE,
            compression=None,
            **more,
        )
        return opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place = tmp_path_factory.mktemp("site")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environ = {
        **os.environ,
        "TERRARIUM_VAR_DIR": str(place / "var"),
        "TERRARIUM_WORKER_SOCKET": str(place / "worker.sock"),
    }
    for unwanted in ("DATABASE_URL", "TERRARIUM_ORIGINS", "TERRARIUM_DEBUG", "ALLOWED_HOSTS"):
        environ.pop(unwanted, None)
    log = place / "web.log"
    with FakeWorker(place / "worker.sock", tick=0.05) as worker, log.open("wb") as out:
        found = Site(port, environ, worker, log)
        found.manage("migrate", "-v0")
        found.manage("ensure_local_user", "--name", "ann")
        command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "webapp.asgi:application"]
        server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                try:
                    found.get("/accounts/login/")
                    break
                except urllib.error.URLError:
                    time.sleep(0.05)
            yield found
        finally:
            server.terminate()
            server.wait(15)


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return site.manage("create_token")


@pytest.fixture
def container(site: Site, token: str) -> dict[str, Any]:
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    status, _headers, body = site.get("/api/v1/containers", {"image": "busybox"}, **bearer)
    assert status == 201, body
    found: dict[str, Any] = json.loads(body)
    return found


def ticket(site: Site, token: str, container: dict[str, Any]) -> str:
    path = f"/api/v1/containers/{container['id']}/terminals/{container['terminals'][0]['id']}/attach"
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
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


def test_a_shell_by_token(site: Site, token: str, container: dict[str, Any]) -> None:
    secret = ticket(site, token, container)
    bearer = {"Authorization": f"Bearer {token}"}
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


def test_close_codes_reach_the_browser(site: Site, token: str, container: dict[str, Any]) -> None:
    bearer = {"Authorization": f"Bearer {token}"}
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
        assert json.loads(ws.recv(PATIENCE))["re"] == "patch"
    for origin in (None, Origin("http://evil.example"), Origin(f"http://localhost:{site.port}"), Origin("null")):
        with pytest.raises(InvalidStatus) as refused:
            site.socket(container["live_url"], "live.v1", additional_headers=cookie, origin=origin)
        assert refused.value.response.status_code == 403


def test_the_worker_restarts_under_an_open_terminal(site: Site, token: str, container: dict[str, Any]) -> None:
    secret = ticket(site, token, container)
    bearer = {"Authorization": f"Bearer {token}"}
    with site.socket(container["terminal_url"], pty.SUBPROTOCOL, additional_headers=bearer) as ws:
        ws.send(pty.json_frame(pty.Kind.HELLO, pty.Hello(v=1, ticket=secret)))
        ws.recv(PATIENCE)
        site.worker.stop()
        try:
            assert rest(ws)[1] == pty.Close.WORKER_AWAY
        finally:
            site.worker.start()
