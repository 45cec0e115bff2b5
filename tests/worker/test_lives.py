"""Births, deaths and kills in real containers, as watchers are told of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runtime.protocol import client, messages, model
from runtime.protocol.xray import Event
from tests.worker.box import kind
from tests.worker.instance import Instance

pytestmark = pytest.mark.requires("root", "runc", "busybox")


@dataclass
class Heard:
    """What a watcher of events was told."""

    events: list[Event] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    async def until(self, found: Callable[[Event], bool], *, within: float = 20.0) -> Event:
        async with asyncio.timeout(within):
            while True:
                self.news.clear()
                for event in self.events:
                    if found(event):
                        return event
                await self.news.wait()

    def of(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event.kind in kinds]


@contextlib.asynccontextmanager
async def hearing(instance: Instance, id: str) -> AsyncIterator[Heard]:
    reader, writer = await client.connect(
        instance.config.socket, messages.Watch(id=id, owner="anna", what="events", after=0)
    )
    heard = Heard()

    async def listen() -> None:
        while (frame := await client.read_frame(reader)) is not None:
            reply = client.decode(frame, messages.Reply)
            if isinstance(reply, messages.Happened):
                heard.events += reply.events
                heard.news.set()
        heard.ended = True

    task = asyncio.create_task(listen())
    try:
        await _watching(instance, id)
        yield heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        writer.close()


async def _watching(instance: Instance, id: str) -> None:
    """The worker listens once it has the two sockets of the kernel open."""
    worker = (await instance.ask(messages.Ping(), messages.Pong)).info.pid
    async with asyncio.timeout(10):
        while "/dev/kmsg" not in _files(worker):  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.005)


def _files(pid: int) -> list[str]:
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


async def _run(instance: Instance, id: str, script: str) -> model.ExecResult:
    request = messages.Exec(id=id, owner="anna", argv=["sh", "-c", script], timeout_seconds=30)
    return (await instance.ask(request, messages.Executed)).result


async def test_processes_shorter_than_a_sample_are_told_from_birth_to_exit_code(
    instance: Instance, box: messages.Launched
) -> None:
    id = box.container.id
    async with hearing(instance, id) as heard:
        await _run(instance, id, "for n in 1 2 3 4 5; do sh -c \"exit $n\"; done; sh -c 'kill -9 $$'; exit 7")
        last = await heard.until(lambda event: event.kind == "died" and event.code == 7)
        died = heard.of("died")
        assert [event.code for event in died] == [1, 2, 3, 4, 5, None, 7]
        assert died[5].signal == signal.SIGKILL
        assert all(event.short for event in died[:6])
        assert {event.ppid for event in died[:6]} == {last.pid}
        for event in died[:6]:
            assert 0 < (event.seconds or 0) < 1
            steps = [each.kind for each in heard.events if each.pid == event.pid]
            assert steps == ["born", "exec", "died"]
        numbers = [event.seq for event in heard.events]
        assert numbers == sorted(set(numbers))


async def test_a_process_that_stays_has_both_numbers_and_its_name(instance: Instance, box: messages.Launched) -> None:
    id = box.container.id
    async with hearing(instance, id) as heard:
        await instance.ask(messages.OpenTerminal(id=id, owner="anna", argv=["sleep", "60"]), messages.Opened)
        became = await heard.until(lambda event: event.kind == "exec" and event.comm == "sleep")
        taken = (await instance.ask(messages.TakeSnapshot(id=id, owner="anna"), messages.Watched)).snapshot
        process = taken.container.processes[str(became.pid)]
        assert (process.pid, process.comm) == (became.ns_pid, "sleep")
        assert became.pid is not None
        os.kill(became.pid, signal.SIGTERM)
        died = await heard.until(lambda event: event.kind == "died" and event.pid == became.pid)
        assert (died.signal, died.comm, died.ns_pid) == (signal.SIGTERM, "sleep", became.ns_pid)
        assert died.seconds is not None


async def test_an_oom_kill_is_told_once_with_its_victim_and_the_limit(instance: Instance) -> None:
    limit = 24 * model.MIB
    launched = await asyncio.to_thread(instance.launch, "sh", limits=model.Limits(memory_bytes=limit))
    id = launched.container.id
    async with hearing(instance, id) as heard:
        result = await _run(instance, id, "x=x; while :; do x=$x$x; done")
        assert result.signal == signal.SIGKILL
        oom = await heard.until(lambda event: event.kind == "oom")
        died = await heard.until(lambda event: event.kind == "died" and event.pid == oom.pid)
        assert died.signal == signal.SIGKILL
        assert (oom.comm, oom.limit_bytes) == ("sh", limit)
        assert oom.ns_pid == died.ns_pid
        assert limit // 2 < (oom.bytes or 0) <= limit
        assert oom.limit_at is not None
        assert oom.limit_at.endswith(f"/{instance.config.name}/{id}")
        assert kind(oom.limit_at) == "directory"
        await _run(instance, id, "sleep 2.5")  # pictures go on meanwhile: the counter has risen in them
        assert len(heard.of("oom")) == 1
    await instance.ask(messages.Delete(id=id, owner="anna"), messages.Done)


async def test_a_fork_bomb_is_told_in_numbers_and_holds_nobody_up(instance: Instance) -> None:
    limits = model.Limits(pids=64, cpus=1.0)
    id = (await asyncio.to_thread(instance.launch, "sh", limits=limits)).container.id
    async with hearing(instance, id) as heard:
        running = asyncio.create_task(
            instance.ask(
                messages.Exec(
                    id=id, owner="anna", argv=["sh", "-c", "while :; do (:) & (:) & wait; done"], timeout_seconds=4
                ),
                messages.Executed,
            )
        )
        slowest = 0.0
        while not running.done():
            asked = time.monotonic()
            await instance.ask(messages.Ping(), messages.Pong)
            slowest = max(slowest, time.monotonic() - asked)
        await running
        more = await heard.until(lambda event: event.kind == "more")
        assert (more.count or 0) > 0
        seconds: dict[int, int] = {}
        for event in heard.of("born", "exec", "died"):
            seconds[int(event.at)] = seconds.get(int(event.at), 0) + 1
        assert max(seconds.values()) <= 450, seconds  # news of one second may be told in the next
        assert slowest < 1.0, slowest
    await instance.ask(messages.Delete(id=id, owner="anna"), messages.Done)


async def test_a_process_of_a_pid_namespace_inside_has_a_number_in_each(
    instance: Instance, box: messages.Launched
) -> None:
    id, init = box.container.id, box.container.pid or 0
    async with hearing(instance, id) as heard:
        with _entered(init, "unshare", "--pid", "--fork", "sleep", "1000"):
            taken = await _seen(
                instance, id, lambda one: one.comm == "sleep" and len(one.ns_pids) == 3 and one.ns_pids[2] == 1
            )
            nested = next(one for one in taken.container.processes.values() if len(one.ns_pids) == 3)
            outside, inside, innermost = nested.ns_pids
            assert taken.host.processes[str(outside)].ns_pids == nested.ns_pids
            assert (nested.pid, innermost) == (inside, 1)
            assert f"NSpid:\t{outside}\t{inside}\t1" in _status(outside)
            told = await heard.until(lambda event: event.kind in ("born", "exec") and event.pid == outside)
            assert told.ns_pid in (inside, None)
            detail = (
                await instance.ask(messages.Inspect(id=id, owner="anna", pid=outside), messages.Inspected)
            ).process
            assert detail.ns_pids == nested.ns_pids
            assert detail.namespaces["pid"] != taken.container.namespaces["pid"].id
            assert detail.threads[0].ns_tid == inside
        await heard.until(lambda event: event.kind == "died" and event.pid == outside)


def _status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/status").read_text().splitlines()


@contextlib.contextmanager
def _entered(init: int, *argv: str) -> Iterator[None]:
    """A process of the tests, put into the container's cgroups, user and pid namespace as a runtime would."""
    groups = Path(f"/proc/{init}/cgroup").read_text().splitlines()
    joined = []
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if path.count("/") > 1:
            mount = "/sys/fs/cgroup" + ("/unified" if not controllers else f"/{controllers.removeprefix('name=')}")
            joined += [found for found in (f"{mount}{path}", f"/sys/fs/cgroup{path}") if os.path.isdir(found)][:1]
    join = "".join(f"echo $$ > {directory}/cgroup.procs; " for directory in joined)
    command = ["sh", "-c", f'{join}exec nsenter --target {init} --user --pid "$@"', "sh", *argv]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        for child in _below(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        process.wait(20)


def _below(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [found for child in children for found in (*_below(int(child)), int(child))]
    return []


async def _seen(instance: Instance, id: str, found: Callable[[model.Process], bool]) -> model.Snapshot:
    async with asyncio.timeout(20):
        while True:
            taken = (await instance.ask(messages.TakeSnapshot(id=id, owner="anna"), messages.Watched)).snapshot
            if any(found(process) for process in taken.container.processes.values()):
                return taken
            await asyncio.sleep(0.01)


async def test_nothing_is_left_open_when_nobody_watches(instance: Instance, box: messages.Launched) -> None:
    worker = (await instance.ask(messages.Ping(), messages.Pong)).info.pid
    async with hearing(instance, box.container.id):
        assert _connectors(worker) == 1
        assert _files(worker).count("/dev/kmsg") == 1
    async with asyncio.timeout(10):
        while _connectors(worker) or "/dev/kmsg" in _files(worker):  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.005)


def _connectors(pid: int) -> int:
    """How many sockets of NETLINK_CONNECTOR (11) a process holds, by their inodes (netlink(7))."""
    rows = [line.split() for line in Path("/proc/net/netlink").read_text().splitlines()[1:]]
    inodes = {row[9] for row in rows if row[1] == "11"}
    return sum(name.removeprefix("socket:[").rstrip("]") in inodes for name in _files(pid))
