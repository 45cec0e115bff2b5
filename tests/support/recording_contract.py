"""What every worker must do with recordings of terminals: begin, tell, end, hand out, keep for their owner alone."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest

from runtime.errors import Code
from runtime.protocol import messages, model, pty
from runtime.protocol.terminals import MAX_NAME, Recording
from tests.support.contract import OWNER, PATIENCE, STRANGER, Contract
from tests.support.line import Line

HOSTILE = ["", ".", "..", "../../etc/passwd", "/etc/passwd", "x" * 24, "0" * 23, "0" * 25, "0" * 24, "0" * 24 + "\n"]


def begin(contract: Contract, found: model.Container, **more: Any) -> Recording:
    request = messages.StartRecording(id=found.id, owner=OWNER, by="Ann", **({"terminal": console(found)} | more))
    recording: Recording = contract.call(request, messages.RecordingSeen).recording
    return recording


def console(found: model.Container) -> str:
    return found.terminals[0].id


def stop(contract: Contract, recording: Recording) -> Recording:
    request = messages.StopRecording(owner=OWNER, recording=recording.id)
    ended: Recording = contract.call(request, messages.RecordingSeen).recording
    return ended


def mine(contract: Contract, owner: str | None = OWNER, container: str | None = None) -> messages.Recordings:
    request = messages.ListRecordings(owner=owner, container=container)
    found: messages.Recordings = contract.call(request, messages.Recordings)
    return found


def seen(contract: Contract, recording: Recording) -> Recording:
    return next(each for each in mine(contract).recordings if each.id == recording.id)


def ended(contract: Contract, recording: Recording) -> Recording:
    deadline = time.monotonic() + PATIENCE
    while (now := seen(contract, recording)).ended is None:
        assert time.monotonic() < deadline, now
        time.sleep(0.02)
    return now


def read(contract: Contract, recording: Recording, owner: str | None = OWNER) -> bytes:
    whole, last = b"", False
    while not last:
        request = messages.ReadRecording(owner=owner, recording=recording.id, offset=len(whole))
        part = contract.call(request, messages.Part)
        whole, last = whole + part.data, part.end
        assert len(whole) == part.size if last else len(whole) < part.size
    return whole


def lines(contract: Contract, recording: Recording) -> tuple[dict[str, Any], list[list[Any]]]:
    """The header, and the events."""
    whole = read(contract, recording)
    assert whole.endswith(b"\n")
    head, *events = [json.loads(line) for line in whole.splitlines()]
    return head, events


def output(events: list[list[Any]]) -> str:
    return "".join(text for _, code, text in events if code == "o")


async def told(line: Line, recording: str | None) -> None:
    """Wait for a STATE that says which recording goes on."""
    while True:
        for frame in line.frames:
            if frame[0] == pty.Kind.STATE:
                body = msgspec.json.decode(frame[1:], type=pty.StateBody).recording
                if (body.id if body else None) == recording:
                    line.frames.clear()
                    return
        line.frames.clear()
        await line.frame()


class RecordingContract:
    async def test_output_and_sizes_are_recorded_and_all_who_look_are_told(self, contract: Contract) -> None:
        with contract.container() as found:
            line = await Line.attach(contract, contract.ticket(found, console(found)), cols=90, rows=30)
            await line.until(b"# ")
            before = time.time()
            begun = begin(contract, found, title="on stage")
            assert before <= begun.started_at <= time.time()
            assert (begun.container, begun.container_name, begun.terminal) == (found.id, found.name, console(found))
            assert (begun.owner, begun.title, begun.ended, begun.ended_at) == (OWNER, "on stage", None, None)
            assert (begun.cols, begun.rows) == (90, 30)
            await told(line, begun.id)
            line.type("echo größe\r".encode())
            await line.until("größe\r\n".encode())
            line.send(pty.resize_frame(1, 100, 31))
            await line.until(pty.Kind.SIZE)
            line.type(b"echo second\r")
            await line.until(b"second\r\n")
            done = stop(contract, begun)
            await told(line, None)
            line.type(b"echo unseen\r")
            await line.until(b"unseen\r\n")
            await line.close()
            assert done.ended == "stopped"
            assert stop(contract, begun) == done
            head, events = lines(contract, done)
            assert head == {
                "version": 3,
                "term": {"cols": 90, "rows": 30, "type": "xterm-256color"},
                "timestamp": int(begun.started_at),
                "title": "on stage",
            }
            assert {code for _, code, _ in events} == {"o", "r"}
            assert [text for _, code, text in events if code == "r"] == ["100x31"]
            assert "größe\r\n" in output(events)
            assert "unseen" not in output(events)
            assert all(interval >= 0 for interval, _, _ in events)
            assert sum(interval for interval, _, _ in events) == pytest.approx(done.seconds, abs=1e-6)
            assert done.bytes == len(read(contract, done))

    async def test_it_ends_with_its_terminal_and_outlives_its_container(self, contract: Contract) -> None:
        with contract.container() as found:
            line = await Line.attach(contract, contract.ticket(found, console(found)))
            await line.until(b"# ")
            begun = begin(contract, found)
            line.type(b"exit 7\r")
            await line.until(pty.Kind.EXIT)
            await line.close()
            done = ended(contract, begun)
            assert done.ended == "exit"
            assert lines(contract, done)[1][-1][1:] == ["x", "7"]
            late = messages.StartRecording(id=found.id, owner=OWNER, terminal=console(found), by="Ann")
            contract.until(found.id, model.State.STOPPED)
            assert contract.refused(late).code is Code.WRONG_STATE
        assert seen(contract, done) == done
        assert len(read(contract, done)) == done.bytes

    def test_a_terminal_that_is_closed_and_a_container_that_is_deleted_end_theirs(self, contract: Contract) -> None:
        with contract.container() as found:
            beside = contract.call(messages.OpenTerminal(id=found.id, owner=OWNER), messages.Opened).terminal
            first, second = begin(contract, found, terminal=beside.id), begin(contract, found)
            assert first.id != second.id
            contract.call(messages.CloseTerminal(id=found.id, owner=OWNER, terminal=beside.id))
            assert ended(contract, first).ended == "exit"
            assert seen(contract, second).ended is None
        assert ended(contract, second).ended == "exit"

    def test_one_at_a_time(self, contract: Contract) -> None:
        with contract.container() as found:
            first = begin(contract, found)
            again = messages.StartRecording(id=found.id, owner=OWNER, terminal=console(found), by="Ann")
            fault = contract.refused(again)
            assert (fault.code, fault.field, fault.hint) == (
                Code.WRONG_STATE,
                "terminal",
                "Stop that recording first.",
            )
            stop(contract, first)
            second = begin(contract, found)
            listed = mine(contract, container=found.id)
            assert [each.id for each in listed.recordings] == [second.id, first.id]
            assert listed.bytes_used >= sum(each.bytes for each in listed.recordings) > 0
            assert listed.bytes_allowed >= listed.recording_bytes > 0

    def test_what_cannot_be_recorded(self, contract: Contract) -> None:
        with contract.container() as found:
            for changes, code, field in (
                ({"terminal": "no-such"}, Code.NOT_FOUND, "terminal"),
                ({"id": "z" * 16}, Code.NOT_FOUND, None),
                ({"title": "two\nlines"}, Code.INVALID_SPEC, "title"),
            ):
                request = messages.StartRecording(
                    **({"id": found.id, "owner": OWNER, "terminal": console(found), "by": "Ann"} | changes)
                )
                fault = contract.refused(request)
                assert (fault.code, fault.field) == (code, field)
            assert begin(contract, found, title="t" * MAX_NAME).title == "t" * MAX_NAME

    def test_deleted_is_gone_and_ended(self, contract: Contract) -> None:
        with contract.container() as found:
            begun = begin(contract, found)
            for _ in range(2):
                contract.call(messages.DeleteRecording(owner=OWNER, recording=begun.id))
            assert begun.id not in [each.id for each in mine(contract).recordings]
            assert contract.refused(messages.ReadRecording(owner=OWNER, recording=begun.id)).code is Code.NOT_FOUND
            assert contract.refused(messages.StopRecording(owner=OWNER, recording=begun.id)).code is Code.NOT_FOUND
            begin(contract, found)  # the terminal is free again

    def test_a_stranger_finds_nothing(self, contract: Contract) -> None:
        with contract.container() as found:
            strange = messages.StartRecording(id=found.id, owner=STRANGER, terminal=console(found), by="Eve")
            assert contract.refused(strange).code is Code.NOT_FOUND
            begun = begin(contract, found)
            assert begun.id not in [each.id for each in mine(contract, STRANGER).recordings]
            none = "0" * 24
            for request, like in (
                (messages.ReadRecording, messages.ReadRecording),
                (messages.StopRecording, messages.StopRecording),
            ):
                fault = contract.refused(request(owner=STRANGER, recording=begun.id))
                missing = contract.refused(like(owner=STRANGER, recording=none))
                assert (fault.code, fault.field, fault.hint) == (missing.code, missing.field, missing.hint)
                assert fault.message == missing.message.replace(none, begun.id)
            contract.call(messages.DeleteRecording(owner=STRANGER, recording=begun.id))
            assert seen(contract, begun).ended is None
            assert begun.id in [each.id for each in mine(contract, None).recordings]

    @pytest.mark.parametrize("id", HOSTILE)
    def test_no_path_can_be_made_of_an_id(self, contract: Contract, id: str) -> None:
        for request in (
            messages.ReadRecording(owner=None, recording=id),
            messages.StopRecording(owner=None, recording=id),
        ):
            fault = contract.refused(request)
            assert (fault.code, fault.field) == (Code.NOT_FOUND, "recording")
        contract.call(messages.DeleteRecording(owner=None, recording=id))

    def test_reading_from_anywhere(self, contract: Contract) -> None:
        with contract.container() as found:
            whole = read(contract, begun := begin(contract, found))
            assert whole.count(b"\n") >= 1
            for offset in (1, len(whole) - 1, len(whole), len(whole) + 1000):
                part = contract.call(
                    messages.ReadRecording(owner=OWNER, recording=begun.id, offset=offset), messages.Part
                )
                assert part.data.startswith(whole[offset:])
                assert part.end
            assert (
                contract.refused(messages.ReadRecording(owner=OWNER, recording=begun.id, offset=-1)).code
                is Code.INVALID_SPEC
            )
