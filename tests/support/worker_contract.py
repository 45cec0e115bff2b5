"""What every worker must do, fake or real, asked through its socket only.

    class TestFake(WorkerContract):
        @pytest.fixture
        def contract(self, …) -> Contract:
            return Contract(socket, image="busybox")

The web side's tests trust the fake because both pass this.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest

from runtime.errors import Code, Fault
from runtime.protocol import VERSION, client, merge, messages, model, pty
from runtime.protocol.framing import framed
from tests.support.contract import OWNER, PATIENCE, STRANGER, Contract
from tests.support.line import Line, body
from tests.support.transfer_contract import TransferContract
from tests.support.xray_contract import XrayContract

__all__ = ["Contract", "WorkerContract"]


class WorkerContract(XrayContract, TransferContract):
    """Inherit, and give the fixture `contract`."""

    def test_it_says_who_it_is(self, contract: Contract) -> None:
        info = contract.call(messages.Ping(), messages.Pong).info
        assert info.version == VERSION
        assert info.pid > 0

    def test_it_has_images_with_layers(self, contract: Contract) -> None:
        found = {image.name: image for image in contract.call(messages.ListImages(), messages.Images).images}
        assert found[contract.image].layers
        assert found[contract.image].command

    def test_launch_gives_a_running_container_and_its_first_snapshot(self, contract: Contract) -> None:
        limits = model.Limits(memory_bytes=64 * model.MIB, cpus=0.25, pids=40)
        with contract.container(limits=limits) as found:
            assert found.state is model.State.RUNNING
            assert found.pid
            assert found.limits == limits
            assert [terminal.console for terminal in found.terminals] == [True]
            assert contract.call(messages.Get(id=found.id, owner=OWNER), messages.One).container.id == found.id

    def test_launch_again_is_the_same_container(self, contract: Contract) -> None:
        with contract.container() as found:
            again = contract.launch(id=found.id)
            assert again.container.pid == found.pid
            assert len([c for c in self._all(contract) if c.id == found.id]) == 1

    def test_launch_of_an_unknown_image_leaves_nothing(self, contract: Contract) -> None:
        before = {each.id for each in self._all(contract)}
        request = messages.Launch(id="z" * 16, owner=OWNER, name="x", image="no-such-image")
        assert contract.refused(request).code is Code.NOT_FOUND
        assert {each.id for each in self._all(contract)} == before

    def test_a_stranger_finds_nothing(self, contract: Contract) -> None:
        with contract.container() as found:
            terminal = found.terminals[0].id
            for request in (
                messages.Get(id=found.id, owner=STRANGER),
                messages.Start(id=found.id, owner=STRANGER),
                messages.Stop(id=found.id, owner=STRANGER),
                messages.Delete(id=found.id, owner=STRANGER),
                messages.Exec(id=found.id, owner=STRANGER, argv=["true"]),
                messages.OpenTerminal(id=found.id, owner=STRANGER),
                messages.CloseTerminal(id=found.id, owner=STRANGER, terminal=terminal),
                messages.MintTicket(id=found.id, owner=STRANGER, terminal=terminal, user=STRANGER),
                messages.TakeSnapshot(id=found.id, owner=STRANGER),
                messages.Watch(id=found.id, owner=STRANGER),
                messages.Source(id=found.id, owner=STRANGER, side="host", panel="namespaces", key="mnt"),
                messages.Watch(id=found.id, owner=STRANGER, what="events"),
                messages.Inspect(id=found.id, owner=STRANGER, pid=found.pid or 0),
                messages.Freeze(id=found.id, owner=STRANGER, frozen=True),
                messages.SetLimits(id=found.id, owner=STRANGER, limits=model.Limits()),
                messages.ReadFile(id=found.id, owner=STRANGER, path="/"),
                messages.Trace(id=found.id, owner=STRANGER, path="/"),
                messages.ReadSeccomp(id=found.id, owner=STRANGER),
            ):
                assert contract.refused(request).code is Code.NOT_FOUND, request
            assert found.id not in {
                each.id for each in contract.call(messages.List(owner=STRANGER), messages.Many).containers
            }
            assert contract.call(messages.Get(id=found.id, owner=OWNER), messages.One).container.state == "running"

    def test_stop_and_start(self, contract: Contract) -> None:
        with contract.container() as found:
            stopped = contract.call(messages.Stop(id=found.id, owner=OWNER), messages.One).container
            assert stopped.state is model.State.STOPPED
            assert stopped.pid is None
            assert stopped.exit is not None
            contract.call(messages.Stop(id=found.id, owner=OWNER), messages.One)  # again: no error
            assert contract.refused(messages.Exec(id=found.id, owner=OWNER, argv=["true"])).code is Code.WRONG_STATE
            started = contract.call(messages.Start(id=found.id, owner=OWNER), messages.Launched).container
            assert started.state is model.State.RUNNING
            again = contract.call(messages.Start(id=found.id, owner=OWNER), messages.Launched).container
            assert again.pid == started.pid  # starting a running one is no error either

    def test_files_outlive_a_stop(self, contract: Contract) -> None:
        with contract.container() as found:
            contract.call(messages.Exec(id=found.id, owner=OWNER, argv=["touch", "/kept"]), messages.Executed)
            contract.call(messages.Stop(id=found.id, owner=OWNER), messages.One)
            contract.call(messages.Start(id=found.id, owner=OWNER), messages.Launched)
            assert "/kept" in self._snapshot(contract, found.id).host.overlay.changes

    def test_delete_is_idempotent(self, contract: Contract) -> None:
        with contract.container() as found:
            contract.call(messages.Delete(id=found.id, owner=OWNER))
            contract.call(messages.Delete(id=found.id, owner=OWNER))
            assert contract.refused(messages.Get(id=found.id, owner=OWNER)).code is Code.NOT_FOUND

    @pytest.mark.parametrize(
        ("argv", "stdin", "code", "stdout"),
        [
            (["true"], b"", 0, b""),
            (["false"], b"", 1, b""),
            (["sh", "-c", "exit 7"], b"", 7, b""),
            (["echo", "a  b", "$HOME"], b"", 0, b"a  b $HOME\n"),
            (["cat"], b"through\0 and \xff through", 0, b"through\0 and \xff through"),
        ],
    )
    def test_exec(self, contract: Contract, argv: list[str], stdin: bytes, code: int, stdout: bytes) -> None:
        with contract.container() as found:
            request = messages.Exec(id=found.id, owner=OWNER, argv=argv, stdin=stdin)
            result = contract.call(request, messages.Executed).result
            assert (result.exit_code, result.stdout) == (code, stdout)
            assert not result.timed_out
            assert not result.truncated

    def test_exec_that_takes_too_long(self, contract: Contract) -> None:
        with contract.container() as found:
            request = messages.Exec(id=found.id, owner=OWNER, argv=["sleep", "30"], timeout_seconds=0.3)
            result = contract.call(request, messages.Executed).result
            assert result.timed_out
            assert result.exit_code is None
            assert result.reason

    def test_exec_of_nothing(self, contract: Contract) -> None:
        with contract.container() as found:
            request = messages.Exec(id=found.id, owner=OWNER, argv=["/no/such/program"])
            result = contract.call(request, messages.Executed).result
            assert result.exit_code is None
            assert "/no/such/program" in (result.reason or "")
            terminal = messages.OpenTerminal(id=found.id, owner=OWNER, argv=["/no/such/program"])
            assert contract.refused(terminal).code is Code.SPAWN_FAILED

    def test_exec_output_is_bounded(self, contract: Contract) -> None:
        with contract.container() as found:
            request = messages.Exec(id=found.id, owner=OWNER, argv=["yes"], timeout_seconds=2.0, output_bytes=1000)
            result = contract.call(request, messages.Executed).result
            assert result.truncated
            assert len(result.stdout) == 1000

    def test_snapshot_shows_both_sides(self, contract: Contract) -> None:
        with contract.container() as found:
            seen = self._snapshot(contract, found.id)
            init = str(found.pid)
            assert seen.container.processes[init].pid == 1
            assert seen.host.processes[init].pid == found.pid
            assert seen.host.processes[init].ns_pids[-1] == 1
            assert set(seen.container.namespaces) == set(model.NAMESPACE_KINDS)
            for kind in ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup"):
                inside, outside = seen.container.namespaces[kind], seen.host.namespaces[kind]
                assert inside.same_as_host is False, kind
                assert inside.id != outside.id, kind
            assert len(seen.host.overlay.lowerdir) == len(seen.host.overlay.layers)

    def test_source_of_a_figure(self, contract: Contract) -> None:
        with contract.container() as found:
            request = messages.Source(id=found.id, owner=OWNER, side="container", panel="namespaces", key="uts")
            text = contract.call(request, messages.Sourced).source
            assert text.raw.strip() == self._snapshot(contract, found.id).container.namespaces["uts"].id
            for key in ("../../etc/passwd", "no-such-kind", "/etc/shadow"):
                request = messages.Source(id=found.id, owner=OWNER, side="host", panel="namespaces", key=key)
                assert contract.refused(request).code in {Code.NOT_FOUND, Code.INVALID_SPEC}, key

    def test_terminals_open_and_close(self, contract: Contract) -> None:
        with contract.container() as found:
            opened = contract.call(messages.OpenTerminal(id=found.id, owner=OWNER), messages.Opened).terminal
            assert not opened.console
            now = contract.call(messages.Get(id=found.id, owner=OWNER), messages.One).container
            assert [terminal.id for terminal in now.terminals] == [found.terminals[0].id, opened.id]
            contract.call(messages.CloseTerminal(id=found.id, owner=OWNER, terminal=opened.id))
            missing = messages.CloseTerminal(id=found.id, owner=OWNER, terminal="no-such")
            assert contract.refused(missing).code is Code.NOT_FOUND
            console = messages.CloseTerminal(id=found.id, owner=OWNER, terminal=found.terminals[0].id)
            assert contract.refused(console).code is Code.WRONG_STATE

    async def test_a_shell_answers(self, contract: Contract) -> None:
        with contract.container() as found:
            line = await Line.attach(contract, contract.ticket(found, found.terminals[0].id), cols=100, rows=30)
            welcome = body(await line.until(pty.Kind.WELCOME), pty.Welcome)
            assert (welcome.cols, welcome.rows, welcome.role) == (100, 30, "rw")
            await line.until(b"# ")
            line.type(b"echo hello\r")
            await line.until(b"hello\r\n")
            line.type(b"exit 5\r")
            ended = body(await line.until(pty.Kind.EXIT), pty.ExitBody)
            assert ended.code == 5
            await line.close()
            stopped = contract.until(found.id, model.State.STOPPED)
            assert stopped.exit is not None
            assert stopped.exit.code == 5

    async def test_attaching_again_gives_what_was_missed(self, contract: Contract) -> None:
        with contract.container() as found:
            console = found.terminals[0].id
            first = await Line.attach(contract, contract.ticket(found, console))
            epoch = body(await first.until(pty.Kind.WELCOME), pty.Welcome).epoch
            await first.until(b"# ")
            have = first.head
            first.type(b"echo meanwhile\r")
            await first.until(b"meanwhile\r\n")
            await first.until(b"meanwhile\r\n")
            await first.close()
            again = await Line.attach(contract, contract.ticket(found, console), epoch=epoch, have=have)
            replay = body(await again.until(pty.Kind.WELCOME), pty.Welcome).replay
            assert (replay.kind, replay.start) == (pty.ReplayKind.DELTA, have)
            await again.until(b"meanwhile\r\n")
            await again.close()

    async def test_a_ticket_works_once_for_its_user_only(self, contract: Contract) -> None:
        with contract.container() as found:
            console = found.terminals[0].id
            for ticket, user in (
                ("forged", OWNER),
                (contract.ticket(found, console, user=STRANGER), OWNER),
            ):
                line = await Line.attach(contract, ticket, user=user)
                assert body(await line.until(pty.Kind.ERROR), pty.ErrorBody).close == pty.Close.TICKET
                await line.close()
            ticket = contract.ticket(found, console)
            line = await Line.attach(contract, ticket)
            await line.until(pty.Kind.WELCOME)
            second = await Line.attach(contract, ticket)
            assert body(await second.until(pty.Kind.ERROR), pty.ErrorBody).close == pty.Close.TICKET
            await line.close()
            await second.close()

    async def test_a_bad_first_frame(self, contract: Contract) -> None:
        reader, writer = await client.connect(contract.socket, messages.Attach(user=OWNER))
        line = Line(reader, writer)
        line.type(b"no hello before")
        assert body(await line.until(pty.Kind.ERROR), pty.ErrorBody).close == pty.Close.PROTOCOL
        await line.close()

    async def test_watch_patches_add_up(self, contract: Contract) -> None:
        with contract.container() as found:
            reader, writer = await client.connect(contract.socket, messages.Watch(id=found.id, owner=OWNER))
            state = await self._next(reader)
            assert (state["re"], state["seq"]) == ("snapshot", 0)
            seen, seq = state["snapshot"], 0
            request = messages.Exec(id=found.id, owner=OWNER, argv=["touch", "/seen"])
            await asyncio.to_thread(contract.call, request, messages.Executed)
            deadline = time.monotonic() + PATIENCE
            while "/seen" not in seen["host"]["overlay"]["changes"]:
                assert time.monotonic() < deadline
                state = await self._next(reader)
                if state["re"] == "events":
                    continue
                assert (state["re"], state["seq"]) == ("patch", seq + 1)
                seen, seq = merge.apply(seen, state["patch"]), seq + 1
            msgspec.convert(seen, model.Snapshot)
            await asyncio.to_thread(contract.call, messages.Delete(id=found.id, owner=OWNER))
            while state["re"] in {"patch", "events"}:
                state = await self._next(reader)
            assert state["re"] == "gone"
            writer.close()

    def test_what_is_no_request_is_refused(self, contract: Contract) -> None:
        with client._connection(contract.socket, 10) as sock:
            sock.sendall(framed(b'{"op":"rm -rf"}'))
            payload = client._frame(sock)
        with pytest.raises(Fault) as caught:
            client.decode(payload, messages.Reply)
        assert caught.value.code is Code.PROTOCOL_ERROR

    @staticmethod
    async def _next(reader: asyncio.StreamReader) -> dict[str, Any]:
        payload = await asyncio.wait_for(client.read_frame(reader), PATIENCE)
        assert payload is not None
        found: dict[str, Any] = msgspec.json.decode(payload)
        return found

    @staticmethod
    def _all(contract: Contract) -> list[model.Container]:
        found: list[model.Container] = contract.call(messages.List(owner=None), messages.Many).containers
        return found

    @staticmethod
    def _snapshot(contract: Contract, id: str) -> model.Snapshot:
        found: model.Snapshot = contract.call(messages.TakeSnapshot(id=id, owner=OWNER), messages.Watched).snapshot
        return found
