"""Files in and out, a terminal looked at and named: what every worker must do, fake or real."""

from __future__ import annotations

import os
from typing import Any

from runtime.errors import Code
from runtime.protocol import messages, model
from runtime.protocol.terminals import MAX_PART, TerminalView
from tests.support.contract import OWNER, STRANGER, Contract


def put(found: model.Container, path: str, data: bytes = b"x", **more: Any) -> messages.PutFile:
    return messages.PutFile(**{"id": found.id, "owner": OWNER, "path": path, "data": data, **more})


def fetch(found: model.Container, path: str, **more: Any) -> messages.FetchFile:
    return messages.FetchFile(**{"id": found.id, "owner": OWNER, "path": path, **more})


def cat(contract: Contract, found: model.Container, path: str) -> bytes | None:
    """As its processes read it; None where there is nothing."""
    run = messages.Exec(id=found.id, owner=OWNER, argv=["cat", path])
    result = contract.call(run, messages.Executed).result
    out: bytes = result.stdout
    return out if result.exit_code == 0 else None


class TransferContract:
    def test_a_file_goes_in_and_comes_out(self, contract: Contract) -> None:
        with contract.container() as found:
            done = contract.call(put(found, "/tmp/note", b"hello\n"), messages.FilePut)
            assert done.size == 6
            assert cat(contract, found, "/tmp/note") == b"hello\n"
            part = contract.call(fetch(found, "/tmp/note"), messages.Part)
            assert (part.data, part.size, part.end, part.download) == (b"hello\n", 6, True, None)

    def test_an_empty_file_is_one_too(self, contract: Contract) -> None:
        with contract.container() as found:
            contract.call(put(found, "/tmp/empty", b""), messages.FilePut)
            part = contract.call(fetch(found, "/tmp/empty"), messages.Part)
            assert (part.data, part.size, part.end) == (b"", 0, True)

    def test_parts_make_one_file_that_is_there_when_it_is_whole(self, contract: Contract) -> None:
        data = os.urandom(2 * MAX_PART + 12_345)
        with contract.container() as found:
            upload: str | None = None
            for start in range(0, len(data), MAX_PART):
                assert cat(contract, found, "/root/big") is None
                piece, last = data[start : start + MAX_PART], start + MAX_PART >= len(data)
                request = put(found, "/root/big", piece, upload=upload, offset=start, last=last)
                done = contract.call(request, messages.FilePut)
                assert upload in (None, done.upload)
                assert done.size == start + len(piece)
                upload = done.upload
            back, download = b"", None
            while True:
                part = contract.call(fetch(found, "/root/big", offset=len(back), download=download), messages.Part)
                back, download = back + part.data, part.download
                assert part.size == len(data)
                if part.end:
                    break
            assert back == data

    def test_a_taken_name_needs_the_word_replace(self, contract: Contract) -> None:
        with contract.container() as found:
            contract.call(put(found, "/tmp/note", b"one"), messages.FilePut)
            fault = contract.refused(put(found, "/tmp/note", b"two"))
            assert (fault.code, fault.field) == (Code.ALREADY_EXISTS, "path")
            assert fault.hint
            assert cat(contract, found, "/tmp/note") == b"one"
            contract.call(put(found, "/tmp/note", b"two", replace=True), messages.FilePut)
            assert cat(contract, found, "/tmp/note") == b"two"

    def test_where_nothing_can_be_put(self, contract: Contract) -> None:
        with contract.container() as found:
            for path, code in (
                ("/nowhere/note", Code.NOT_FOUND),
                ("/etc", Code.INVALID_SPEC),
                ("/tmp/", Code.INVALID_SPEC),
                ("/bin/sh", Code.INVALID_SPEC),  # a link
                ("note", Code.INVALID_SPEC),
                ("", Code.INVALID_SPEC),
                ("/tmp/a\0b", Code.INVALID_SPEC),
                ("/" + "x" * 5000, Code.INVALID_SPEC),
            ):
                fault = contract.refused(put(found, path, replace=True))
                assert (fault.code, fault.field) == (code, "path"), path

    def test_what_cannot_be_fetched(self, contract: Contract) -> None:
        with contract.container() as found:
            for path, code in (("/tmp/nothing", Code.NOT_FOUND), ("/etc", Code.INVALID_SPEC)):
                fault = contract.refused(fetch(found, path))
                assert (fault.code, fault.field) == (code, "path"), path

    def test_parts_come_in_turn_and_of_one_upload(self, contract: Contract) -> None:
        with contract.container() as found:
            assert contract.refused(put(found, "/tmp/a", offset=5)).field == "offset"
            assert contract.refused(put(found, "/tmp/a", upload="0" * 16, offset=1)).code is Code.VANISHED
            first = contract.call(put(found, "/tmp/a", b"ab", last=False), messages.FilePut)
            other = put(found, "/tmp/b", upload=first.upload, offset=2)
            assert contract.refused(other).code is Code.VANISHED
            assert contract.refused(put(found, "/tmp/a", upload=first.upload, offset=1)).field == "offset"
            # a part out of turn ends it: nobody knows any more what the file would be
            assert contract.refused(put(found, "/tmp/a", upload=first.upload, offset=2)).code is Code.VANISHED
            assert cat(contract, found, "/tmp/a") is None
            assert contract.refused(put(found, "/tmp/a", b"x" * (MAX_PART + 1))).field == "data"

    def test_files_are_their_owners_alone(self, contract: Contract) -> None:
        with contract.container() as found:
            contract.call(put(found, "/tmp/note"), messages.FilePut)
            for request in (put(found, "/tmp/x", owner=STRANGER), fetch(found, "/tmp/note", owner=STRANGER)):
                assert contract.refused(request).code is Code.NOT_FOUND

    def test_a_frozen_or_stopped_container_has_no_way_in(self, contract: Contract) -> None:
        with contract.container() as found:
            requests = (put(found, "/tmp/x"), fetch(found, "/etc/passwd"))
            contract.call(messages.Freeze(id=found.id, owner=OWNER, frozen=True), messages.One)
            for request in requests:
                fault = contract.refused(request)
                assert (fault.code, fault.hint) == (Code.WRONG_STATE, "Thaw it first.")
            contract.call(messages.Stop(id=found.id, owner=OWNER, grace_seconds=0), messages.One)
            for request in requests:
                fault = contract.refused(request)
                assert (fault.code, fault.hint) == (Code.WRONG_STATE, "Start it first.")

    def test_a_terminal_is_looked_at(self, contract: Contract) -> None:
        with contract.container(cols=91, rows=31) as found:
            console = found.terminals[0]
            view = self._view(contract, found, console.id)
            assert (view.terminal.id, view.cols, view.rows, view.viewers) == (console.id, 91, 31, 0)
            assert (view.busy, view.jobs, view.recording) == (False, [], None)
            missing = messages.LookAtTerminal(id=found.id, owner=OWNER, terminal="nothing")
            assert contract.refused(missing).field == "terminal"
            strange = messages.LookAtTerminal(id=found.id, owner=STRANGER, terminal=console.id)
            assert contract.refused(strange).code is Code.NOT_FOUND

    def test_a_terminal_has_a_name(self, contract: Contract) -> None:
        with contract.container() as found:
            console = found.terminals[0].id
            assert found.terminals[0].name == ""
            rename = {"id": found.id, "owner": OWNER, "terminal": console}
            named = contract.call(messages.RenameTerminal(name="  日志 logs ", **rename), messages.Opened)
            assert named.terminal.name == "日志 logs"
            seen = contract.call(messages.Get(id=found.id, owner=OWNER), messages.One).container
            assert [each.name for each in seen.terminals] == ["日志 logs"]
            taken = contract.call(messages.TakeSnapshot(id=found.id, owner=OWNER), messages.Watched).snapshot
            assert [each.name for each in taken.info.terminals] == ["日志 logs"]
            for name in ("x" * 64, "a\x1b[31m", "a\nb", "a\u202eb"):
                assert contract.refused(messages.RenameTerminal(name=name, **rename)).field == "name"
            contract.call(messages.RenameTerminal(name=" ", **rename), messages.Opened)
            assert self._view(contract, found, console).terminal.name == ""
            strange = messages.RenameTerminal(id=found.id, owner=STRANGER, terminal=console, name="mine")
            assert contract.refused(strange).code is Code.NOT_FOUND

    @staticmethod
    def _view(contract: Contract, found: model.Container, terminal: str) -> TerminalView:
        look = messages.LookAtTerminal(id=found.id, owner=OWNER, terminal=terminal)
        view: TerminalView = contract.call(look, messages.TerminalSeen).view
        return view
