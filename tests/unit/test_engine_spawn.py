"""Programs run from the event loop: bounded, not waited for longer than they live, and leaving nothing."""

from __future__ import annotations

import asyncio
import os

import pytest

from runtime.engine import oci, spawn
from runtime.engine.console import clamp
from runtime.errors import Code, Fault


async def test_what_a_program_wrote_and_how_it_ended() -> None:
    done = await spawn.run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], seconds=10)
    assert done == spawn.Finished(3, b"out\n", b"err\n")
    killed = await spawn.run(["/bin/sh", "-c", "kill -9 $$"], seconds=10)
    assert killed.code == -9


async def test_output_is_bounded_and_read_to_the_end() -> None:
    done = await spawn.run(["/bin/sh", "-c", "head -c 500000 /dev/zero; exit 4"], seconds=20, limit=100)
    assert (done.code, len(done.stdout)) == (4, 100)


async def test_grandchild_that_keeps_the_pipe_is_not_waited_for() -> None:
    done = await spawn.run(["/bin/sh", "-c", "sleep 5 & echo $!"], seconds=4)
    os.kill(int(done.stdout), 9)
    assert done.code == 0


async def test_program_that_takes_too_long_is_killed() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(Fault) as caught:
        await spawn.run(["/bin/sleep", "60"], seconds=0.05)
    assert caught.value.code is Code.TIMEOUT
    assert set(os.listdir("/proc/self/fd")) == before


async def test_program_that_is_missing_is_told() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(Fault) as caught:
        await spawn.run(["/no/such/program"], seconds=1)
    assert (caught.value.code, caught.value.errno) == (Code.SPAWN_FAILED, "ENOENT")
    assert set(os.listdir("/proc/self/fd")) == before


async def test_cancelled_program_is_killed() -> None:
    before = set(os.listdir("/proc/self/fd"))
    task = asyncio.ensure_future(spawn.run(["/bin/sleep", "60"], seconds=60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(os.listdir("/proc/self/fd")) == before


async def test_result_that_a_cancellation_hides_is_handed_to_somebody() -> None:
    lost: list[int] = []
    gate = asyncio.Event()

    async def act() -> int:
        await gate.wait()
        return 7

    task = asyncio.ensure_future(spawn.to_the_end(act(), lost.append))
    await asyncio.sleep(0)
    task.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lost == [7]
    assert await spawn.to_the_end(act(), lost.append) == 7
    assert lost == [7]


@pytest.mark.parametrize(
    ("complaint", "argv", "sentence"),
    [
        (
            'unable to start: exec: "nope": executable file not found in $PATH',
            "nope",
            "not found in the container: nope",
        ),
        ('exec: "/etc": permission denied', "/etc", "not executable in the container: /etc"),
        ("exec /bin/x: exec format error", "/bin/x", "not a program for this machine: /bin/x"),
        ("exec failed: cgroup is frozen", "sh", None),
        ('chdir to cwd ("/nope"): no such file or directory', "sh", None),
    ],
)
def test_complaints_about_the_program_are_told_from_others(complaint: str, argv: str, sentence: str | None) -> None:
    assert oci.missing_program(complaint, [argv]) == sentence


def test_runtimes_complaint_is_found_in_its_log() -> None:
    line = b'time="2026-01-01" level=error msg="exec failed: \\"a\\" is \\"b\\""\n'
    assert oci.reason(line) == 'exec failed: "a" is "b"'
    assert oci.reason(b"plain\nlast words\n") == "last words"
    assert oci.reason(b"") == "it ended without a word"


def test_window_sizes_are_possible_ones() -> None:
    assert [clamp(side) for side in (-1, 0, 80, 10**6)] == [1, 1, 80, 1000]
