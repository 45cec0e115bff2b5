"""Mounts, devices and identity of real containers, beside what findmnt(8), stat(1) and the kernel's files say."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from runtime.engine import spec
from runtime.errors import Fault
from runtime.kernel import mountinfo
from runtime.kernel.target import Target
from runtime.probes import devices, snapshot, source, walls
from runtime.protocol import messages
from runtime.protocol.xray import Event, Walls
from runtime.server.happenings import Happenings
from runtime.server.observers.mounts import MountObserver
from runtime.server.sampler import Sampler
from tests.support.engines import Room
from tests.support.nested import entered, until
from tests.worker.instance import Instance, new_id

pytestmark = pytest.mark.requires("root", "userns", "overlay", "cgroups", "busybox")

REAPER = "while :; do sleep 1000; done"


@pytest.fixture
async def target(room: Room) -> Target:
    return room.engine.target(await room.running("sh", "-c", REAPER))


@pytest.fixture
async def other(room: Room) -> str:
    """Another container's id."""
    return await room.running()


@pytest.fixture
async def stated(target: Target, room: Room) -> dict[str, list[str]]:
    """Name below /dev → what stat(1) says of it inside."""
    said = await room.sh(target.container.id, "cd /dev; for f in * pts/*; do stat -c '%n|%F|%t|%T|%a|%u' $f; done")
    return {row[0]: row[1:] for row in (line.split("|") for line in said.stdout.decode().splitlines())}


@pytest.fixture
async def littered(target: Target, room: Room) -> Target:
    """A container whose /dev was filled with what should not be there."""
    script = """
    mknod /dev/made p; ln -s /etc/passwd /dev/away; mkdir /dev/room; ln -s / /dev/room/up
    printf x > "$(printf '/dev/a\\nb')"
    i=0; while [ $i -lt 400 ]; do : > /dev/f$i; i=$((i+1)); done
    """
    assert (await room.sh(target.container.id, script)).exit_code == 0
    return target


@pytest.fixture
def camera(target: Target) -> Iterator[snapshot.Camera]:
    host = snapshot.Host()
    made = snapshot.Camera(host)
    yield made
    made.close()
    host.close()


def _walls(camera: snapshot.Camera, target: Target) -> Walls:
    found = camera.take(target, closely=True).walls
    assert found is not None
    return found


def _findmnt(pid: int) -> list[dict[str, str]]:
    columns = "ID,PARENT,TARGET,FSTYPE,OPTIONS,FSROOT,MAJ:MIN,PROPAGATION"
    command = ["findmnt", "--task", str(pid), "--json", "--list", "-o", columns]
    return list(json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["filesystems"])


def test_the_mount_table_is_what_findmnt_says(camera: snapshot.Camera, target: Target) -> None:
    mounts = _walls(camera, target).mounts
    assert mounts is not None
    told = {str(row["id"]): row for row in _findmnt(target.pid or 0)}
    assert set(mounts.container) == set(told)
    for id, mount in mounts.container.items():
        row = told[id]
        assert (mount.point, mount.fstype, mount.root) == (row["target"], row["fstype"], row["fsroot"])
        assert (str(mount.parent), mount.device) == (str(row["parent"]), row["maj:min"])
        assert mount.propagation == row["propagation"] == "private"
        assert set(mount.options.split(",")) <= set(row["options"].split(","))


def test_every_mount_of_a_new_container_has_its_purpose(camera: snapshot.Camera, target: Target) -> None:
    found = _walls(camera, target)
    assert found.mounts is not None
    assert found.identity is not None
    purposes: dict[str, set[str]] = {}
    for mount in found.mounts.container.values():
        purposes.setdefault(mount.purpose, set()).add(mount.point)
    assert "" not in purposes
    assert purposes["root"] == {"/"}
    assert purposes["bound"] == {f"/etc/{name}" for name in spec.BOUND}
    assert purposes["scratch"] == {"/dev/shm", "/tmp", "/run"}
    assert purposes["api"] == {"/proc", "/sys", "/dev/mqueue"}
    assert {"/dev", "/dev/pts", "/dev/null", "/dev/console"} <= purposes["device"]
    assert purposes["masked"] == set(found.identity.masked) <= set(spec.MASKED)
    assert purposes["readonly"] == set(found.identity.readonly) <= set(spec.READONLY)
    for path in spec.READONLY:  # what this kernel has is walled
        assert path in purposes["readonly"] or not os.path.exists(path)


def test_no_viewer_learns_of_another_container_or_of_the_hosts_own_mounts(
    camera: snapshot.Camera, target: Target, other: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret-project"
    secret.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "secret-source", str(secret)], check=True)
    try:
        taken = camera.take(target, closely=True)
        assert taken.walls is not None
        assert taken.walls.mounts is not None
        host = taken.walls.mounts.host
        ours = [mount.point for mount in host.values() if target.container.id in mount.point]
        assert {f"{Path(target.merged).parent}/disk", target.merged} <= set(ours)
        assert {"/proc", "/sys", "/dev"} <= {mount.point for mount in host.values()}
        assert taken.walls.mounts.host_total == len(mountinfo.own())
        listing = source.read(target, "host", "mounts", "mountinfo")
        for text in (msgspec.json.encode(taken.walls).decode(), listing.raw):
            assert other not in text
            assert "secret" not in text
            assert "sandboxing" not in text
        ran = subprocess.run(["sh", "-c", listing.command_host], capture_output=True, check=True, text=True)
        assert set(listing.raw.splitlines()) <= set(ran.stdout.splitlines())
        assert "secret" not in ran.stdout
    finally:
        subprocess.run(["umount", str(secret)], check=True)


def test_devices_are_what_each_side_has_and_no_disk_is_inside(
    camera: snapshot.Camera, target: Target, stated: dict[str, list[str]]
) -> None:
    found = _walls(camera, target).devices
    assert found is not None
    assert set(found.container) == set(stated)
    words = {"char": "character special file", "symlink": "symbolic link", "dir": "directory"}
    for name, device in found.container.items():
        kind, major, minor, mode, uid = stated[name]
        assert words[device.type] == kind
        if device.type == "char":
            assert (device.major, device.minor) == (int(major, 16), int(minor, 16))
        assert (f"{device.mode:o}", str(device.uid)) == (mode, uid)
    bound = {name for name, device in found.container.items() if device.bound}
    assert bound == {"null", "zero", "full", "random", "urandom", "tty", "console"}
    assert found.container["fd"].target == "/proc/self/fd"
    assert not [device for device in found.container.values() if device.type == "block"]
    modes = {entry.name: entry.stat(follow_symlinks=False).st_mode for entry in os.scandir("/dev")}
    assert set(found.host) == {name for name, mode in modes.items() if stat.S_ISCHR(mode) or stat.S_ISBLK(mode)}
    assert "/" not in "".join(found.host)


def test_a_hostile_dev_is_read_without_following_it(camera: snapshot.Camera, littered: Target) -> None:
    taken = camera.take(littered, closely=True)
    assert taken.walls is not None
    assert taken.walls.devices is not None
    found = taken.walls.devices.container
    assert len(found) <= 300
    assert "more than 256" in taken.gaps["walls.devices.container"]
    assert not [name for name in found if name.startswith("room/")]
    listing = source.read(littered, "container", "devices", "dev")
    lines = listing.raw.splitlines()
    assert len(lines) <= 300
    assert all(re.match(r"[bcdlps-][rwxstST-]{9} ", line) for line in lines)


def test_a_link_in_devs_place_leads_nowhere(target: Target) -> None:
    """One who may mount can put anything over /dev; a link there is not followed, and a foreign server not asked."""
    table = (
        *mountinfo.parse(Path(f"/proc/{target.pid}/mountinfo").read_bytes()),
        mountinfo.parse_line(b"900 1 0:99 / /dev/slow rw - fuse.evil evil rw"),
        mountinfo.parse_line(b"901 1 0:99 / /dev/pts rw - fuse.evil evil rw"),
    )
    directory = os.open(f"/proc/{target.pid}", os.O_RDONLY)
    try:
        entries, gaps = devices.read(directory, table)
        assert "pts" not in entries
        assert "pts, slow" in gaps["walls.devices.container"]
        with pytest.raises(OSError, match="a program may serve"):
            devices.read(directory, (*table, mountinfo.parse_line(b"902 1 0:99 / /dev rw - fuse.evil evil rw")))
    finally:
        os.close(directory)


def test_identity_is_what_the_kernel_and_the_specification_say(camera: snapshot.Camera, target: Target) -> None:
    identity = _walls(camera, target).identity
    assert identity is not None
    for name, ranges in (("uid_map", identity.uid_map), ("gid_map", identity.gid_map)):
        words = Path(f"/proc/{target.pid}/{name}").read_text().split()
        assert [[range.inside, range.outside, range.count] for range in ranges] == [[int(word) for word in words]]
    assert identity.uid_map[0].outside == target.container.host_id
    assert set(identity.capabilities) == {"effective", "permitted", "inheritable", "bounding", "ambient"}
    for name in ("effective", "permitted", "bounding"):
        assert sorted(identity.capabilities[name]) == sorted(spec.CAPABILITIES)
    assert identity.capabilities["inheritable"] == identity.capabilities["ambient"] == []
    assert (identity.no_new_privs, identity.seccomp) == (True, 2)
    assert (identity.seccomp_filters or 0) >= 1


def test_walls_of_a_quiet_container_are_not_read_again(
    camera: snapshot.Camera, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _walls(camera, target)
    monkeypatch.setattr(walls.WallSurvey, "_read", None)
    assert _walls(camera, target) is first


async def test_a_mount_and_its_end_are_told(target: Target) -> None:
    happenings = Happenings()
    told: list[Event] = []
    sampler = Sampler(
        lambda _: target,
        happenings=happenings,
        observers=[MountObserver(happenings.tell, lambda id: sampler.poke(id))],
    )
    happenings.listen(target.container.id, told.extend)

    async def seen(kind: str) -> Event:
        async with asyncio.timeout(10):
            while not (found := [event for event in told if event.kind == kind]):  # noqa: ASYNC110 -- told by callback
                await asyncio.sleep(0.01)
        return found[0]

    async with aclosing(sampler.watch(target.container.id)) as frames:
        assert b'"snapshot"' in await anext(frames)
        script = "mkdir /tmp/here; mount -t tmpfs it /tmp/here; read go; umount /tmp/here; exec sleep 1000"
        with entered(target, script) as process:
            mounted = await seen("mounted")
            assert (mounted.path, mounted.type) == ("/tmp/here", "tmpfs")
            assert process.stdin
            process.stdin.write(b"go\n")
            process.stdin.flush()
            unmounted = await seen("unmounted")
            assert (unmounted.path, unmounted.type) == ("/tmp/here", "tmpfs")
    await sampler.close()
    assert [event.kind for event in told if "mounted" in event.kind] == ["mounted", "unmounted"]
    assert _mount_tables() == []


async def test_a_dead_containers_mounts_are_let_go_at_once(room: Room) -> None:
    id = await room.running()
    target = room.engine.target(id)
    observer = MountObserver(lambda *_: None, lambda _: None)
    observer.start(target)
    assert _mount_tables() != []
    await room.engine.stop(id, 0)
    async with asyncio.timeout(5):
        while _mount_tables():  # noqa: ASYNC110 -- the loop itself lets go
            await asyncio.sleep(0.01)
    observer.close()


def _mount_tables() -> list[str]:
    """Tables of other processes that this one holds open."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            link = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if link.endswith("/mountinfo") and str(os.getpid()) not in link:
            found.append(link)
    return found


def test_sources_are_the_files_themselves(target: Target) -> None:
    pid = target.pid
    for key in ("uid_map", "gid_map"):
        found = source.read(target, "container", "identity", key)
        assert (found.path, found.raw) == (f"/proc/{pid}/{key}", Path(f"/proc/{pid}/{key}").read_text())
        assert found.command_container == f"cat /proc/1/{key}"
    seccomp = source.read(target, "container", "identity", "seccomp")
    assert seccomp.raw.splitlines()[0] == "Seccomp:\t2"
    assert subprocess.run(["sh", "-c", seccomp.command_host], capture_output=True, text=True).stdout == seccomp.raw
    assert "CapEff" in source.read(target, "container", "identity", "status").raw
    label = source.read(target, "container", "identity", "attr/current")  # EINVAL where no module labels processes
    said = subprocess.run(["sh", "-c", label.command_host], capture_output=True, text=True)
    assert (label.raw, label.raw == "") == (said.stdout, said.returncode != 0)
    table = source.read(target, "container", "mounts", "mountinfo")
    assert table.raw == Path(f"/proc/{pid}/mountinfo").read_text()
    inside = source.read(target, "container", "devices", "dev")
    assert "crw-rw-rw- 1 0 0     1, 3" in inside.raw
    assert "fd -> /proc/self/fd" in inside.raw
    for key in ("/etc/passwd", "../status", "environ", ""):
        for panel in ("identity", "mounts", "devices"):
            with pytest.raises(Fault, match="no source of"):
                source.read(target, "host", panel, key)


def test_the_filter_is_told_in_words(instance: Instance) -> None:
    id = new_id()
    instance.launch("sh", id=id)
    seen = instance.call(messages.ReadSeccomp(id=id, owner="anna"), messages.SeccompSeen).seccomp
    assert (seen.default_action, seen.default_errno) == ("SCMP_ACT_ERRNO", "ENOSYS")
    rules = {name: rule for rule in seen.rules for name in rule.names if not rule.args}
    assert (rules["mount"].action, rules["mount"].errno) == ("SCMP_ACT_ERRNO", "EPERM")
    assert (rules["read"].action, rules["read"].errno) == ("SCMP_ACT_ALLOW", None)
    assert rules["clone3"].errno == "ENOSYS"
    conditions = {(rule.names[0], *rule.args): rule for rule in seen.rules if rule.args}
    assert conditions["clone", "arg0 & 0x7e020000 == 0"].action == "SCMP_ACT_ALLOW"
    assert conditions["socket", "arg0 == 16", "arg2 == 9"].errno == "EINVAL"
    until(lambda: "SCMP_ARCH_X86_64" in seen.architectures or os.uname().machine != "x86_64", "our architecture")
    fault = instance.refusal(messages.ReadSeccomp(id=id, owner="eve"))
    assert fault.message == f"there is no container {id}"
    instance.call(messages.Delete(id=id, owner="anna"), messages.Done)
