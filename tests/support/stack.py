"""The whole product, started as a person starts it: `./dev up --detach`, under a name and a port of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_IDMAP_BASE = 2_013_265_920  # 0x7800_0000: the upper half of the default range, so that a real instance is not met


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Stack:
    """A running instance. `url` has no trailing slash; `login_path` works once; `settings` hold from the next `up`."""

    name: str
    port: int = field(default_factory=free_port)
    login_path: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    _var: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def var_dir(self) -> Path:
        return Path(self._var.name)

    @property
    def run_dir(self) -> Path:
        return Path("/run") / self.name

    @property
    def state_dir(self) -> Path:
        return Path("/var/lib") / self.name

    @property
    def environ(self) -> dict[str, str]:
        images = os.environ.get("TERRARIUM_IMAGES_DIR", "/var/lib/terrarium/images")
        own = {key: value for key, value in os.environ.items() if not key.startswith("TERRARIUM_")}
        return {
            **own,
            "TERRARIUM_NAME": self.name,
            "TERRARIUM_PORT": str(self.port),
            "TERRARIUM_VAR_DIR": self._var.name,
            "TERRARIUM_IMAGES_DIR": images,
            "TERRARIUM_IDMAP_BASE": str(_IDMAP_BASE),
            "TERRARIUM_IDMAP_SLOTS": "256",
            **self.settings,
        }

    def dev(self, *args: str, timeout: float = 600) -> str:
        """Run `./dev …`; its standard output. Raises `RuntimeError` with all it said when it failed."""
        done = subprocess.run(
            [str(ROOT / "dev"), *args],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"./dev {' '.join(args)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def up(self) -> None:
        said = self.dev("up", "--detach")
        found = re.search(r"http://\S+?(/login/\S+)", said)
        if not found:
            raise RuntimeError(f"./dev up printed no login address:\n{said}")
        self.login_path = found[1]

    def down(self) -> None:
        self.dev("down")
        self._var.cleanup()
        for directory in (self.run_dir, self.state_dir):
            shutil.rmtree(directory)

    def token(self, user: str | None = None) -> str:
        return self.dev("token", *(["--user", user] if user else [])).strip()

    def login(self, user: str | None = None) -> str:
        """The path of a new address that logs in once."""
        return urllib.parse.urlsplit(self.dev("login", *(["--user", user] if user else [])).strip()).path

    def pid(self, which: str) -> int:
        """Host pid of `keeper`, `worker` or `web`."""
        if which == "web":
            return int((self.var_dir / "web.pid").read_text())
        keeper = int((self.run_dir / "keeper.pid").read_text())
        if which == "keeper":
            return keeper
        for child in Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split():
            if b"runtime.server" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        raise LookupError(f"keeper {keeper} has no worker now")


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any


def rest(stack: Stack, token: str, method: str, path: str, body: object = None) -> Answer:
    """One REST call; errors are answers too."""
    request = urllib.request.Request(  # noqa: S310 - loopback, our own server
        f"{stack.url}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            status, raw = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, raw = error.code, error.read()
    return Answer(status, json.loads(raw) if raw else None)
