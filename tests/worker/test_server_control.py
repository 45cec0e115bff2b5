"""The cgroup's verbs and its events, from the worker's socket."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.errors import Code
from runtime.kernel.cgroups import detect
from runtime.protocol import client, messages, model
from runtime.protocol.xray import Event, Meter
from tests.worker.instance import Instance, visit

MIB = 1024 * 1024
pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")


class Story:
    """What a watcher of one container was told, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.pictures = 0

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    async def goes_on(self, pictures: int) -> None:
        """Wait for so many more pictures: what they show would have been told."""
        enough, deadline = self.pictures + pictures, time.monotonic() + 20
        while self.pictures < enough:
            assert time.monotonic() < deadline, "no more pictures"
            await asyncio.sleep(0.01)

    async def has(self, found: Callable[[Event], object], within: float = 10) -> Event:
        deadline = time.monotonic() + within
        while True:
            for event in self.events:
                if found(event):
                    return event
            assert time.monotonic() < deadline, f"never told; only {self.events}"
            await asyncio.sleep(0.01)


@asynccontextmanager
async def told(instance: Instance, id: str) -> AsyncIterator[Story]:
    """Watch a container; from the body's first line on it is watched."""
    story = Story()
    reader, writer = await client.connect(instance.config.socket, messages.Watch(id=id, owner="anna"))
    first = client.decode(await client.read_frame(reader) or b"", messages.Watched)
    assert first.snapshot.info.id == id

    async def listen() -> None:
        while frame := await client.read_frame(reader):
            message = client.decode(frame, messages.Reply)
            if isinstance(message, messages.Happened):
                story.events += message.events
            elif isinstance(message, messages.Patched):
                story.pictures += 1

    task = asyncio.create_task(listen())
    try:
        yield story
    finally:
        task.cancel()
        writer.close()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _freeze(instance: Instance, id: str, frozen: bool) -> model.Container:
    return (await instance.ask(messages.Freeze(id=id, owner="anna", frozen=frozen), messages.One)).container


async def _sh(instance: Instance, id: str, script: str, seconds: float = 20) -> model.ExecResult:
    request = messages.Exec(id=id, owner="anna", argv=["sh", "-c", script], timeout_seconds=seconds)
    return (await instance.ask(request, messages.Executed)).result


async def test_freezing_and_thawing_is_told_once(instance: Instance, box: messages.Launched) -> None:
    id = box.container.id
    async with told(instance, id) as story:
        assert (await _freeze(instance, id, True)).frozen
        assert (await _freeze(instance, id, True)).frozen
        await story.has(lambda event: event.kind == "frozen")
        seen = await instance.ask(messages.TakeSnapshot(id=id, owner="anna"), messages.Watched)
        assert seen.snapshot.info.frozen
        assert seen.snapshot.host.cgroup.frozen
        assert not (await _freeze(instance, id, False)).frozen
        await story.has(lambda event: event.kind == "thawed")
        await _sh(instance, id, "true")
        await story.goes_on(2)
        assert [kind for kind in story.kinds() if kind in ("frozen", "thawed")] == ["frozen", "thawed"]


async def test_somebody_elses_freezing_is_told_too(instance: Instance, box: messages.Launched) -> None:
    group = detect().group(f"{instance.config.name}/{box.container.id}")
    async with told(instance, box.container.id) as story:
        group.freeze()
        await story.has(lambda event: event.kind == "frozen")
        group.thaw()
        await story.has(lambda event: event.kind == "thawed")


async def test_a_frozen_containers_terminal_waits(instance: Instance, box: messages.Launched) -> None:
    id = box.container.id
    async with visit(instance, id) as visitor:
        visitor.type(b"echo be$((1+1))fore\r")
        await visitor.sees(b"be2fore")
        await _freeze(instance, id, True)
        visitor.type(b"echo af$((1+1))ter\r")
        refusal = await asyncio.to_thread(instance.refusal, messages.OpenTerminal(id=id, owner="anna"))
        assert refusal.code is Code.WRONG_STATE
        assert b"af2ter" not in visitor.screen.output
        await _freeze(instance, id, False)
        await visitor.sees(b"af2ter")


async def test_frozen_outlives_the_worker_and_stop_thaws(instance: Instance, box: messages.Launched) -> None:
    id = box.container.id
    await _freeze(instance, id, True)
    await instance.kill_worker()
    assert (await instance.ask(messages.Get(id=id, owner="anna"), messages.One)).container.frozen
    stopped = await instance.ask(messages.Stop(id=id, owner="anna", grace_seconds=0.5), messages.One)
    assert (stopped.container.state, stopped.container.frozen) == (model.State.STOPPED, False)
    refusal = await asyncio.to_thread(instance.refusal, messages.Freeze(id=id, owner="anna", frozen=True))
    assert refusal.code is Code.WRONG_STATE


async def test_changed_limits_are_told_in_the_answer_the_picture_and_as_an_event(
    instance: Instance, box: messages.Launched
) -> None:
    id, old = box.container.id, box.container.limits
    wanted = model.Limits(memory_bytes=64 * MIB, cpus=old.cpus, pids=32, disk_bytes=old.disk_bytes)
    async with told(instance, id) as story:
        changed = await instance.ask(messages.SetLimits(id=id, owner="anna", limits=wanted), messages.One)
        assert changed.container.limits == wanted
        event = await story.has(lambda event: event.kind == "limits")
        assert event.reason == f"memory {old.memory_bytes} → {wanted.memory_bytes}, pids {old.pids} → {wanted.pids}"
        again = await instance.ask(messages.SetLimits(id=id, owner="anna", limits=wanted), messages.One)
        assert again.container.limits == wanted
        seen = (await instance.ask(messages.TakeSnapshot(id=id, owner="anna"), messages.Watched)).snapshot
        assert seen.host.cgroup.summary.memory_limit_bytes == wanted.memory_bytes
        assert seen.host.cgroup.effective["memory_bytes"].value == wanted.memory_bytes
        assert seen.host.cgroup.effective["pids"].own
        assert story.kinds().count("limits") == 1
    refusal = await asyncio.to_thread(instance.refusal, messages.SetLimits(id=id, owner="eve", limits=model.Limits()))
    assert refusal.code is Code.NOT_FOUND


async def test_refused_forks_are_told_with_the_limit(instance: Instance, box: messages.Launched) -> None:
    id, old = box.container.id, box.container.limits
    limits = model.Limits(memory_bytes=old.memory_bytes, cpus=old.cpus, pids=8, disk_bytes=old.disk_bytes)
    await instance.ask(messages.SetLimits(id=id, owner="anna", limits=limits), messages.One)
    async with told(instance, id) as story:
        said = await _sh(instance, id, "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 2 & done; wait")
        assert b"can't fork" in said.stderr
        event = await story.has(lambda event: event.kind == "refused-fork")
        assert (event.limit, (event.count or 0) >= 1) == (8, True)


async def test_throttling_is_told_when_it_begins_and_not_each_time(instance: Instance) -> None:
    box = instance.launch("sh", "-c", "read x; while :; do :; done", limits=model.Limits(cpus=0.1))
    id = box.container.id
    async with told(instance, id) as story, visit(instance, id) as visitor:
        visitor.type(b"\r")
        event = await story.has(lambda event: event.kind == "throttled")
        assert (event.count or 0) >= 1
        assert event.limit == 10_000
        await story.goes_on(2)  # it goes on being throttled: news only after a while
        assert story.kinds().count("throttled") == 1
    await instance.ask(messages.Delete(id=id, owner=None), messages.Done)


async def test_every_running_container_is_metered_whether_watched_or_not(
    instance: Instance, box: messages.Launched
) -> None:
    id = box.container.id
    assert (await _sh(instance, id, "head -c 5000000 /dev/zero >/kept; cat /kept >/dev/null")).exit_code == 0

    async def meter() -> Meter:
        found = await instance.ask(messages.Measure(), messages.Measured)
        return next(meter for meter in found.meters if meter.id == id)

    before = await meter()
    assert before.started_at == box.container.started_at
    assert before.processes == before.threads == 1
    assert (before.threads_max, before.memory_limit_bytes) == (box.container.limits.pids, 256 * MIB)
    assert (before.fs_usage_bytes or 0) >= 5_000_000
    assert before.fs_limit_bytes == box.container.limits.disk_bytes
    assert 5_000_000 <= (before.memory_working_set_bytes or 0) <= (before.memory_usage_bytes or 0)
    assert before.cpu_quota_cores == 0.5
    assert before.network_receive_bytes is None, "there is only the loopback"
    assert set(before.pressure) == {
        f"{kind} {how}" for kind in ("cpu", "memory", "io") for how in ("waiting", "stalled")
    }
    await _sh(instance, id, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
    after = await meter()
    assert (after.cpu_usage_seconds or 0) > (before.cpu_usage_seconds or 0)
    await instance.ask(messages.Stop(id=id, owner="anna", grace_seconds=0), messages.One)
    assert all(meter.id != id for meter in (await instance.ask(messages.Measure(), messages.Measured)).meters)


async def test_a_container_that_is_frozen_when_the_watching_begins_is_no_news(
    instance: Instance, box: messages.Launched
) -> None:
    id = box.container.id
    await _freeze(instance, id, True)
    async with told(instance, id) as story:
        seen = await story.has(lambda event: event.kind == "frozen")  # what is remembered, once
        await _freeze(instance, id, False)
        await story.has(lambda event: event.kind == "thawed")
        assert [event.seq for event in story.events if event.kind == "frozen"] == [seen.seq]


def test_nothing_of_cgroupfs_stays_open_after_a_watch(instance: Instance) -> None:
    worker = instance.ready().info.pid

    def held() -> list[str]:
        found = []
        for link in Path(f"/proc/{worker}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(link.readlink())
                if "cgroup.events" in target:
                    found.append(target)
        return found

    deadline = time.monotonic() + 10
    while left := held():
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
