"""Two people and one terminal, under the real server: log in, follow the link, look on, be let, be shown out."""

from __future__ import annotations

import http.cookiejar
import json
import re
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
from runtime.protocol.pty import Close, ControlOp, Kind
from tests.web.site import PATIENCE, Site


class Person:
    """A browser, logged in by a login link of this name."""

    def __init__(self, site: Site, name: str) -> None:
        self.site = site
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.csrf = str(self.boot(site.manage("login_link", "--user", name))["csrf"])

    def boot(self, path: str) -> dict[str, Any]:
        with self.opener.open(f"http://127.0.0.1:{self.site.port}{path}", timeout=PATIENCE) as page:
            text = page.read().decode()
        found = re.search(r'<script id="boot" type="application/json">(.*?)</script>', text, re.DOTALL)
        assert found, text
        boot: dict[str, Any] = json.loads(found[1])
        return boot

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "X-CSRFToken": self.csrf, "Origin": self.origin()}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.site.port}/api/v1{path}", data, headers, method=method
        )
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def origin(self) -> str:
        return f"http://127.0.0.1:{self.site.port}"

    def socket(self, path: str, **more: Any) -> ClientConnection:
        cookie = {"Cookie": "; ".join(f"{each.name}={each.value}" for each in self.jar)}
        origin = more.pop("origin", Origin(self.origin()))
        return self.site.socket(path, pty.SUBPROTOCOL, additional_headers=cookie, origin=origin)

    @contextmanager
    def attached(self, path: str) -> Iterator[ClientConnection]:
        """`path`: of the call that gives a ticket."""
        status, ticket = self.call("POST", path, {} if "/terminals/" in path else None)
        assert status == 200, ticket
        with self.socket(ticket["url"]) as ws:
            ws.send(pty.json_frame(Kind.HELLO, pty.Hello(v=1, ticket=ticket["ticket"])))
            yield ws


def until(ws: ClientConnection, kind: Kind) -> bytes:
    while True:
        frame = ws.recv(PATIENCE)
        assert isinstance(frame, bytes)
        if frame[0] == kind:
            return frame


def closed(ws: ClientConnection) -> int | None:
    try:
        while True:
            ws.recv(PATIENCE)
    except ConnectionClosed as gone:
        return gone.rcvd.code if gone.rcvd else None


@pytest.fixture(scope="module")
def owner(site: Site) -> Person:
    return Person(site, "owner")


@pytest.fixture(scope="module")
def guest(site: Site) -> Person:
    return Person(site, "guest")


@pytest.fixture
def made(owner: Person) -> dict[str, Any]:
    status, found = owner.call("POST", "/containers", {"image": "busybox"})
    assert status == 201, found
    result: dict[str, Any] = found
    return result


@pytest.fixture
def share(owner: Person, made: dict[str, Any]) -> dict[str, Any]:
    body = {"terminal": made["terminals"][0]["id"]}
    status, found = owner.call("POST", f"/containers/{made['id']}/shares", body)
    assert status == 201, found
    result: dict[str, Any] = found
    return result


def test_a_link_from_one_browser_to_another(
    owner: Person, guest: Person, made: dict[str, Any], share: dict[str, Any]
) -> None:
    boot = guest.boot(share["url"])
    assert (boot["page"], boot["shared"]["owner"]) == ("shared", "owner")
    console = made["terminals"][0]["id"]
    with owner.attached(f"/containers/{made['id']}/terminals/{console}/attach") as mine:
        until(mine, Kind.WELCOME)
        with guest.attached(f"/shares/{share['id']}/attach") as theirs:
            viewer = msgspec.json.decode(until(theirs, Kind.WELCOME)[1:], type=pty.Welcome).viewer
            theirs.send(pty.control_frame(ControlOp.REQUEST))
            mine.send(pty.control_frame(ControlOp.GRANT, viewer))
            theirs.send(pty.ping_frame(1, 0.0))
            while msgspec.json.decode(until(theirs, Kind.STATE)[1:], type=pty.StateBody).driver != viewer:
                pass
            theirs.send(pty.input_frame(1, b"echo together\r"))
            text = b""
            while b"together\r\ntogether\r\n" not in text:
                offset, data = pty.output_body(until(mine, Kind.OUTPUT))
                text += data
                mine.send(pty.ack_frame(offset + len(data)))
            assert owner.call("DELETE", f"/containers/{made['id']}/shares/{share['id']}") == (204, None)
            assert closed(theirs) == Close.ROLE
    assert guest.call("GET", f"/shares/{share['id']}")[1]["message"] == "its owner has stopped sharing it"


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://127.0.0.1:{other}",
        "https://127.0.0.1:{port}",
        "http://a.127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:{port}.evil.example",
    ],
)
def test_pages_from_elsewhere(
    site: Site, owner: Person, guest: Person, made: dict[str, Any], share: dict[str, Any], origin: str | None
) -> None:
    """A student's own server on another port of this machine is elsewhere too."""
    guest.boot(share["url"])
    text = None if origin is None else Origin(origin.format(port=site.port, other=site.port + 1))
    for person, path in (
        (owner, made["terminal_url"]),
        (guest, f"/ws/shared/{share['id']}"),
    ):
        with pytest.raises(InvalidStatus) as refused:
            person.socket(path, origin=text)
        assert refused.value.response.status_code in {400, 403}  # 400: Daphne itself, of what is no origin
        with person.socket(path) as ws:  # the right one does
            ws.send(b"\x01{}")
            assert closed(ws) == Close.PROTOCOL


def test_a_session_cookie_beside_a_token_is_no_token(site: Site, owner: Person, made: dict[str, Any]) -> None:
    """Without an Origin only who shows a token is heard, and by that token alone."""
    cookie = "; ".join(f"{each.name}={each.value}" for each in owner.jar)
    headers = {"Cookie": cookie, "Authorization": "Bearer trm_nonsense"}
    with site.socket(made["terminal_url"], pty.SUBPROTOCOL, additional_headers=headers) as ws:
        assert closed(ws) == Close.TICKET


def test_what_daphne_passes_on_and_we_do_not(site: Site, owner: Person, made: dict[str, Any]) -> None:
    console = made["terminals"][0]["id"]
    attach = f"/containers/{made['id']}/terminals/{console}/attach"
    floods: list[tuple[list[bytes | str], Close]] = [
        (["text"], Close.PROTOCOL),
        ([b"\x02" + bytes(65 * 1024)], Close.PROTOCOL),
        ([pty.ping_frame(0, 0.0)] * 5000, Close.RATE),
    ]
    for frames, code in floods:
        with owner.attached(attach) as ws:
            until(ws, Kind.WELCOME)
            for frame in frames:
                try:
                    ws.send(frame)
                except ConnectionClosed:
                    break
            assert msgspec.json.decode(until(ws, Kind.ERROR)[1:], type=pty.ErrorBody).close == code
            assert closed(ws) == code
    assert "Traceback" not in site.log.read_text()
