"""What watchers are told adds up to what is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errors import Code, Fault
from runtime.kernel.target import Target
from runtime.probes import delta, snapshot
from runtime.protocol import merge
from runtime.server import sampler as module
from runtime.server.sampler import Sampler
from tests.support.proc_tree import OWN_NAMESPACES, UID_MAP, World, container, members, world


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIN_GAP", 0.01)
    monkeypatch.setattr(snapshot, "QUIET_SECONDS", 0.0)  # in a world of files nothing runs


@pytest.fixture
def here(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
async def sampler(here: World) -> AsyncIterator[Sampler]:
    def target(id: str) -> Target:
        if id != here.target.container.id:
            raise Fault(Code.NOT_FOUND, f"no container {id}")
        return here.target

    one = Sampler(target, host=snapshot.Host(here.tree.proc))
    one._period = 0.02
    yield one
    await one.close()


async def _next(frames: AsyncIterator[bytes]) -> dict[str, Any]:
    async with asyncio.timeout(5):
        return dict(msgspec.json.decode(await anext(frames)))


async def _until(frames: AsyncIterator[bytes], found: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(5):
        async for frame in frames:
            message = msgspec.json.decode(frame)
            if found(message):
                return dict(message)
    raise AssertionError("the stream ended")


async def _polled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.001)


def _nulls_away(value: Any) -> Any:
    """As receivers read it: an absent member is null."""
    if isinstance(value, dict):
        return {key: _nulls_away(inner) for key, inner in value.items() if inner is not None}
    return value


def _clocks_away(value: dict[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if key not in delta.CLOCKS}


async def test_a_snapshot_comes_first_and_patches_add_up_to_the_next(here: World, sampler: Sampler) -> None:
    id = here.target.container.id
    async with aclosing(sampler.watch(id)) as frames:
        first = await _next(frames)
        assert (first["re"], first["seq"]) == ("snapshot", 0)
        state = first["snapshot"]
        here.tree.process(502, ppid=500, ns_pids=(502, 8), uid_map=UID_MAP, namespaces=OWN_NAMESPACES, starttime=5002)
        members(here.paths, 500, 501, 502)
        here.write("memory/memory.usage_in_bytes", "77\n")
        sampler.poke(id)
        seq = 0
        while "502" not in state["container"]["processes"]:
            patch = await _next(frames)
            seq += 1
            assert (patch["re"], patch["seq"]) == ("patch", seq)
            state = merge.apply(state, patch["patch"])
        camera = snapshot.Camera(sampler._host, sparing=True)
        fresh = msgspec.json.decode(msgspec.json.encode(camera.take(here.target)))
        camera.close()
        assert _clocks_away(_nulls_away(state)) == _clocks_away(_nulls_away(fresh))
        assert state["host"]["cgroup"]["summary"]["memory_bytes"] == 77


async def test_the_patch_after_a_fork_is_small(here: World, sampler: Sampler) -> None:
    async with aclosing(sampler.watch(here.target.container.id)) as frames:
        await _next(frames)
        here.tree.process(
            502, ppid=500, ns_pids=(502, 8), cmdline=b"sleep\x00300\0", comm=b"sleep", uid_map=UID_MAP,
            namespaces=OWN_NAMESPACES,
        )  # fmt: skip
        patch = await _until(frames, lambda message: "container" in message.get("patch", {}))
        assert len(msgspec.json.encode(patch)) <= 1024
        assert set(patch["patch"]) == {"container", "host", "usage", *delta.CLOCKS}


async def test_quiet_is_silence_but_for_a_heartbeat(
    here: World, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = sampler._host.machine.take(0.0)
    monkeypatch.setattr(sampler._host.machine, "take", lambda *_: machine)
    async with aclosing(sampler.watch(here.target.container.id)) as frames:
        await _next(frames)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(frames)
    monkeypatch.setattr(module, "HEARTBEAT", 0.05)
    async with aclosing(sampler.watch(here.target.container.id)) as frames:
        await _next(frames)
        patch = await _next(frames)
        assert set(patch["patch"]) == delta.CLOCKS


async def test_watchers_share_passes_and_bytes(here: World, sampler: Sampler) -> None:
    id = here.target.container.id
    async with aclosing(sampler.watch(id)) as one, aclosing(sampler.watch(id)) as two:
        await _next(one)
        await _next(two)
        assert sampler.watched == {id: 2}
        here.write("pids/pids.current", "9\n")
        patches = [
            await _until(frames, lambda message: "container" in message.get("patch", {})) for frames in (one, two)
        ]
        assert patches[0] == patches[1]


async def test_snapshots_made_aside_wait_for_each_other_and_the_loop_for_none(
    here: World, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, begun, at_once, most = threading.Event(), threading.Semaphore(0), 0, 0

    def slow(target: Target, host: snapshot.Host) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        begun.release()
        assert go.wait(10)
        at_once -= 1
        return snapshot.take(target, host)

    monkeypatch.setattr(module, "take", slow)
    asked = [asyncio.create_task(sampler.take_aside(here.target.container.id)) for _ in range(12)]
    for _ in range(module.ASIDE):
        assert await asyncio.to_thread(begun.acquire, timeout=10)
    go.set()
    taken = await asyncio.gather(*asked)
    assert all(one.container.processes.keys() == {"500", "501"} for one in taken)
    assert most == module.ASIDE
    assert not sampler._room, "nobody waits any more"


async def test_one_who_joins_later_starts_from_what_the_next_patch_fits(here: World, sampler: Sampler) -> None:
    id = here.target.container.id
    async with aclosing(sampler.watch(id)) as one:
        await _next(one)
        for count in range(3):
            here.write("pids/pids.current", f"{10 + count}\n")
            await _until(one, lambda message: "container" in message.get("patch", {}))
        async with aclosing(sampler.watch(id)) as two:
            first = await _next(two)
            assert first["re"] == "snapshot"
            assert first["snapshot"]["container"]["cgroup"]["summary"]["pids_current"] == 12
            here.write("pids/pids.current", "99\n")
            after = await _next(two)
            assert after["seq"] == first["seq"] + 1


async def test_who_reads_too_slowly_gets_a_whole_snapshot_again(here: World, sampler: Sampler) -> None:
    id = here.target.container.id
    async with aclosing(sampler.watch(id)) as frames:
        await _next(frames)
        (watcher,) = sampler._streams[id].watchers
        full = False
        async with asyncio.timeout(20):
            for count in range(1000):
                here.write("pids/pids.current", f"{count}\n")
                sampler.poke(id)
                before = watcher.frames.qsize()
                await _polled(lambda before=before: watcher.frames.qsize() != before)  # type: ignore[misc]
                if watcher.frames.qsize() < before:
                    full = True
                    break
        assert full
        message = await _next(frames)
        assert message["re"] == "snapshot"
        assert message["seq"] == module.QUEUE + 1
        here.write("pids/pids.current", "5000\n")
        assert (await _next(frames))["seq"] == message["seq"] + 1


async def test_a_deleted_container_is_gone_for_all(here: World, sampler: Sampler) -> None:
    id = here.target.container.id
    async with aclosing(sampler.watch(id)) as frames:
        await _next(frames)
        sampler.gone(id, "deleted by ada")
        last = await _until(frames, lambda message: message["re"] == "gone")
        assert last["reason"] == "deleted by ada"
        with pytest.raises(StopAsyncIteration):
            await anext(frames)
    assert sampler.watched == {}


async def test_a_container_that_the_engine_forgot_ends_the_watch(here: World) -> None:
    known = True

    def target(id: str) -> Target:
        if not known:
            raise Fault(Code.NOT_FOUND, "no container")
        return here.target

    sampler = Sampler(target, host=snapshot.Host(here.tree.proc))
    async with aclosing(sampler.watch("x")) as frames:
        await _next(frames)
        known = False
        sampler.poke("x")
        assert (await _until(frames, lambda message: message["re"] == "gone"))["reason"]
    await sampler.close()


async def test_a_container_that_is_not_there_cannot_be_watched(sampler: Sampler) -> None:
    with pytest.raises(Fault) as refused:
        await anext(sampler.watch("nobody"))
    assert refused.value.code is Code.NOT_FOUND
    assert sampler.watched == {}


async def test_nobody_watches_nothing_is_read(here: World, sampler: Sampler) -> None:
    id = here.target.container.id
    async with aclosing(sampler.watch(id)) as frames:
        await _next(frames)
    await _polled(lambda: not sampler.watched)


async def test_a_slow_pass_goes_to_a_thread_and_still_fits(
    here: World, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOW", 0.0)
    id = here.target.container.id
    async with aclosing(sampler.watch(id)) as frames:
        state = (await _next(frames))["snapshot"]
        for count in range(5):
            here.write("pids/pids.current", f"{100 + count}\n")
            patch = await _until(frames, lambda message: "container" in message.get("patch", {}))
            state = merge.apply(state, patch["patch"])
        assert sampler._streams[id].threaded > 0
        assert state["container"]["cgroup"]["summary"]["pids_current"] == 104


async def test_a_broken_probe_ends_the_watch_with_a_fault(
    here: World, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with aclosing(sampler.watch(here.target.container.id)) as frames:
        await _next(frames)

        def broken(self: snapshot.Camera, target: Target, *, closely: bool) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr(snapshot.Camera, "take", broken)
        fault = await _until(frames, lambda message: message["re"] == "fault")
        assert fault["code"] == "internal-error"


_PIDS = st.sets(st.integers(502, 520), max_size=6)


@contextlib.contextmanager
def _world_with(here: World, pids: set[int]) -> Iterator[None]:
    for pid in sorted(pids):
        here.tree.process(
            pid, ppid=500, ns_pids=(pid, pid - 490), uid=1_879_048_192 + pid, uid_map=UID_MAP, starttime=pid * 10
        )
    members(here.paths, 500, 501, *sorted(pids))
    yield
    for pid in pids:
        here.tree.end(pid)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.tuples(_PIDS, st.integers(0, 2**40), st.booleans(), st.booleans()), min_size=2, max_size=5))
def test_any_history_of_patches_ends_in_the_fresh_snapshot(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[set[int], int, bool, bool]]
) -> None:
    here = world(tmp_path_factory.mktemp("world"))
    host = snapshot.Host(here.tree.proc)
    camera = snapshot.Camera(host)
    before = camera.take(here.target)
    state = msgspec.to_builtins(before)
    for pids, usage, hidden, alive in steps:
        here.write("memory/memory.usage_in_bytes", f"{usage}\n")
        oom = Path(here.paths["memory"], "memory.oom_control")
        oom.unlink(missing_ok=True) if hidden else oom.write_text("oom_kill 3\n")
        target = here.target
        if not alive:
            target = Target(container=container(None), pid=None, starttime=0, keeper_pid=400, cgroup_mode="hybrid")
        with _world_with(here, pids):
            after = camera.take(target, closely=True)
        patch = delta.between(before, after)
        assert patch == merge.diff(msgspec.to_builtins(before), msgspec.to_builtins(after))
        state = merge.apply(state, msgspec.json.decode(msgspec.json.encode(patch)))
        before = after
    assert _nulls_away(state) == _nulls_away(msgspec.to_builtins(before))
    camera.close()
    host.close()
