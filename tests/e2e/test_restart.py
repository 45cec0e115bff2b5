"""Killing the worker or the web server loses no shell, no byte and no exit status."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.stack import Stack
from tests.support.visitor import ConnectionClosed, PtyClient, Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")
COUNTER = "i=0; while :; do i=$((i+1)); echo n$i; usleep 2000; done\r"


@pytest.fixture
def shell(visitor: Visitor) -> Iterator[tuple[str, str]]:
    made = visitor.call("POST", "/containers", {"image": "busybox"})
    assert made.status == 201, made.body
    terminal = next(one["id"] for one in made.body["terminals"] if one["console"])
    yield made.body["id"], terminal
    visitor.call("DELETE", f"/containers/{made.body['id']}")


def attach_again(visitor: Visitor, shell: tuple[str, str], before: PtyClient, within: float = 5) -> PtyClient:
    deadline = time.monotonic() + within
    while True:
        try:
            return visitor.attach(*shell, epoch=before.welcome.epoch, have=before.offset)
        except (RuntimeError, OSError, ConnectionClosed):
            if time.monotonic() > deadline:
                raise


def drain(client: PtyClient, seconds: float) -> None:
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            client.step(max(0.01, end - time.monotonic()))
    except ConnectionClosed:
        pass


def counted(output: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"(?m)^n(\d+)\r$", output)]


def test_no_byte_is_lost_or_repeated_when_the_worker_is_killed(
    stack: Stack, visitor: Visitor, shell: tuple[str, str]
) -> None:
    first = visitor.attach(*shell)
    first.type(COUNTER)
    first.until(b"n50\r")
    os.kill(stack.pid("worker"), signal.SIGKILL)
    drain(first, 1)
    second = attach_again(visitor, shell, first)
    assert second.welcome.epoch == first.welcome.epoch
    assert second.welcome.replay.start == first.offset
    last = counted(bytes(first.output))[-1]
    second.until(f"n{last + 200}\r".encode())
    numbers = counted(bytes(first.output + second.output))
    assert numbers == list(range(1, numbers[-1] + 1))
    second.close()


def test_no_byte_is_lost_or_repeated_when_the_web_server_is_killed(
    stack: Stack, visitor: Visitor, shell: tuple[str, str]
) -> None:
    first = visitor.attach(*shell)
    first.type(COUNTER)
    first.until(b"n50\r")
    os.kill(stack.pid("web"), signal.SIGKILL)
    drain(first, 0.2)
    stack.up()
    second = attach_again(visitor, shell, first)
    last = counted(bytes(first.output))[-1]
    second.until(f"n{last + 200}\r".encode())
    numbers = counted(bytes(first.output + second.output))
    assert numbers == list(range(1, numbers[-1] + 1))
    second.close()


def test_the_exit_status_of_a_shell_that_ended_meanwhile_is_known(
    stack: Stack, visitor: Visitor, shell: tuple[str, str]
) -> None:
    client = visitor.attach(*shell)
    client.run("true")
    worker = stack.pid("worker")
    os.kill(worker, signal.SIGSTOP)
    client.type("exit 7\r")
    container = visitor.call  # the worker is stopped: the bytes wait in its socket
    os.kill(worker, signal.SIGCONT)
    assert client.until_exit()["code"] == 7
    os.kill(stack.pid("worker"), signal.SIGKILL)
    deadline = time.monotonic() + 5
    while (answer := container("GET", f"/containers/{shell[0]}")).status != 200:
        assert time.monotonic() < deadline, answer
    assert answer.body["state"] == "stopped"
    assert answer.body["exit"]["code"] == 7
    client.close()


def test_the_exit_status_is_known_when_the_shell_ends_while_no_worker_runs(
    stack: Stack, visitor: Visitor, shell: tuple[str, str]
) -> None:
    client = visitor.attach(*shell)
    client.run("true")
    client.type("(usleep 300000; kill -9 $$) & wait\r")
    client.until(b"wait")
    client.type("trap 'exit 9' TERM; while :; do usleep 1000; done\r")
    pid = visitor.call("GET", f"/containers/{shell[0]}").body["pid"]
    worker = stack.pid("worker")
    os.kill(worker, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 8
    while (answer := visitor.call("GET", f"/containers/{shell[0]}")).status != 200 or answer.body["state"] == "running":
        assert time.monotonic() < deadline, answer
    assert answer.body["exit"]["signal"] == signal.SIGKILL
    client.close()
