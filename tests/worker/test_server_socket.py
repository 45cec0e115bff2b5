"""The worker's socket: what is no request, who must stay outside, and the tool that speaks to it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from runtime.protocol import messages
from runtime.protocol.framing import HEADER, framed
from tests.support.usage import resident
from tests.worker.instance import ROOT, Instance


def raw(instance: Instance, *frames: bytes) -> list[dict[str, object]]:
    """The replies to some frames on one connection, as far as they come."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(instance.config.socket))
        sock.sendall(b"".join(frames))
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while part := sock.recv(65536):
            data += part
    replies = []
    while data:
        length = int.from_bytes(data[:HEADER], "big")
        replies.append(json.loads(data[HEADER : HEADER + length]))
        data = data[HEADER + length :]
    return replies


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"{", "protocol-error", None),
        (b"[1]", "protocol-error", None),
        (b"{}", "protocol-error", "op"),
        (b'{"op":"format-disk"}', "protocol-error", "op"),
        (b'{"op":"get","id":5,"owner":null}', "invalid-spec", "id"),
        (b'{"op":"get","id":"x"}', "invalid-spec", "owner"),
        (
            b'{"op":"launch","id":"a","owner":"b","name":"c","image":"d","limits":{"pids":"many"}}',
            "invalid-spec",
            "limits.pids",
        ),
        (b'{"op":"source","id":"x","owner":"b","side":"left","panel":"cgroup","key":"k"}', "invalid-spec", "side"),
        (b"[" * 100_000, "protocol-error", None),
    ],
)
def test_a_malformed_request_is_refused_by_field_and_the_connection_lives_on(
    instance: Instance, body: bytes, code: str, field: str | None
) -> None:
    refused, pong = raw(instance, framed(body), framed(b'{"op":"ping"}'))
    assert (refused["re"], refused["code"], refused.get("field")) == ("fault", code, field)
    assert pong["re"] == "pong"


def test_a_frame_too_large_ends_the_connection_with_a_word(instance: Instance) -> None:
    (refused,) = raw(instance, (8 * 1024 * 1024).to_bytes(4, "big"))
    assert refused["code"] == "protocol-error"


def test_garbage_hurts_nobody(instance: Instance) -> None:
    dice = random.Random(11)  # noqa: S311
    pid = instance.ready().info.pid
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(str(instance.config.socket))
            try:
                sock.sendall(dice.randbytes(dice.randrange(1, 400)))
                if dice.random() < 0.5:
                    sock.sendall(framed(dice.randbytes(dice.randrange(1, 400))))
                if dice.random() < 0.3:
                    sock.sendall(framed(b'{"op":"attach","user":"7"}') + framed(dice.randbytes(40)))
            except OSError:
                continue
    assert instance.ready().info.pid == pid


def test_a_thousand_idle_connections_hold_nobody_up(instance: Instance) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    pid = instance.ready().info.pid
    before = resident(pid)
    with ExitStack() as stack:
        for _ in range(1000):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.connect(str(instance.config.socket))
        begun = time.monotonic()
        instance.call(messages.Ping(), messages.Pong, timeout=5)
        assert time.monotonic() - begun < 2
        assert resident(pid) - before < 32 * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_asks_nonsense_and_reads_no_answer_is_made_to_wait(instance: Instance) -> None:
    pid = instance.ready().info.pid
    before = resident(pid)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(0.5)
        sock.connect(str(instance.config.socket))
        flood = framed(b"{") * 4_000_000
        with pytest.raises(TimeoutError):
            sock.sendall(flood)
        assert instance.call(messages.Ping(), messages.Pong).info.pid == pid
        assert resident(pid) - before < 16 * 1024 * 1024


AS_NOBODY = """
import os, socket, sys
os.setgid(65534); os.setgroups([]); os.setuid(65534)
sock = socket.socket(socket.AF_UNIX)
try:
    sock.connect(sys.argv[1])
    sock.sendall(b"\\0\\0\\0\\x0d" + b'{"op":"ping"}')
    print(sock.recv(4096)[4:].decode())
except PermissionError:
    print("no way in")
try:
    os.listdir(os.path.dirname(sys.argv[1]))
    print("listed")
except PermissionError:
    pass
"""


def ask_as_nobody(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(path)], capture_output=True, text=True, timeout=20, check=True, cwd="/"
    )
    return done.stdout.strip()


def test_another_user_does_not_reach_the_socket(instance: Instance) -> None:
    assert ask_as_nobody(instance.config.socket) == "no way in"


def test_another_user_who_reaches_it_is_turned_away(instance: Instance) -> None:
    os.chmod(instance.config.socket, 0o666)  # noqa: S103
    try:
        refused = json.loads(ask_as_nobody(instance.config.socket))
    finally:
        os.chmod(instance.config.socket, 0o600)
    assert (refused["re"], refused["code"]) == ("fault", "access-denied")


CROWD = """
import os, socket, sys
os.setgid(65534); os.setgroups([]); os.setuid(65534)
crowd = [socket.socket(socket.AF_UNIX) for _ in range(400)]
for sock in crowd:
    sock.connect(sys.argv[1])
told = 0
for sock in crowd:
    try:
        told += b"access-denied" in sock.recv(4096)
    except ConnectionResetError:
        pass
print(told)
"""


def test_of_a_crowd_of_others_few_are_told_why_and_none_is_kept(instance: Instance) -> None:
    os.chmod(instance.config.socket, 0o666)  # noqa: S103
    try:
        told = subprocess.run(
            [sys.executable, "-c", CROWD, str(instance.config.socket)],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            cwd="/",
        ).stdout
    finally:
        os.chmod(instance.config.socket, 0o600)
    assert 0 < int(told) <= 64


async def test_the_web_user_reaches_it_and_is_answered(tmp_path: Path, images: Path) -> None:
    own = Instance(tmp_path, images, TERRARIUM_WEB_UIDS="65534")
    try:
        await asyncio.to_thread(own.ready)
        info = own.config.socket.stat()
        assert (info.st_uid, info.st_mode & 0o777) == (65534, 0o600)
        assert json.loads(await asyncio.to_thread(ask_as_nobody, own.config.socket))["re"] == "pong"
    finally:
        own.stop()
        own.sweep()


def test_the_schema_is_stable_and_names_everything() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-m", "runtime", "schema"], capture_output=True, check=True, cwd=ROOT, timeout=60
        ).stdout
        for _ in range(2)
    ]
    assert told[0] == told[1]
    names = json.loads(told[0])["$defs"]
    assert {"AnyRequest", "AnyReply", "Launch", "Snapshot", "Hello", "ExitBody", "Code"} <= set(names)


def test_the_hand_tool_speaks_to_the_worker(instance: Instance, box: messages.Launched) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "runtime", *words],
            env=instance.environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = run("call", "exec", f"id={box.container.id}", 'argv=["echo","hi"]')
    assert json.loads(done.stdout)["result"]["exit_code"] == 0
    refused = run("call", "get", "id=" + "0" * 16)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "not-found" in refused.stderr
    assert run("call", "get", "colour=blue").returncode == 2
    assert json.loads(run("doctor", "--json").stdout)
