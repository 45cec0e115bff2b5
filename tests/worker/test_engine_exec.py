"""Commands inside a container: what they leave, and what is left of them."""

from __future__ import annotations

import asyncio
import os

import pytest

from runtime.engine import execution
from runtime.errors import Code, Fault
from runtime.protocol import messages, model
from tests.support.engines import MIB, Room

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")


async def test_exit_code_and_signal_are_told_apart(room: Room) -> None:
    id = await room.running()
    by_code = await room.sh(id, "echo out; echo err >&2; exit 137")
    assert (by_code.exit_code, by_code.signal, by_code.reason) == (137, None, None)
    assert (by_code.stdout, by_code.stderr) == (b"out\n", b"err\n")
    by_signal = await room.sh(id, "kill -9 $$")
    assert (by_signal.exit_code, by_signal.signal, by_signal.reason) == (None, 9, "killed by SIGKILL")


async def test_many_short_commands_have_their_exit_codes(room: Room) -> None:
    id = await room.running()
    results = await asyncio.gather(*(room.sh(id, f"exit {n}") for n in range(12)))
    assert [result.exit_code for result in results] == list(range(12))


async def test_stdin_is_fed_whole_and_then_ends(room: Room) -> None:
    id = await room.running()
    data = os.urandom(700_000)
    result = await room.engine.exec(messages.Exec(id=id, owner=None, argv=["cat"], stdin=data))
    assert (result.exit_code, result.stdout, result.truncated) == (0, data, False)
    empty = await room.engine.exec(messages.Exec(id=id, owner=None, argv=["cat"]))
    assert (empty.exit_code, empty.stdout) == (0, b"")


async def test_stdin_that_nobody_reads_is_no_error(room: Room) -> None:
    id = await room.running()
    result = await room.engine.exec(messages.Exec(id=id, owner=None, argv=["true"], stdin=b"x" * 900_000))
    assert result.exit_code == 0


async def test_output_past_the_limit_is_read_and_dropped(room: Room) -> None:
    id = await room.running()
    result = await room.sh(id, "head -c 3000000 /dev/zero; echo oh >&2; exit 3", output_bytes=1000)
    assert (result.exit_code, len(result.stdout), result.stderr, result.truncated) == (3, 1000, b"oh\n", True)
    short = await room.sh(id, "echo a long complaint >&2", output_bytes=4)
    assert (short.stderr, short.truncated) == (b"a lo", True)


async def test_timeout_kills_the_command_and_its_descendants(room: Room) -> None:
    id = await room.running()
    result = await room.sh(id, "(setsid sleep 871 &); sleep 872 & echo begun; sleep 873", timeout_seconds=0.6)
    assert (result.timed_out, result.exit_code, result.signal) == (True, None, 9)
    assert result.reason == "timed out after 0.6 s"
    assert result.stdout == b"begun\n"
    left = await room.sh(id, "ps -o args | grep 'sleep 87' | grep -v grep")
    assert left.stdout == b""


async def test_grandchild_with_the_pipe_open_is_not_waited_for(room: Room) -> None:
    id = await room.running()
    result = await room.sh(id, "sleep 870 & echo done", timeout_seconds=30)
    assert (result.exit_code, result.stdout, result.timed_out) == (0, b"done\n", False)
    assert result.duration_ms < 10_000


async def test_program_that_is_not_there_is_a_result(room: Room) -> None:
    id = await room.running()
    for argv, reason in (
        (["nope"], "not found in the container: nope"),
        (["/nope"], "not found in the container: /nope"),
        (["/etc"], "not executable in the container: /etc"),
        (["/etc/passwd"], "not executable in the container: /etc/passwd"),
    ):
        result = await room.engine.exec(messages.Exec(id=id, owner=None, argv=argv))
        assert (result.exit_code, result.signal, result.reason) == (None, None, reason)
        assert (result.stdout, result.stderr) == (b"", b"")


async def test_refused_forks_are_counted_and_told(room: Room) -> None:
    """On v2 the runtime's own forks can be among them; here the command's are."""
    id = await room.running(limits=model.Limits(memory_bytes=64 * MIB, pids=6))
    ground, record = room.engine._ground, room.engine.record(id)
    assert execution._no_room(ground, record, ground.group(id).refused_forks() or 0) is None
    filled = await room.sh(id, "while :; do sleep 864 & done")
    assert b"fork" in filled.stderr
    fault = execution._no_room(ground, record, 0)
    assert fault is not None
    assert fault.message == f"container {id} has as many processes as it may (6)"


async def test_commands_at_once_are_counted(room: Room) -> None:
    id = await room.running()
    answers = await asyncio.gather(
        *(room.sh(id, "read x", timeout_seconds=30) for _ in range(execution.MAX_GUESTS + 8)), return_exceptions=True
    )
    refused = [answer.code for answer in answers if isinstance(answer, Fault)]
    assert refused == [Code.LIMIT_REACHED] * 8
    assert (await room.sh(id, "echo again")).stdout == b"again\n"


async def test_groups_of_commands_go_when_what_they_left_behind_has_gone(room: Room) -> None:
    id = await room.running()
    top = room.engine.hierarchies.group(f"{room.config.name}/{id}").paths.get("freezer", "")
    await room.sh(id, "sleep 871 >/dev/null 2>&1 & echo $! > /root/pid")
    assert [entry.name for entry in os.scandir(top) if entry.is_dir()] != []
    await room.sh(id, "kill -9 $(cat /root/pid)")
    for _ in range(100):
        await room.sh(id, "true")
        if not any(entry.is_dir() for entry in os.scandir(top)):
            break
    assert [entry.name for entry in os.scandir(top) if entry.is_dir()] == []


async def test_what_a_worker_before_left_takes_no_name_away(room: Room) -> None:
    id = await room.running()
    for name in ("exec-1", "tty-1"):
        os.mkdir(room.config.containers_dir / id / name)
    await room.sh(id, "sleep 872 >/dev/null 2>&1 &")
    await room.crash()
    await room.engine.reconcile()
    birth = await room.engine.exec_tty(id, ["sleep", "1000"], 80, 24)
    room.hold("tty", birth)
    assert (await room.sh(id, "sleep 873", timeout_seconds=0.3)).timed_out
    assert b"sleep 872" in (await room.sh(id, "ps -o args")).stdout


async def test_cancelled_command_is_killed(room: Room) -> None:
    id = await room.running()
    task = asyncio.ensure_future(room.sh(id, "sleep 869", timeout_seconds=60))
    for _ in range(500):
        if b"sleep 869" in (await room.sh(id, "ps -o args")).stdout:
            break
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert b"sleep 869" not in (await room.sh(id, "ps -o args | grep -v grep")).stdout


async def test_command_that_ends_with_its_container_has_no_exit_code(room: Room) -> None:
    id = await room.running()
    task = asyncio.ensure_future(room.sh(id, "sleep 868", timeout_seconds=60))
    for _ in range(500):
        if b"sleep 868" in (await room.sh(id, "ps -o args")).stdout:
            break
    await room.engine.stop(id, grace_seconds=0)
    result = await task
    assert (result.exit_code, result.signal) == (None, 9)


async def test_its_rights_are_those_of_pid_1(room: Room) -> None:
    id = await room.running()
    rights = "grep -hE '^(Cap|NoNewPrivs|Seccomp:)'"
    script = f"{rights} /proc/1/status; echo; {rights} /proc/self/status"
    first, own = (await room.sh(id, script)).stdout.split(b"\n\n")
    assert first.strip() == own.strip()
    assert b"Seccomp:\t2" in own


async def test_descriptors_inside_are_three(room: Room) -> None:
    id = await room.running()
    result = await room.sh(id, "ls /proc/$$/fd; ls -l /proc/$$/fd | grep -v pipe: | grep -c -- '->'")
    assert result.stdout.split()[:3] == [b"0", b"1", b"2"]
    assert (await room.sh(id, "ls /proc/1/fd")).stdout.split() == [b"0", b"1", b"2"]


async def test_second_terminal_is_a_pty_of_its_own(room: Room) -> None:
    id = await room.running()
    birth = await room.engine.exec_tty(id, ["sh", "-c", "tty; stty size; sleep 867"], 91, 31)
    try:
        os.set_blocking(birth.master, False)
        text = b""
        for _ in range(1000):
            try:
                text += os.read(birth.master, 4096)
            except BlockingIOError:
                await asyncio.sleep(0.005)
            if text.count(b"\n") == 2:
                break
        assert text.split() == [b"/dev/pts/1", b"31", b"91"]
        assert birth.starttime > 0
    finally:
        os.close(birth.master)
    assert os.WTERMSIG(await room.reaper.status(birth.pid, birth.starttime, 5) or 0) == 1


async def test_terminal_of_a_program_that_is_not_there_fails(room: Room) -> None:
    id = await room.running()
    with pytest.raises(Fault) as caught:
        await room.engine.exec_tty(id, ["nope"], 80, 24)
    assert (caught.value.code, caught.value.field) == (Code.SPAWN_FAILED, "argv")
