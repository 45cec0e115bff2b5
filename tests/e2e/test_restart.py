"""Killing the worker or the web server loses no shell, no byte and no exit status."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

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


def attach_again(visitor: Visitor, shell: tuple[str, str], before: PtyClient, within: float = 20) -> PtyClient:
    deadline = time.monotonic() + within
    while True:
        try:
            return visitor.attach(*shell, epoch=before.welcome.epoch, have=before.offset)
        except (RuntimeError, OSError, ConnectionClosed):
            if time.monotonic() > deadline:
                raise


def drain(client: PtyClient, seconds: float) -> None:
    """Take in what still comes of a connection that is about to break."""
    end = time.monotonic() + seconds
    with contextlib.suppress(ConnectionClosed):
        while (left := end - time.monotonic()) > 0:
            client.step(left)
    client.close()


def counted(output: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"(?m)^n(\d+)\r$", output)]


def goes_on(first: PtyClient, second: PtyClient) -> None:
    """The counter counts on, and what both viewers saw together is every number once."""
    last = counted(bytes(first.output))[-1]
    second.until(f"n{last + 200}\r".encode())
    numbers = counted(bytes(first.output + second.output))
    assert numbers == list(range(1, numbers[-1] + 1))


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
    goes_on(first, second)
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
    goes_on(first, second)
    second.close()


def test_the_exit_status_of_a_shell_that_ended_while_no_worker_ran_is_known(
    stack: Stack, visitor: Visitor, shell: tuple[str, str]
) -> None:
    client = visitor.attach(*shell)
    client.run("true")
    pid = visitor.call("GET", f"/containers/{shell[0]}").body["pid"]
    keeper, worker = stack.pid("keeper"), stack.pid("worker")
    client.type("usleep 300000; exit 7\r")
    client.until(b"exit 7")
    os.kill(keeper, signal.SIGSTOP)
    try:
        os.kill(worker, signal.SIGKILL)
        until(lambda: "(zombie)" in Path(f"/proc/{pid}/status").read_text(), "the shell's end")
    finally:
        os.kill(keeper, signal.SIGCONT)
    client.close()

    def ended() -> bool:
        answer = visitor.call("GET", f"/containers/{shell[0]}")
        return answer.status == 200 and answer.body["state"] == "stopped"

    until(ended, "word of the shell's end")
    assert visitor.call("GET", f"/containers/{shell[0]}").body["exit"]["code"] == 7
    again = visitor.attach(*shell, epoch=client.welcome.epoch, have=client.offset)
    assert again.until_exit()["code"] == 7
    again.close()


def until(holds: Callable[[], bool], what: str, seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(0.02)
