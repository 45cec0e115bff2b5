"""The worker's socket with real containers: verbs, refusals, terminals, and whoever must stay outside."""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from runtime.errors import Code, Fault
from runtime.protocol import client, messages, model, pty
from runtime.protocol.framing import HEADER, framed
from runtime.protocol.pty import Close, Kind
from tests.support.pty_viewer import until
from tests.worker.instance import ROOT, Instance, new_id, visit

PROMPT = b"# \x1b[6n"  # busybox's shell asks where the cursor is


@pytest.fixture
async def box(instance: Instance) -> AsyncIterator[messages.Launched]:
    """A running busybox of anna's."""
    launched = instance.launch("sh")
    yield launched
    instance.call(messages.Delete(id=launched.container.id, owner=None), messages.Done)


def refusal(instance: Instance, request: messages.Request) -> Fault:
    with pytest.raises(Fault) as caught:
        instance.call(request, messages.Reply)
    return caught.value


# --- verbs ---------------------------------------------------------------------------------------------------------


def test_the_worker_says_who_it_is(instance: Instance) -> None:
    info = instance.ready().info
    assert info.version == 1
    assert info.kernel == os.uname().release
    assert Path(f"/proc/{info.pid}/stat").read_text().split()[3] == str(instance.process.pid)


def test_a_launch_answers_with_a_running_container_and_its_first_picture(
    instance: Instance, box: messages.Launched
) -> None:
    container = box.container
    assert container.state is model.State.RUNNING
    assert [terminal.id for terminal in container.terminals] == [box.terminal] == ["console"]
    assert str(container.pid) in box.snapshot.host.processes
    assert box.snapshot.container.processes[str(container.pid)].pid == 1
    assert instance.call(messages.Get(id=container.id, owner="anna"), messages.One).container == container


def test_the_same_id_again_is_the_same_container(instance: Instance, box: messages.Launched) -> None:
    again = instance.launch("sh", id=box.container.id)
    assert again.container == box.container


async def test_two_launches_of_one_id_at_once_make_one_container(instance: Instance) -> None:
    name = new_id()
    first, second = await asyncio.gather(*(asyncio.to_thread(instance.launch, "sh", id=name) for _ in range(2)))
    assert first.container.pid == second.container.pid
    assert second.container.state is model.State.RUNNING
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)


def test_somebody_elses_container_is_as_if_absent(instance: Instance, box: messages.Launched) -> None:
    for name in (box.container.id, new_id()):
        eve = "eve"
        for request in (
            messages.Get(id=name, owner=eve),
            messages.Start(id=name, owner=eve),
            messages.Stop(id=name, owner=eve),
            messages.Exec(id=name, owner=eve, argv=["id"]),
            messages.OpenTerminal(id=name, owner=eve),
            messages.CloseTerminal(id=name, owner=eve, terminal="console"),
            messages.MintTicket(id=name, owner=eve, terminal="console", user="9"),
            messages.TakeSnapshot(id=name, owner=eve),
            messages.Watch(id=name, owner=eve),
            messages.Source(id=name, owner=eve, side="host", panel="namespaces", key="mnt"),
        ):
            fault = refusal(instance, request)
            assert (fault.code, fault.message) == (Code.NOT_FOUND, f"there is no container {name}"), request
    assert refusal(instance, messages.Delete(id=box.container.id, owner="eve")).code is Code.NOT_FOUND
    assert instance.call(messages.List(owner="eve"), messages.Many).containers == []
    assert instance.call(messages.Get(id=box.container.id, owner=None), messages.One)


def test_a_launch_of_somebody_elses_id_is_refused(instance: Instance, box: messages.Launched) -> None:
    request = messages.Launch(id=box.container.id, owner="eve", name="x", image="busybox")
    assert refusal(instance, request).code is Code.ALREADY_EXISTS


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"image": "no-such-image"}, Code.NOT_FOUND, "image"),
        ({"image": "../etc"}, Code.INVALID_SPEC, "image"),
        ({"id": "../../etc/passwd"}, Code.INVALID_SPEC, "id"),
        ({"limits": model.Limits(pids=0)}, Code.INVALID_SPEC, "pids"),
        ({"limits": model.Limits(cpus=-1)}, Code.INVALID_SPEC, "cpus"),
        ({"command": ["sh", "a\0b"]}, Code.INVALID_SPEC, "command"),
        ({"deadline_seconds": -1.0}, Code.INVALID_SPEC, "deadline_seconds"),
    ],
)
def test_a_launch_that_cannot_be_is_refused_by_field_and_leaves_nothing(
    instance: Instance, more: dict[str, object], code: Code, field: str
) -> None:
    body = {"id": new_id(), "owner": "anna", "name": "x", "image": "busybox", **more}
    fault = refusal(instance, messages.Launch(**body))  # type: ignore[arg-type]
    assert (fault.code, fault.field) == (code, field)
    assert instance.call(messages.List(owner=None), messages.Many).containers == []


def test_a_program_that_is_not_there_fails_the_launch_and_leaves_nothing(instance: Instance) -> None:
    with pytest.raises(Fault) as caught:
        instance.launch("/no/such/program")
    assert caught.value.code in (Code.SPAWN_FAILED, Code.INVALID_SPEC)
    assert instance.call(messages.List(owner=None), messages.Many).containers == []


def test_exec_runs_inside(instance: Instance, box: messages.Launched) -> None:
    request = messages.Exec(id=box.container.id, owner="anna", argv=["sh", "-c", "cat; exit 3"], stdin=b"in")
    result = instance.call(request, messages.Executed).result
    assert (result.exit_code, result.stdout) == (3, b"in")


def test_stop_tells_how_it_ended_and_start_runs_it_again_with_its_files(
    instance: Instance, box: messages.Launched
) -> None:
    name = box.container.id
    instance.call(messages.Exec(id=name, owner="anna", argv=["touch", "/root/kept"]), messages.Executed)
    stopped = instance.call(messages.Stop(id=name, owner="anna", grace_seconds=0.1), messages.One).container
    assert (stopped.state, stopped.pid) == (model.State.STOPPED, None)
    assert stopped.exit is not None
    assert stopped.terminals[0].exit == stopped.exit
    assert instance.call(messages.Stop(id=name, owner="anna"), messages.One).container == stopped
    started = instance.call(messages.Start(id=name, owner="anna"), messages.Launched).container
    assert (started.state, started.generation, started.exit) == (model.State.RUNNING, 2, None)
    assert [terminal.pid for terminal in started.terminals] == [started.pid]
    found = instance.call(messages.Exec(id=name, owner="anna", argv=["ls", "/root"]), messages.Executed).result
    assert b"kept" in found.stdout


def test_delete_is_idempotent(instance: Instance) -> None:
    name = instance.launch("sh").container.id
    for _ in range(2):
        instance.call(messages.Delete(id=name, owner="anna"), messages.Done)
    assert refusal(instance, messages.Get(id=name, owner="anna")).code is Code.NOT_FOUND


def test_a_deadline_stops_it(instance: Instance) -> None:
    name = instance.launch("sh", deadline_seconds=0.4).container.id
    deadline = time.monotonic() + 10
    while (one := instance.call(messages.Get(id=name, owner=None), messages.One)).container.pid is not None:
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.02)
    assert one.container.state is model.State.STOPPED
    assert refusal(instance, messages.Start(id=name, owner="anna")).code is Code.WRONG_STATE
    instance.call(messages.Delete(id=name, owner=None), messages.Done)


def test_memory_beyond_the_limit_is_an_oom_exit(instance: Instance) -> None:
    hog = "x=x; while :; do x=$x$x; done"
    name = instance.launch("sh", "-c", hog, limits=model.Limits(memory_bytes=16 * model.MIB)).container.id
    deadline = time.monotonic() + 20
    while (one := instance.call(messages.Get(id=name, owner=None), messages.One)).container.exit is None:
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.02)
    assert one.container.exit.oom
    assert one.container.exit.signal == signal.SIGKILL
    instance.call(messages.Delete(id=name, owner=None), messages.Done)


def test_a_source_is_read_only_from_what_the_container_has(instance: Instance, box: messages.Launched) -> None:
    request = messages.Source(id=box.container.id, owner="anna", side="host", panel="namespaces", key="mnt")
    source = instance.call(request, messages.Sourced).source
    assert source.path
    bad = messages.Source(id=box.container.id, owner="anna", side="host", panel="cgroup", key="../../etc/passwd")
    assert refusal(instance, bad).code is Code.NOT_FOUND


def test_the_doctor_answers_over_the_socket(instance: Instance) -> None:
    checks = instance.call(messages.Doctor(), messages.Diagnosis).checks
    assert {"kernel", "cgroups", "idmapped mounts", "oci runtime"} <= {check.name for check in checks}
    assert all(check.fix for check in checks if check.level == "bad")


async def test_watching_tells_each_change_and_the_end(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh")).container.id
    reader, writer = await client.connect(instance.config.socket, messages.Watch(id=name, owner="anna"))
    first = client.decode(await client.read_frame(reader) or b"", messages.Watched)
    assert first.seq == 0
    await instance.ask(messages.OpenTerminal(id=name, owner="anna", argv=["sleep", "60"]), messages.Opened)
    patch = client.decode(await client.read_frame(reader) or b"", messages.Patched)
    assert patch.seq == 1
    await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)
    last: messages.Reply = patch
    while (frame := await client.read_frame(reader)) is not None:
        last = client.decode(frame, messages.Reply)
    assert isinstance(last, messages.Gone)
    writer.close()


# --- what is no request --------------------------------------------------------------------------------------------


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


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


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


# --- terminals -----------------------------------------------------------------------------------------------------


async def test_a_shell_answers(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id) as visitor:
        visitor.type(b"echo $((6*7)) $$; tty\n")
        await visitor.sees(b"42 1\r\n")
        await visitor.sees(b"/dev/pts/0")


async def test_the_size_is_there_before_the_program(instance: Instance) -> None:
    launched = await asyncio.to_thread(instance.launch, "sh", "-c", "stty size; exec sleep 60", cols=101, rows=33)
    async with visit(instance, launched.container.id, cols=101, rows=33) as visitor:
        await visitor.sees(b"33 101\r\n")
    await instance.ask(messages.Delete(id=launched.container.id, owner=None), messages.Done)


async def test_ctrl_c_ends_a_flood_and_the_prompt_is_back(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id) as visitor:
        visitor.type(b"yes\n")
        await visitor.sees(lambda: len(visitor.screen.output) > 1_000_000)
        visitor.type(b"\x03")
        await visitor.sees(lambda: visitor.screen.output.endswith(PROMPT), within=3)
        visitor.type(b"echo still $((40+2))\n")
        await visitor.sees(b"still 42")


async def test_a_second_terminal_lives_and_ends_beside_the_console(instance: Instance, box: messages.Launched) -> None:
    name = box.container.id
    request = messages.OpenTerminal(id=name, owner="anna", cols=90, rows=20)
    opened = (await instance.ask(request, messages.Opened)).terminal
    assert not opened.console
    async with visit(instance, name, opened.id, cols=90, rows=20) as visitor:
        visitor.type(b"stty size; exit 6\n")
        await visitor.sees(lambda: visitor.screen.exit)
        assert b"20 90" in visitor.screen.output
        assert visitor.screen.exit == pty.ExitBody(code=6)
        await visitor.sees(lambda: visitor.screen.closed)
    one = await instance.ask(messages.Get(id=name, owner="anna"), messages.One)
    ended = one.container.terminals[1].exit
    assert ended is not None
    assert ended.code == 6
    async with visit(instance, name, opened.id) as late:
        await late.sees(lambda: late.screen.exit)
        assert b"20 90" in late.screen.output
    await instance.ask(messages.CloseTerminal(id=name, owner="anna", terminal=opened.id), messages.Done)
    one = await instance.ask(messages.Get(id=name, owner="anna"), messages.One)
    assert [terminal.id for terminal in one.container.terminals] == ["console"]


async def test_closing_a_terminal_hangs_up_and_closing_the_console_is_refused(
    instance: Instance, box: messages.Launched
) -> None:
    name = box.container.id
    request = messages.OpenTerminal(id=name, owner="anna", argv=["sleep", "600"])
    opened = (await instance.ask(request, messages.Opened)).terminal
    async with visit(instance, name, opened.id) as visitor:
        await visitor.sees(lambda: visitor.screen.welcome)
        await instance.ask(messages.CloseTerminal(id=name, owner="anna", terminal=opened.id), messages.Done)
        await visitor.sees(lambda: visitor.screen.closed)
    assert opened.pid is not None
    await until(lambda: not Path(f"/proc/{opened.pid}").exists(), "the process is gone")
    close = messages.CloseTerminal(id=name, owner="anna", terminal="console")
    fault = await asyncio.to_thread(refusal, instance, close)
    assert fault.code is Code.WRONG_STATE


async def test_terminals_of_a_container_are_counted(instance: Instance, box: messages.Launched) -> None:
    request = messages.OpenTerminal(id=box.container.id, owner="anna", argv=["sleep", "600"])
    opened = [(await instance.ask(request, messages.Opened)).terminal for _ in range(15)]
    fault = await asyncio.to_thread(refusal, instance, request)
    assert fault.code is Code.LIMIT_REACHED
    assert opened[0].pid is not None
    os.kill(opened[0].pid, signal.SIGKILL)
    await until(lambda: not Path(f"/proc/{opened[0].pid}").exists(), "the first is gone")
    await instance.ask(request, messages.Opened)


async def error_of(instance: Instance, *frames: bytes) -> pty.ErrorBody:
    """What a connection that means to attach is told."""
    reader, writer = await client.connect(instance.config.socket, messages.Attach(user="7"))
    for frame in frames:
        writer.write(framed(frame))
    heard = await client.read_frame(reader)
    assert heard is not None
    assert heard[0] == Kind.ERROR
    assert await client.read_frame(reader) is None
    writer.close()
    return msgspec.json.decode(heard[1:], type=pty.ErrorBody)


async def test_only_a_ticket_of_ones_own_attaches_and_only_once(instance: Instance, box: messages.Launched) -> None:
    async def hello(user: str) -> bytes:
        mint = messages.MintTicket(id=box.container.id, owner="anna", terminal="console", user=user)
        ticket = (await instance.ask(mint, messages.Ticket)).ticket
        return pty.json_frame(Kind.HELLO, pty.Hello(v=1, ticket=ticket))

    theirs, mine = await hello("8"), await hello("7")
    reader, writer = await client.connect(instance.config.socket, messages.Attach(user="7"))
    writer.write(framed(mine))
    assert ((await client.read_frame(reader)) or b"?")[0] == Kind.WELCOME
    writer.close()
    for frame in (theirs, mine, pty.json_frame(Kind.HELLO, pty.Hello(v=1, ticket="guess"))):
        error = await error_of(instance, frame)
        assert error.close == Close.TICKET


@pytest.mark.parametrize("frame", [b"\x02\0\0\0\1x", b"\x01{", b"\x01" + b" " * 5000, b"\xff", b"\x81{}"])
async def test_what_is_no_hello_is_a_protocol_error(instance: Instance, frame: bytes) -> None:
    error = await error_of(instance, frame)
    assert error.close == Close.PROTOCOL


async def test_a_frame_that_is_none_closes_the_terminals_connection(instance: Instance, box: messages.Launched) -> None:
    async with visit(instance, box.container.id) as visitor:
        await visitor.sees(lambda: visitor.screen.welcome)
        visitor.send(b"\x7fnonsense")
        await visitor.sees(lambda: visitor.screen.closed)
        assert visitor.screen.error is not None
        assert visitor.screen.error.close == Close.PROTOCOL
    async with visit(instance, box.container.id) as again:
        await again.sees(lambda: again.screen.welcome)


async def test_deleting_and_starting_again_tell_the_viewers(instance: Instance) -> None:
    name = (await asyncio.to_thread(instance.launch, "sh")).container.id
    async with visit(instance, name) as visitor:
        visitor.type(b"exit 4\n")
        await visitor.sees(lambda: visitor.screen.exit)
        assert visitor.screen.exit == pty.ExitBody(code=4)
    one = await instance.ask(messages.Get(id=name, owner="anna"), messages.One)
    assert one.container.exit is not None
    assert one.container.exit.code == 4
    await instance.ask(messages.Start(id=name, owner="anna"), messages.Launched)
    async with visit(instance, name) as visitor:
        await visitor.sees(lambda: visitor.screen.welcome)
        await instance.ask(messages.Delete(id=name, owner="anna"), messages.Done)
        await visitor.sees(lambda: visitor.screen.closed)
        assert visitor.screen.exit or visitor.screen.error


async def test_a_viewer_that_reads_nothing_costs_no_memory(instance: Instance, box: messages.Launched) -> None:
    pid = instance.ready().info.pid
    async with visit(instance, box.container.id) as visitor:
        visitor.acks = False
        visitor.type(b"yes\n")
        await visitor.sees(lambda: len(visitor.screen.output) > pty.WINDOW - 8192)
        before = resident(pid)
        deadline = time.monotonic() + 0.5
        await until(lambda: time.monotonic() > deadline, "half a second")
        assert len(visitor.screen.output) <= pty.WINDOW
        assert resident(pid) - before < 2 * 1024 * 1024
        visitor.send(pty.byte_frame(Kind.SIGNAL, signal.SIGINT))
        visitor.acks = True
        visitor.send(pty.ack_frame(visitor.screen.parsed or 0))
        await visitor.sees(lambda: visitor.screen.output.endswith(PROMPT))


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
