"""Files into real containers and out of them: byte for byte, within the limits, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import os

import pytest

from runtime.engine import transfers
from runtime.errors import Code, Fault
from runtime.protocol import model
from runtime.protocol.terminals import MAX_PART
from runtime.server import transfers as table
from runtime.server.transfers import Transfers
from tests.support.carrying import get, out, put, refusal
from tests.support.engines import MIB, Room
from tests.support.pty_viewer import until

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")


# --- what they are for ---


async def test_megabytes_arrive_and_return_byte_for_byte(room: Room) -> None:
    id = await room.running()
    data = os.urandom(5 * MIB + 4321)
    await put(room, id, "/root/big", data)
    assert await out(room, id, "sha256sum < /root/big") == f"{hashlib.sha256(data).hexdigest()}  -\n"
    assert await out(room, id, "stat -c '%u:%g %a' /root/big") == "0:0 644\n"
    assert await get(room, id, "/root/big") == data


async def test_they_belong_to_root_in_a_directory_that_gives_its_group_away(room: Room) -> None:
    id = await room.running()
    await room.sh(id, "mkdir /srv && chown 7:8 /srv && chmod 2770 /srv")
    await put(room, id, "/srv/note")
    assert await out(room, id, "stat -c '%u:%g %a' /srv/note") == "0:0 644\n"


async def test_no_program_of_the_image_is_needed(room: Room) -> None:
    id = await room.running("sleep", "1000")
    await room.sh(id, "rm -rf /bin /sbin /usr")
    assert (await room.sh(id, "true")).exit_code is None
    await put(room, id, "/root/note", b"still")
    assert await get(room, id, "/root/note") == b"still"


async def test_strange_names_are_names(room: Room) -> None:
    id = await room.running()
    for name in ("a b", "new\nline", "\x1b[31m", "-rf", "日志", "quote'\"", "\udcff\udcfe", "n" * 255, "..."):
        await put(room, id, f"/tmp/{name}", name.encode("utf-8", "surrogateescape"))
        assert await get(room, id, f"/tmp/{name}") == name.encode("utf-8", "surrogateescape")
    assert await out(room, id, "find /tmp -mindepth 1 -print0 | tr -dc '\\0' | wc -c") == "9\n"
    too_long = await refusal(room, id, "/tmp/" + "n" * 256)
    assert (too_long.code, too_long.field) == (Code.INVALID_SPEC, "path")


# --- limits ---


async def test_a_full_disk_says_so_and_keeps_nothing(room: Room) -> None:
    id = await room.running(limits=model.Limits(memory_bytes=64 * MIB, disk_bytes=2 * MIB))
    with pytest.raises(Fault) as caught:
        await put(room, id, "/root/big", os.urandom(4 * MIB))
    assert (caught.value.code, caught.value.hint) == (
        Code.LIMIT_REACHED,
        "Delete files of the container, or ask for more.",
    )
    assert await out(room, id, "ls -A /root") == ""
    await put(room, id, "/root/small", os.urandom(MIB))


async def test_what_is_written_is_the_containers_memory(room: Room) -> None:
    """More than it may have: the carrier goes first, and nothing of the container's."""
    id = await room.running(limits=model.Limits(memory_bytes=16 * MIB, disk_bytes=128 * MIB))
    with pytest.raises(Fault) as caught:
        await put(room, id, "/root/big", bytes(40 * MIB))
    assert caught.value.code is Code.LIMIT_REACHED
    assert "memory" in caught.value.message
    assert await out(room, id, "ls -A /root; echo alive") == "alive\n"
    assert room.engine.record(id).state is model.State.RUNNING


async def test_a_container_full_of_processes_still_takes_a_file(room: Room) -> None:
    id = await room.running(limits=model.Limits(memory_bytes=64 * MIB, pids=1))
    await put(room, id, "/root/note", b"in")
    assert await get(room, id, "/root/note") == b"in"


async def test_only_so_many_at_a_time_and_those_who_left_make_room(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await room.running()
    transfers_ = Transfers()

    async def begin(number: int) -> str:
        async with transfers_.part(room.engine, "put", id, f"/tmp/{number}", known=None) as transfer:
            await transfer.porter.append(b"x")
            return transfer.id

    try:
        begun = await asyncio.gather(*(begin(number) for number in range(table.EACH)))
        with pytest.raises(Fault) as caught:
            await begin(9)
        assert caught.value.code is Code.LIMIT_REACHED
        assert len(transfers_) == table.EACH
        monkeypatch.setattr(table, "SPARED", -1.0)
        await begin(9)
        assert len(transfers_) == table.EACH
        over: list[Code] = []
        for number, known in enumerate(begun):
            try:
                async with transfers_.part(room.engine, "put", id, f"/tmp/{number}", known=known):
                    pass
            except Fault as fault:
                over.append(fault.code)
        assert over == [Code.VANISHED]
    finally:
        await transfers_.close()
    assert len(transfers_) == 0
    assert await out(room, id, "ls -A /tmp") == ""


async def test_an_abandoned_upload_is_forgotten(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "IDLE", 0.1)
    id = await room.running()
    transfers_ = Transfers()
    async with transfers_.part(room.engine, "put", id, "/root/half", known=None) as transfer:
        await transfer.porter.append(os.urandom(MIB))
    process = transfer.porter._process
    await until(lambda: len(transfers_) == 0, "it is forgotten")
    await process.wait()
    assert await out(room, id, "ls -A /root") == ""


# --- what happens meanwhile ---


async def test_a_file_that_changes_meanwhile_breaks_off(room: Room) -> None:
    id = await room.running()
    await put(room, id, "/root/log", os.urandom(2 * MIB))
    for change in ("echo more >> /root/log", "truncate -s 100 /root/log"):
        porter = await room.engine.carry("get", id, "/root/log")
        try:
            await porter.read(0)
            await room.sh(id, change)
            with pytest.raises(Fault) as caught:
                await porter.read(MAX_PART)
            assert (caught.value.code, caught.value.field) == (Code.VANISHED, "path")
        finally:
            await porter.close()


async def test_a_file_that_is_replaced_meanwhile_is_read_to_its_end(room: Room) -> None:
    id = await room.running()
    old = os.urandom(2 * MIB)
    await put(room, id, "/root/file", old)
    porter = await room.engine.carry("get", id, "/root/file")
    try:
        found = await porter.read(0)
        await room.sh(id, "echo another > /root/other; mv /root/other /root/file")
        assert found + await porter.read(len(found)) == old
    finally:
        await porter.close()


async def test_a_name_taken_meanwhile_is_not_overwritten(room: Room) -> None:
    id = await room.running()
    porter = await room.engine.carry("put", id, "/root/note")
    try:
        await porter.append(b"mine")
        await room.sh(id, "echo theirs > /root/note")
        with pytest.raises(Fault) as caught:
            await porter.publish()
        assert (caught.value.code, caught.value.field) == (Code.ALREADY_EXISTS, "path")
    finally:
        await porter.close()
    assert await out(room, id, "cat /root/note; ls -A /root") == "theirs\nnote\n"


async def test_a_directory_removed_meanwhile(room: Room) -> None:
    id = await room.running()
    await room.sh(id, "mkdir /root/d")
    porter = await room.engine.carry("put", id, "/root/d/note")
    try:
        await porter.append(b"mine")
        await room.sh(id, "rmdir /root/d")
        with pytest.raises(Fault) as caught:
            await porter.publish()
        assert (caught.value.code, caught.value.field) == (Code.NOT_FOUND, "path")
    finally:
        await porter.close()


async def test_a_container_frozen_meanwhile_keeps_nobody_waiting(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await room.running()
    porter = await room.engine.carry("put", id, "/root/note")
    try:
        await porter.append(b"mine")
        await room.engine.freeze(id, True)
        monkeypatch.setattr(transfers, "SECONDS", 0.3)
        with pytest.raises(Fault) as caught:
            await porter.append(b"more")
        assert (caught.value.code, caught.value.hint) == (Code.WRONG_STATE, "Thaw it first.")
    finally:
        await porter.close()
    assert porter._process.returncode is not None
    await room.engine.freeze(id, False)
    assert await out(room, id, "ls -A /root") == ""


async def test_it_ends_with_its_container(room: Room) -> None:
    id = await room.running()
    porter = await room.engine.carry("put", id, "/root/note")
    try:
        await porter.append(b"mine")
        await room.engine.stop(id, 0)
        await porter._process.wait()
        with pytest.raises(Fault) as caught:
            await porter.append(b"more")
        assert caught.value.code is Code.VANISHED
    finally:
        await porter.close()


async def test_it_ends_with_its_worker(room: Room) -> None:
    """A worker that is killed closes its pipe, and no more."""
    id = await room.running()
    porter = await room.engine.carry("put", id, "/root/note")
    await porter.append(b"mine")
    assert porter._process.stdin is not None
    porter._process.stdin.close()
    assert await porter._process.wait() == 0
    await porter.close()
    assert await out(room, id, "ls -A /root") == ""


async def test_a_deleted_container_leaves_nothing_of_a_transfer(room: Room) -> None:
    id = await room.running()
    porter = await room.engine.carry("put", id, "/root/note")
    await porter.append(bytes(MIB))
    await room.engine.delete(id)
    await porter._process.wait()
    await porter.close()
    assert room.remains(id) == []
