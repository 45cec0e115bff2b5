"""What our Daphne does that Daphne does not: it bounds bodies, ends what broke off, and lets sockets grow old."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.protocol.terminals import MAX_FILE
from tests.support.fake_transfers import RESTLESS
from tests.web.site import PATIENCE, ROOT, Site
from webapp.daphne import Server

MIB = 1024**2


@pytest.fixture
def content(site: Site, site_token: str) -> str:
    """The address of files of a container."""
    bearer = {"Authorization": f"Bearer {site_token}", "Content-Type": "application/json"}
    body = site.get("/api/v1/containers", {"image": "busybox"}, **bearer)[2]
    return f"/api/v1/containers/{json.loads(body)['id']}/files/content?path=/root/"


def sent(
    site: Site, method: str, path: str, pieces: Iterator[bytes], headers: dict[str, str], *, length: int | None = None
) -> tuple[int, Any]:
    """Status and JSON of the answer to a body that goes piece by piece, in chunks where its length is not said."""
    line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    try:
        how = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
        line.request(method, path, pieces, headers | how, encode_chunked=length is None)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


def pieces(count: int) -> Iterator[bytes]:
    return (bytes(MIB) for _ in range(count))


def peak(site: Site) -> int:
    """Bytes: the most memory that the server ever had (proc_pid_status(5))."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{site.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.parametrize("said", [True, False])
def test_no_more_is_kept_of_a_body_than_may_be_sent(site: Site, site_token: str, content: str, said: bool) -> None:
    """Nobody need be logged in to send one."""
    count = 4 * MAX_FILE // MIB
    before = peak(site)
    length = count * MIB if said else None
    callers: list[dict[str, str]] = [{}, {"Authorization": f"Bearer {site_token}"}]
    for headers in callers:
        status, body = sent(site, "PUT", f"{content}big", pieces(count), headers, length=length)
        assert (status, body["code"]) == ((413, "invalid-spec") if headers else (401, "access-denied"))
    assert f"{count * MIB}" in body["message"]
    assert peak(site) - before < 2 * MAX_FILE


def test_a_body_in_chunks_is_bound_by_the_same_limits(site: Site, site_token: str, content: str) -> None:
    bearer = {"Authorization": f"Bearer {site_token}", "Content-Type": "application/json"}
    status, body = sent(site, "POST", "/api/v1/containers", pieces(3), bearer)
    assert (status, body["code"], body["message"]) == (413, "invalid-spec", "the body is too large")
    assert sent(site, "PUT", f"{content}three", pieces(3), bearer) == (200, {"path": "/root/three", "bytes": 3 * MIB})


def test_a_form_that_is_none_is_refused_in_words(site: Site, site_token: str) -> None:
    headers = {"Authorization": f"Bearer {site_token}", "Content-Type": "multipart/form-data; boundary=x"}
    status, body = sent(site, "POST", "/api/v1/containers", iter([b"no form"]), headers, length=7)
    assert (status, body["code"]) == (400, "invalid-spec")


def test_a_download_that_breaks_off_ends_its_connection(site: Site, site_token: str, content: str) -> None:
    """Else the reader waits for the bytes that are missing."""
    bearer = {"Authorization": f"Bearer {site_token}"}
    path = content.removesuffix("/root/") + RESTLESS
    assert sent(site, "PUT", path, pieces(3), bearer, length=3 * MIB)[0] == 200
    line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    try:
        line.request("GET", path, headers=bearer)
        answer = line.getresponse()
        assert answer.headers["Content-Length"] == str(3 * MIB)
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    finally:
        line.close()


BREAKS = """
import sys
from webapp.daphne import CommandLine

async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise ValueError("in the middle")

sys.modules["breaks"] = sys.modules["__main__"]
CommandLine().run(["-b", "127.0.0.1", "-p", sys.argv[1], "breaks:application"])
"""


def test_an_answer_that_fails_half_way_is_cut_off(site: Site, tmp_path: Path) -> None:
    """Without a length, its end would be taken for the end of all of it; and it is no end of the server's own care."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = tmp_path / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-c", BREAKS, str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env=site.environ, stdout=out, stderr=out)
    try:
        for _ in range(2):
            line = reached(port)
            line.request("GET", "/")
            with pytest.raises(http.client.IncompleteRead):
                line.getresponse().read()
            line.close()
        assert "already been started" not in log.read_text()
    finally:
        server.terminate()
        server.wait(PATIENCE)


def reached(port: int) -> http.client.HTTPConnection:
    deadline = time.monotonic() + PATIENCE
    while True:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            line.connect()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return line


def test_no_socket_is_closed_for_its_age() -> None:
    """Daphne alone would end each after a day."""
    assert "-m webapp.daphne" in (ROOT / "dev").read_text()
    assert Server(endpoints=["tcp:0"], application=None, websocket_timeout=86_400).websocket_timeout == -1


def test_runserver_is_ours_too(tmp_path: Path) -> None:
    code = (
        "import sys, manage\n"
        "from django.core import management\n"
        "def look(argv):\n"
        "    import django; django.setup()\n"
        "    print(management.load_command_class('whitenoise.runserver_nostatic', 'runserver').server_cls.__module__)\n"
        "management.execute_from_command_line = look\n"
        "sys.argv = ['manage.py', 'runserver']\n"
        "manage.main()\n"
    )
    environ = os.environ | {"TERRARIUM_NO_WORKER": "1", "TERRARIUM_VAR_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "webapp.daphne"
