"""The site as an own process under Daphne, with a fake worker behind it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.support.fake_worker import FakeWorker

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20


@dataclass
class Site:
    port: int
    environ: dict[str, str]
    worker: FakeWorker
    log: Path
    pid: int = 0

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
    with serving(tmp_path_factory.mktemp("site"), tick=0.05) as found:
        yield found


@contextmanager
def serving(place: Path, *, tick: float) -> Iterator[Site]:
    """Everything it writes is below `place`; `tick`: seconds between the fake worker's pictures."""
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
    with FakeWorker(place / "worker.sock", tick=tick) as worker, log.open("wb") as out:
        found = Site(port, environ, worker, log)
        found.manage("migrate", "-v0")
        found.manage("ensure_local_user", "--name", "ann")
        command = [sys.executable, "-m", "webapp.daphne", "-b", "127.0.0.1", "-p", str(port)]  # as ./dev
        server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out)
        found.pid = server.pid
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
def site_token(site: Site) -> str:
    return site.manage("create_token")
