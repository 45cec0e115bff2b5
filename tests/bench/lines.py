"""Ways to a shell that are measured alike: through us, through terminado, and a bare pty with nothing between.

A `Line` is typed into and read from; the measures below are the same for all, so that their figures can be divided.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from websockets.sync.client import ClientConnection

from tests.support.visitor import PtyClient

FLOODED = 2 << 20  # bytes of `yes` that are under way before Ctrl-C
LINE = "abcdefghijklmnopqrstuvwxyz0123456789"


class Line(Protocol):
    """`read` returns what came, at least a byte. Raises `TimeoutError`."""

    def type(self, keys: str) -> None: ...
    def read(self, seconds: float) -> bytes: ...


class Ours:
    def __init__(self, client: PtyClient) -> None:
        self._client = client
        self.type = client.type

    def read(self, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        output = self._client.output
        while not output:
            if self._client.step(max(0.0, deadline - time.monotonic())) is None:
                raise TimeoutError(f"nothing came within {seconds} s")
        data = bytes(output)
        output.clear()
        return data


class Theirs:
    """terminado's JSON: `["stdin", text]`, `["stdout", text]`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def type(self, keys: str) -> None:
        self._socket.send(json.dumps(["stdin", keys]))

    def read(self, seconds: float) -> bytes:
        while True:
            kind, *rest = json.loads(self._socket.recv(timeout=seconds))
            if kind == "stdout" and rest[0]:
                return str(rest[0]).encode()


class Bare:
    """The same shell on a pty of this process."""

    def __init__(self, master: int) -> None:
        self._master = master

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def read(self, seconds: float) -> bytes:
        if not select.select([self._master], [], [], seconds)[0]:
            raise TimeoutError(f"nothing came within {seconds} s")
        return os.read(self._master, 65536)


@contextmanager
def bare(argv: list[str]) -> Iterator[Bare]:
    pid, master = os.forkpty()
    if pid == 0:
        os.execvp(argv[0], argv)  # noqa: S606 - a shell of our own choice
    try:
        yield Bare(master)
    finally:
        os.close(master)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def until(line: Line, wanted: bytes, seconds: float = 15) -> None:
    """Read until `wanted` came."""
    tail = b""
    deadline = time.monotonic() + seconds
    while wanted not in tail:
        tail = tail[-len(wanted) :] + line.read(max(0.01, deadline - time.monotonic()))


def echo(line: Line, keys: int) -> list[float]:
    """Seconds from a key to its echo by the pty. Raises `TimeoutError`."""
    # Ready is said by the child: a shell's own line editing turns the echo off until it has run a command.
    line.type("sh -c 'stty -icanon; echo REA''DY; cat >/dev/null'\r")
    until(line, b"READY\r\n")
    samples = []
    for number in range(keys):
        begin = time.perf_counter()
        line.type("abcdefgh"[number % 8])
        line.read(5)
        samples.append(time.perf_counter() - begin)
    line.type("\x03")
    until(line, b"# ")
    return samples


def throughput(line: Line, amount: int) -> float:
    """MB/s of `yes`, read as fast as it comes; it is ended with Ctrl-C."""
    line.type(f"yes {LINE}\r")
    until(line, b"6789\r\n")
    begin, seen = time.perf_counter(), 0
    while seen < amount:
        seen += len(line.read(10))
    spent = time.perf_counter() - begin
    line.type("\x03")
    until(line, b"# ", 60)
    return seen / spent / 1e6


def interrupt(line: Line, rounds: int) -> list[float]:
    """Seconds from Ctrl-C to the prompt, while `yes` floods."""
    samples = []
    for _ in range(rounds):
        line.type("yes\r")
        until(line, b"y\r\ny\r\n")
        seen = 0
        while seen < FLOODED:
            seen += len(line.read(5))
        begin = time.perf_counter()
        line.type("\x03")
        until(line, b"# ", 60)
        samples.append(time.perf_counter() - begin)
    return samples
