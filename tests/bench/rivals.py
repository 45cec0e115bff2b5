"""What is measured beside us, where it is installed: Docker through its API, terminado and another ASGI server."""

from __future__ import annotations

import copy
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.stack import Stack, free_port

IMAGE = "terrarium-bench-busybox"
DOCKER_SOCKET = os.environ.get("TERRARIUM_BENCH_DOCKER", "/var/run/docker.sock")


class _UnixConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(DOCKER_SOCKET)


def _docker(method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
    connection = _UnixConnection("localhost", timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"docker {method} {path}: {answer.status} {text.decode(errors='replace')}")
        return json.loads(text) if text[:1] in (b"{", b"[") else text
    finally:
        connection.close()


def docker_here() -> bool:
    """A daemon answers. `TERRARIUM_BENCH_DOCKER` names its socket when it is not the usual one."""
    try:
        _docker("GET", "/_ping")
    except (OSError, RuntimeError):
        return False
    return True


@dataclass
class Docker:
    starts: list[float]  # seconds, create + start through the API
    rate: float  # starts a second, eight in parallel


def _import_busybox() -> None:
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add("/bin/busybox", "bin/busybox")
    _docker("POST", f"/images/create?fromSrc=-&repo={IMAGE}", packed.getvalue(), "application/x-tar")


def _docker_start(_: int = 0) -> tuple[str, float]:
    body = {"Image": IMAGE, "Cmd": ["/bin/busybox", "sleep", "100"], "Tty": True,
            "HostConfig": {"NetworkMode": "none", "Memory": 256 << 20, "PidsLimit": 128}}  # fmt: skip
    begin = time.perf_counter()
    made = _docker("POST", "/containers/create", json.dumps(body).encode())["Id"]
    _docker("POST", f"/containers/{made}/start")
    return made, time.perf_counter() - begin


def docker_api(rounds: int) -> Docker:
    """Raises `RuntimeError` when the daemon refuses."""
    _import_busybox()
    starts = []
    for _ in range(rounds):
        made, spent = _docker_start()
        starts.append(spent)
        _docker("DELETE", f"/containers/{made}?force=1")
    with ThreadPoolExecutor(8) as pool:
        begin = time.perf_counter()
        made_all = list(pool.map(_docker_start, range(40)))
        rate = len(made_all) / (time.perf_counter() - begin)
        list(pool.map(lambda made: _docker("DELETE", f"/containers/{made[0]}?force=1"), made_all))
    _docker("DELETE", f"/images/{IMAGE}")
    return Docker(starts, rate)


class Uvicorn:
    """Our own application under uvicorn, beside the running instance: its settings, its person, its database."""

    def __init__(self, stack: Stack) -> None:
        self._web = stack.pid("web")
        self.stack = copy.copy(stack)
        self.stack.port = free_port()

    def __enter__(self) -> Uvicorn:
        environ = Path(f"/proc/{self._web}/environ").read_bytes().decode().rstrip("\0").split("\0")
        status = Path(f"/proc/{self._web}/status").read_text()
        uid, gid = (re.search(rf"(?m)^{key}:\t(\d+)", status)[1] for key in ("Uid", "Gid"))  # type: ignore[index]
        self._process = subprocess.Popen(
            ["nsenter", "-t", str(self._web), "--mount", "--wd", "setpriv", f"--reuid={uid}", f"--regid={gid}",
             "--clear-groups", ".venv/bin/python", "-m", "uvicorn", "--host", "127.0.0.1", "--port",
             str(self.stack.port), "--ws-per-message-deflate", "false", "--log-level", "warning",
             "webapp.asgi:application"],
            env=dict(pair.partition("=")[::2] for pair in environ if pair),
        )  # fmt: skip
        await_port(self.stack.port, "uvicorn")
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(10)


def await_port(port: int, what: str) -> None:
    """Wait until somebody listens there. Raises `RuntimeError`."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{what} did not start")


class Terminado:
    """A terminado server with a plain shell, on loopback, for the time of a `with`."""

    def __init__(self) -> None:
        self.port = free_port()

    def __enter__(self) -> Terminado:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("terminado_server.py")), str(self.port)]
        )
        await_port(self.port, "terminado")
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"
