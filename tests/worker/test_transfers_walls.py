"""Who carries files into containers and out of them gets past no wall, whatever lies in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.errors import Code, Fault
from runtime.kernel import files
from runtime.kernel.capabilities import names
from tests.support.carrying import get, out, put, refusal, status
from tests.support.engines import Room

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")


async def test_the_process_has_no_more_than_the_containers_root(room: Room) -> None:
    id = await room.running()
    record = room.engine.record(id)
    porter = await room.engine.carry("put", id, "/root/note")
    pid = porter._process.pid
    try:
        seen = status(porter)
        assert {seen[key] for key in ("CapEff", "CapPrm", "CapBnd")} == {"000000000000000a"}
        assert names(int(seen["CapEff"], 16)) == ["CAP_DAC_OVERRIDE", "CAP_FOWNER"]
        assert int(seen["CapInh"], 16) == int(seen["CapAmb"], 16) == 0
        assert seen["NoNewPrivs"] == "1"
        assert seen["Uid"].split() == [str(record.host_id)] * 4
        assert seen["Gid"].split() == [str(record.host_id)] * 4
        assert seen["Groups"] == ""
        for kind in ("user", "mnt", "net", "ipc", "uts", "cgroup"):
            assert os.readlink(f"/proc/{pid}/ns/{kind}") == os.readlink(f"/proc/{record.pid}/ns/{kind}"), kind
        limits = files.read_text(f"/proc/{pid}/limits")
        assert "Max processes             0 " in limits
        assert "Max open files            16 " in limits
        open_ = sorted(os.readlink(entry).split(":")[0] for entry in os.scandir(f"/proc/{pid}/fd"))
        assert open_[:-1] == ["/", "/root", open_[2], "anon_inode", "pipe", "pipe"]
        assert open_[2].startswith("/root/#")  # a file without a name
        assert open_[-1] == "pipe"
    finally:
        await porter.close()


async def test_nobody_inside_can_see_it_or_lay_hands_on_it(room: Room) -> None:
    id = await room.running()
    porter = await room.engine.carry("put", id, "/root/note")
    pid = porter._process.pid
    try:
        pids = (await out(room, id, "ls /proc | grep '^[0-9]'")).split()
        assert len(pids) < 6
        assert status(porter)["NSpid"] == str(pid)  # it has no number there
        for number in (*map(int, pids), pid):
            assert "porter" not in await out(room, id, f"cat /proc/{number}/cmdline 2>/dev/null || true")
        killed = await room.sh(id, f"kill -9 {pid}; kill -9 -1")
        assert killed.signal == 9 or killed.exit_code
        await porter.append(b"alive")
        # Had somebody a number for it: its memory belongs to the host, and it is not dumpable.
        assert os.stat(f"/proc/{pid}/exe", follow_symlinks=False).st_uid == 0
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0
    finally:
        await porter.close()


async def test_links_lead_nowhere_but_inside(room: Room, tmp_path: Path) -> None:
    id = await room.running()
    canary = tmp_path / "canary"
    canary.write_text("the host's")
    await room.sh(id, f"mkdir -p {tmp_path}; ln -s {canary} /root/file; ln -s {tmp_path} /root/dir; ln -s / /root/top")
    with pytest.raises(Fault) as caught:
        await get(room, id, "/root/file")
    assert caught.value.code is Code.NOT_FOUND
    for path in (str(canary), "/root/dir/canary2", "/root/top/root/up", "/../../../../../../root/dots"):
        await put(room, id, path, b"inside")
    assert await out(room, id, f"cat {canary} {tmp_path}/canary2 /root/up /root/dots") == "inside" * 4
    assert (await refusal(room, id, "/root/file", replace=True)).code is Code.INVALID_SPEC
    assert canary.read_text() == "the host's"
    assert os.listdir(tmp_path) == ["canary"]


async def test_the_kernels_own_links_are_refused(room: Room) -> None:
    id = await room.running()
    await room.sh(id, "ln -s /proc/1/root/etc/passwd /root/magic")
    for path in ("/root/magic", "/proc/1/root/etc/passwd", "/proc/self/root/etc/passwd", "/proc/1/cwd/x"):
        with pytest.raises(Fault) as caught:
            await get(room, id, path)
        assert caught.value.field == "path", caught.value
        assert (await refusal(room, id, f"{path}/note")).field == "path"
    with pytest.raises(Fault) as caught:
        await get(room, id, "/proc/1/status")
    assert "kernel" in caught.value.message
    for path in ("/proc/note", "/sys/note", "/proc/sys/kernel/core_pattern"):
        assert (await refusal(room, id, path, replace=True)).field == "path"


async def test_what_is_no_file_is_not_waited_for(room: Room) -> None:
    id = await room.running()
    await room.sh(id, "mkfifo /root/fifo; nc -l -U /root/socket & sleep 0.2; true")
    for path in ("/root/fifo", "/dev/null", "/dev/ptmx", "/dev/zero"):
        with pytest.raises(Fault) as caught:
            await get(room, id, path)
        assert (caught.value.code, caught.value.field) == (Code.INVALID_SPEC, "path"), path
        assert (await refusal(room, id, path, replace=True)).code is Code.INVALID_SPEC, path
    assert await out(room, id, "[ -p /root/fifo ] && [ -c /dev/null ] && echo there") == "there\n"


async def test_a_directory_that_turns_into_a_link_all_the_time(room: Room, tmp_path: Path) -> None:
    """Whoever wins the race, it is run inside."""
    id = await room.running()
    (tmp_path / "note").write_text("the host's")
    race = (
        f"mkdir -p {tmp_path} /root/a /root/real; cd /root; "
        f"(while :; do rm -rf d; ln -s {tmp_path} d; rm d; ln -s ../../../../../..{tmp_path} d; rm d; "
        "mkdir d; mv d e; ln -s /proc/1/root d; rm d; mv e d; done) >/dev/null 2>&1 &"
    )
    await room.sh(id, race)
    told: set[Code] = set()
    arrived = 0
    for number in range(25):
        try:
            await put(room, id, "/root/d/note", b"%d" % number, replace=True)
            arrived += 1
        except Fault as fault:
            told.add(fault.code)
    assert (tmp_path / "note").read_text() == "the host's"
    assert os.listdir(tmp_path) == ["note"]
    assert told <= {Code.NOT_FOUND, Code.INVALID_SPEC, Code.ACCESS_DENIED}
    assert arrived + len(told) > 0


async def test_nothing_goes_where_it_is_read_only_or_mounted_upon(room: Room) -> None:
    id = await room.running()
    assert (await refusal(room, id, "/etc/hosts", replace=True)).code is Code.ACCESS_DENIED
    assert await out(room, id, "ls -A /etc | grep -c upload || true") == "0\n"
