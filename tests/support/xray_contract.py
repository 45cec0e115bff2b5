"""What every worker must do for the X-ray, fake or real: events, one thing closely, other limits, counters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from runtime.errors import Code
from runtime.protocol import client, messages, model, xray
from tests.support.contract import OWNER, PATIENCE, Contract

LOWER = "/etc/passwd"  # a file that every image has


class Heard:
    """An open watch: `events` so far, each once; `frames` of other kinds, by their tag."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.events: list[xray.Event] = []
        self.frames: list[messages.Reply] = []

    async def next(self) -> messages.Reply:
        payload = await asyncio.wait_for(client.read_frame(self._reader), PATIENCE)
        assert payload is not None, f"closed; so far {self.events}"
        reply = client.decode(payload, messages.Reply)
        if isinstance(reply, messages.Happened):
            known = {event.seq for event in self.events}
            self.events += [event for event in reply.events if event.seq not in known]
            assert self.events == sorted(self.events, key=lambda event: event.seq)
        else:
            self.frames.append(reply)
        return reply

    async def until(self, wanted: Callable[[xray.Event], bool]) -> xray.Event:
        """The first event of which it holds."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for event in self.events:
                if wanted(event):
                    return event
            assert time.monotonic() < deadline, self.events
            await self.next()


@asynccontextmanager
async def watching(contract: Contract, id: str, **more: Any) -> AsyncIterator[Heard]:
    """A watch; of one with pictures, the first is there already."""
    reader, writer = await client.connect(contract.socket, messages.Watch(id=id, owner=OWNER, **more))
    try:
        heard = Heard(reader)
        while more.get("what") != "events" and not heard.frames:
            await heard.next()
        yield heard
    finally:
        writer.close()
        await writer.wait_closed()


async def run(contract: Contract, id: str, *argv: str) -> model.ExecResult:
    request = messages.Exec(id=id, owner=OWNER, argv=list(argv))
    result: model.ExecResult = (await asyncio.to_thread(contract.call, request, messages.Executed)).result
    return result


class XrayContract:
    """Part of `WorkerContract`."""

    async def test_files_are_told_as_they_change(self, contract: Contract) -> None:
        with contract.container() as found:
            async with watching(contract, found.id) as heard:
                await run(contract, found.id, "touch", "/new")
                await heard.until(lambda event: (event.kind, event.path) == ("created", "/new"))
                await run(contract, found.id, "touch", LOWER)
                await heard.until(lambda event: (event.kind, event.path) == ("copied_up", LOWER))
                await run(contract, found.id, "rm", LOWER)
                await heard.until(lambda event: (event.kind, event.path) == ("whiteout", LOWER))
                await run(contract, found.id, "rm", "/new")
                await heard.until(lambda event: (event.kind, event.path) == ("removed", "/new"))

    async def test_a_process_is_born_runs_and_dies(self, contract: Contract) -> None:
        with contract.container() as found:
            async with watching(contract, found.id) as heard:
                assert (await run(contract, found.id, "sh", "-c", "exit 7")).exit_code == 7
                ran = await heard.until(lambda event: event.kind == "died" and event.code == 7)
                assert ran.pid
                assert ran.ns_pid
                born = await heard.until(lambda event: event.kind == "born" and event.pid == ran.pid)
                assert born.seq < ran.seq

    async def test_events_alone_resume_and_end(self, contract: Contract) -> None:
        with contract.container() as found:
            for frozen in (True, False, True, False):
                contract.call(messages.Freeze(id=found.id, owner=OWNER, frozen=frozen), messages.One)
            async with watching(contract, found.id, what="events") as heard:
                first = await heard.until(lambda event: event.kind == "frozen")
                await heard.until(lambda event: event.kind == "thawed" and event.seq > first.seq)
            async with watching(contract, found.id, what="events", after=first.seq) as heard:
                again = await heard.until(lambda event: event.kind == "frozen")
                assert again.seq > first.seq
                assert min(event.seq for event in heard.events) > first.seq
                await asyncio.to_thread(contract.call, messages.Delete(id=found.id, owner=OWNER))
                while not heard.frames:
                    await heard.next()
                assert [type(frame) for frame in heard.frames] == [messages.Gone]

    def test_freeze_and_thaw(self, contract: Contract) -> None:
        with contract.container() as found:
            for frozen in (True, True, False, False):
                request = messages.Freeze(id=found.id, owner=OWNER, frozen=frozen)
                assert contract.call(request, messages.One).container.frozen is frozen
                assert self._seen(contract, found.id).host.cgroup.frozen is frozen
            contract.call(messages.Stop(id=found.id, owner=OWNER), messages.One)
            refused = contract.refused(messages.Freeze(id=found.id, owner=OWNER, frozen=True))
            assert refused.code is Code.WRONG_STATE

    async def test_other_limits(self, contract: Contract) -> None:
        limits = model.Limits(memory_bytes=64 * model.MIB, cpus=0.5, pids=40, disk_bytes=32 * model.MIB)
        with contract.container(limits=limits) as found:
            after = replace(limits, memory_bytes=96 * model.MIB, pids=50, cpus=0.25)
            request = messages.SetLimits(id=found.id, owner=OWNER, limits=after)
            assert (await asyncio.to_thread(contract.call, request, messages.One)).container.limits == after
            summary = (await asyncio.to_thread(self._seen, contract, found.id)).host.cgroup.summary
            assert (summary.memory_limit_bytes, summary.pids_max) == (96 * model.MIB, 50)
            assert summary.cpu_quota_usec is not None
            assert summary.cpu_period_usec is not None
            assert summary.cpu_quota_usec / summary.cpu_period_usec == pytest.approx(0.25)
            async with watching(contract, found.id, what="events") as heard:
                told = await heard.until(lambda event: event.kind == "limits")
                assert f"memory {64 * model.MIB} → {96 * model.MIB}" in (told.reason or "")
                assert "pids 40 → 50" in (told.reason or "")

    def test_one_process_closely(self, contract: Contract) -> None:
        with contract.container() as found:
            detail = self._inspect(contract, found.id, found.pid or 0)
            assert (detail.pid, detail.ns_pids[-1]) == (found.pid, 1)
            assert set(model.NAMESPACE_KINDS) <= set(detail.namespaces)
            assert {"pid_for_children", "time_for_children"} <= set(detail.namespaces)
            assert detail.uids_inside == [0, 0, 0, 0]
            assert detail.threads
            keeper = next(p.pid for p in self._seen(contract, found.id).host.processes.values() if p.role == "keeper")
            assert self._inspect(contract, found.id, keeper).role == "keeper"
            with contract.container() as other:
                for pid in (other.pid or 0, 2**22 - 1, 0, -1):
                    refused = contract.refused(messages.Inspect(id=found.id, owner=OWNER, pid=pid))
                    assert refused.code in {Code.NOT_FOUND, Code.INVALID_SPEC}, pid

    def test_the_snapshot_has_all_walls(self, contract: Contract) -> None:
        with contract.container() as found:
            seen = self._seen(contract, found.id)
            assert seen.walls
            assert seen.walls.mounts
            assert seen.walls.devices
            assert seen.walls.identity
            assert seen.walls.network
            assert "root" in {mount.purpose for mount in seen.walls.mounts.container.values()}
            assert seen.walls.devices.container["null"].minor == 3
            assert not [name for name, device in seen.walls.devices.container.items() if device.type == "block"]
            assert seen.walls.identity.uid_map[0].inside == 0
            assert seen.walls.identity.seccomp == 2
            assert "lo" in seen.walls.network.container.interfaces
            assert seen.graph
            assert seen.graph.own["uts"] == seen.container.namespaces["uts"].id
            assert seen.graph.objects[seen.graph.own["uts"]].owner == seen.graph.own["user"]
            assert seen.usage[str(found.pid)].rss_bytes > 0

    def test_the_host_as_far_as_one_may_see(self, contract: Contract) -> None:
        with contract.container():
            student = contract.call(messages.LookAtHost(sight="student"), messages.HostSeen).host
            everything = contract.call(messages.LookAtHost(sight="host"), messages.HostSeen).host
            assert (student.complete, everything.complete) == (False, True)
            assert "1" in student.processes
            assert len(student.processes) < len(everything.processes) <= everything.totals.processes + 5
            assert student.totals.processes > len(student.processes)
            assert student.totals.containers >= 1

    def test_files_of_every_layer(self, contract: Contract) -> None:
        with contract.container() as found:
            home = next(each for each in self._trace(contract, found.id, LOWER).sightings if each.found == "hit").layer
            for argv in (["touch", "/new"], ["rm", LOWER]):
                contract.call(messages.Exec(id=found.id, owner=OWNER, argv=argv), messages.Executed)
            merged = self._file(contract, found.id, "/", "merged")
            assert {"etc", "new"} <= {entry.name for entry in merged.entries or []}
            upper = self._file(contract, found.id, "/new", "upper")
            assert (upper.entry.mark, upper.text) == ("created", "")
            assert self._file(contract, found.id, LOWER, "upper").entry.mark == "whiteout"
            assert home.isdigit()
            assert "root:" in (self._file(contract, found.id, LOWER, home).text or "")
            for path, layer in (
                (LOWER, "merged"),
                ("/no/such", "merged"),
                ("/", "99"),
                ("/", "../0"),
                (f"/../../../..{LOWER}", "merged"),
                ("new", "merged"),
                ("/new\0", "merged"),
            ):
                refused = contract.refused(messages.ReadFile(id=found.id, owner=OWNER, path=path, layer=layer))
                assert refused.code in {Code.NOT_FOUND, Code.INVALID_SPEC}, (path, layer)

    def test_where_a_path_comes_from(self, contract: Contract) -> None:
        with contract.container() as found:
            contract.call(messages.Exec(id=found.id, owner=OWNER, argv=["touch", "/new"]), messages.Executed)
            for path, verdict in (("/new", "created"), (LOWER, "lower"), ("/no-such", "absent")):
                assert self._trace(contract, found.id, path).verdict == verdict, path
            contract.call(messages.Exec(id=found.id, owner=OWNER, argv=["rm", LOWER]), messages.Executed)
            deleted = self._trace(contract, found.id, LOWER)
            assert (deleted.verdict, deleted.sightings[0].found) == ("deleted", "whiteout")
            assert (deleted.sightings[0].layer, deleted.sightings[-1].found) == ("upper", "covered")

    def test_the_filter_in_words(self, contract: Contract) -> None:
        with contract.container() as found:
            request = messages.ReadSeccomp(id=found.id, owner=OWNER)
            seccomp = contract.call(request, messages.SeccompSeen).seccomp
            assert seccomp.default_action == "SCMP_ACT_ERRNO"
            allowed = {name for rule in seccomp.rules if rule.action == "SCMP_ACT_ALLOW" for name in rule.names}
            assert {"read", "write"} <= allowed

    def test_counters_for_a_scrape(self, contract: Contract) -> None:
        with contract.container() as found:
            meters = {each.id: each for each in contract.call(messages.Measure(), messages.Measured).meters}
            meter = meters[found.id]
            assert (meter.name, meter.image) == (found.name, found.image)
            assert meter.memory_limit_bytes == found.limits.memory_bytes
            assert meter.cpu_quota_cores == pytest.approx(found.limits.cpus)
            for figure in ("cpu_usage_seconds", "memory_usage_bytes", "processes", "threads", "started_at"):
                assert getattr(meter, figure), figure
            assert meter.started_at is not None
            assert abs(meter.started_at - time.time()) < PATIENCE * 3

    @staticmethod
    def _seen(contract: Contract, id: str) -> model.Snapshot:
        found: model.Snapshot = contract.call(messages.TakeSnapshot(id=id, owner=OWNER), messages.Watched).snapshot
        return found

    @staticmethod
    def _inspect(contract: Contract, id: str, pid: int) -> xray.ProcessDetail:
        request = messages.Inspect(id=id, owner=OWNER, pid=pid)
        found: xray.ProcessDetail = contract.call(request, messages.Inspected).process
        return found

    @staticmethod
    def _file(contract: Contract, id: str, path: str, layer: str) -> xray.FileView:
        request = messages.ReadFile(id=id, owner=OWNER, path=path, layer=layer)
        found: xray.FileView = contract.call(request, messages.FileSeen).file
        return found

    @staticmethod
    def _trace(contract: Contract, id: str, path: str) -> xray.Provenance:
        request = messages.Trace(id=id, owner=OWNER, path=path)
        found: xray.Provenance = contract.call(request, messages.Traced).provenance
        return found
