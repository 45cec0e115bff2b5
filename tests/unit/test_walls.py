"""Mounts, devices and identity, in a world of fixture trees and recorded lines."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.kernel import mountinfo
from runtime.kernel.target import Target
from runtime.probes import devices, identity, mounts, source_walls, walls
from runtime.protocol.xray import Walls
from tests.support.proc_tree import UID_MAP, World, world

PLACE = "/run/terrarium/mnt/k3v9q2m7x4t8b1zc"
CONTAINER = rb"""100 73 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/l/0
101 100 0:44 / /proc rw,nosuid - proc proc rw
102 100 0:45 / /dev rw,nosuid - tmpfs tmpfs rw
103 102 0:46 / /dev/pts rw - devpts devpts rw
104 102 0:47 / /dev/shm rw - tmpfs shm rw
105 102 0:43 / /dev/mqueue rw - mqueue mqueue rw
106 100 0:48 / /sys ro - sysfs sysfs ro
107 106 0:49 / /sys/fs/cgroup rw - tmpfs tmpfs rw
108 107 0:29 /terrarium/c /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu
117 100 0:50 / /tmp rw - tmpfs tmpfs rw
119 100 254:0 /var/c/etc/hosts /etc/hosts ro - ext4 /dev/vda rw
122 102 0:6 /null /dev/null rw - devtmpfs devtmpfs rw
74 102 0:46 /0 /dev/console rw - devpts devpts rw
75 101 0:44 /bus /proc/bus ro,nosuid - proc proc rw
79 101 0:52 / /proc/acpi ro,relatime - tmpfs tmpfs ro
80 101 0:6 /null /proc/keys rw - devtmpfs devtmpfs rw
83 106 0:53 / /sys/firmware ro - tmpfs tmpfs ro
90 100 0:60 / /mnt/a\040b rw shared:3 master:1 - ext4 /dev/vdb rw
"""
HOST = f"""1 1 254:0 / / rw shared:1 - ext4 /dev/vda rw,discard
2 1 0:21 / /proc rw - proc proc rw
3 1 0:22 / /sys rw - sysfs sysfs rw
4 3 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
5 4 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
6 1 0:6 / /dev rw - devtmpfs devtmpfs rw
7 1 0:7 / /run rw - tmpfs tmpfs rw
8 1 0:9 / /srv/secret rw - nfs 10.0.0.9:/salaries rw,addr=10.0.0.9
9 1 0:10 / /tmp rw - nfs 10.0.0.9:/tmp rw
10 1 0:11 / {PLACE}/disk rw - tmpfs tmpfs rw
11 1 0:12 / {PLACE}/merged rw - overlay overlay rw,upperdir={PLACE}/disk/upper
12 1 0:13 / {PLACE.replace("k3v9", "aaaa")}/merged rw - overlay overlay rw,lowerdir={PLACE}/layers
13 1 0:14 {PLACE}/disk /home/eve rw - ext4 {PLACE}/disk rw
14 1 0:15 / {PLACE}x/merged rw - overlay overlay rw
15 1 0:16 / /sys/fs/cgroup/secret rw - tmpfs tmpfs rw
""".encode()
STATUS = """Name:\tsh\nUmask:\t0022\nUid:\t5\t5\t5\t5\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000401
CapEff:\t0000000000000401\nCapBnd:\t00000000000004fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2
Seccomp_filters:\t3\n"""


@pytest.fixture
def here(tmp_path: Path) -> World:
    made = world(tmp_path)
    (made.tree.root / "self/mountinfo").write_bytes(HOST)
    process = made.tree.root / "500"
    (process / "status").write_text(STATUS)
    (process / "gid_map").write_text(UID_MAP)
    (process / "attr").mkdir()
    (process / "attr/current").write_bytes(b"terrarium (enforce)\n\0")
    (process / "root/dev/pts").mkdir(parents=True)
    (process / "root/dev/fd").symlink_to("/proc/self/fd")
    (process / "root/dev/file").write_text("x")
    os.mkfifo(process / "root/dev/pipe")
    (process / "root/dev/pts/0").write_text("")
    return made


@pytest.fixture
def directory(here: World) -> Iterator[int]:
    fd = os.open(here.tree.root / "500", os.O_RDONLY)
    yield fd
    os.close(fd)


@pytest.fixture
def host(here: World, tmp_path: Path) -> Iterator[walls.HostSide]:
    (tmp_path / "dev").mkdir()
    made = walls.HostSide(here.tree.proc, str(tmp_path / "dev"))
    yield made
    made.close()


def test_each_mount_is_told_with_its_purpose() -> None:
    found = mounts.of_container(mountinfo.parse(CONTAINER))
    assert {mount.point: mount.purpose for mount in found.values()} == {
        "/": "root", "/proc": "api", "/dev": "device", "/dev/pts": "device", "/dev/shm": "scratch",
        "/dev/mqueue": "api", "/sys": "api", "/sys/fs/cgroup": "cgroup", "/sys/fs/cgroup/cpu": "cgroup",
        "/tmp": "scratch", "/etc/hosts": "bound", "/dev/null": "device", "/dev/console": "device",
        "/proc/bus": "readonly", "/proc/acpi": "masked", "/proc/keys": "masked", "/sys/firmware": "masked",
        "/mnt/a b": "",
    }  # fmt: skip


def test_propagation_is_private_or_as_the_kernel_writes_it() -> None:
    found = mounts.of_container(mountinfo.parse(CONTAINER))
    assert found["90"].propagation == "shared:3 master:1"
    assert found["100"].propagation == "private"


def test_of_the_host_only_what_concerns_the_container_or_every_machine(here: World, host: walls.HostSide) -> None:
    found, total = host.mounts.about(here.target, 1.0)
    assert sorted(found, key=int) == ["1", "2", "3", "4", "5", "6", "7", "10", "11"]
    assert total == 15
    lines = b"\n".join(mounts.concerning(HOST, here.target))
    for secret in (b"secret", b"10.0.0.9", b"aaaa", b"eve", PLACE.encode() + b"x"):
        assert secret not in lines


@pytest.mark.parametrize("merged", ["", "/", "/run/terrarium/mnt/other/merged", "/k3v9q2m7x4t8b1zc"])
def test_a_place_that_is_not_named_after_the_container_opens_nothing(here: World, merged: str) -> None:
    target = dataclasses.replace(here.target, merged=merged)
    found = {line.split(b" ")[0] for line in mounts.concerning(HOST, target)}
    assert found == {b"1", b"2", b"3", b"4", b"5", b"6", b"7"}


def test_a_root_from_elsewhere_than_a_disk_is_not_told(here: World) -> None:
    raw = b"1 1 0:9 / / rw - nfs 10.0.0.9:/root rw\n2 1 0:9 / / rw - overlay overlay rw,lowerdir=/x\n"
    assert mounts.concerning(raw, here.target) == []


def test_a_table_without_end_is_cut_and_says_so(here: World, host: walls.HostSide) -> None:
    table = mountinfo.parse(b"".join(b"%d 1 0:9 / /m%d rw - tmpfs t rw\n" % (n, n) for n in range(600)))
    found, gaps = mounts.tables(here.target, table, host.mounts, 1.0)
    assert found is not None
    assert len(found.container) == 512
    assert gaps == {"walls.mounts.container": "600 mounts: the first 512 are shown"}


def test_dev_is_listed_with_links_unfollowed_and_pts_below_it(directory: int) -> None:
    found, gaps = devices.of_container(directory, mountinfo.parse(CONTAINER), (((0, os.getuid(), 1),), ((0, 9, 1),)))
    assert found is not None
    assert gaps == {}
    assert {name: device.type for name, device in found.items()} == {
        "fd": "symlink", "file": "file", "pipe": "fifo", "pts": "dir", "pts/0": "file",
    }  # fmt: skip
    assert found["fd"].target == "/proc/self/fd"
    assert (found["file"].uid, found["file"].gid) == (0, 65_534)
    assert not found["file"].bound


def test_a_link_in_devs_place_is_refused(here: World, directory: int) -> None:
    root = here.tree.root / "500/root"
    (root / "dev").rename(root / "moved")
    (root / "dev").symlink_to("/dev")
    found, gaps = devices.of_container(directory, (), ((), ()))
    assert found is None
    assert gaps["walls.devices.container"].startswith("ENOTDIR")


def test_a_link_in_the_place_of_pts_is_refused(here: World, directory: int) -> None:
    dev = here.tree.root / "500/root/dev"
    (dev / "pts/0").unlink()
    (dev / "pts").rmdir()
    (dev / "pts").symlink_to("/dev/pts")
    found, _ = devices.of_container(directory, (), ((), ()))
    assert found is not None
    assert found["pts"].type == "symlink"
    assert not [name for name in found if "/" in name]


def test_identity_is_read_of_status_maps_and_label(here: World, directory: int, tmp_path: Path) -> None:
    (tmp_path / "lsm").write_text("capability,landlock,yama\n")
    modules = identity.Modules(str(tmp_path / "lsm"))
    shown = mounts.of_container(mountinfo.parse(CONTAINER))
    found, gaps = identity.of_process(directory, shown, modules)
    assert found is not None
    assert gaps == {}
    assert [(line.inside, line.outside, line.count) for line in found.uid_map] == [(0, 1_879_048_192, 65_536)]
    assert found.capabilities["effective"] == ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"]
    assert found.capabilities["ambient"] == []
    assert (found.no_new_privs, found.seccomp, found.seccomp_filters) == (True, 2, 3)
    assert (found.lsm, found.lsms) == ("terrarium (enforce)", ["capability", "landlock", "yama"])
    assert found.masked == ["/proc/acpi", "/proc/keys", "/sys/firmware"]
    assert found.readonly == ["/proc/bus"]


def test_a_kernel_without_modules_says_why(here: World, directory: int, tmp_path: Path) -> None:
    (here.tree.root / "500/attr/current").unlink()
    found, gaps = identity.of_process(directory, {}, identity.Modules(str(tmp_path / "none")))
    assert found is not None
    assert (found.lsm, found.lsms) == (None, [])
    assert "ENOENT" in gaps["walls.identity.lsms"]
    assert "no security module" in gaps["walls.identity.lsm"]


def test_walls_are_read_once_and_again_when_they_may_have_changed(
    here: World, host: walls.HostSide, directory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = walls.WallSurvey(host)
    table = mountinfo.parse(CONTAINER)

    def take(now: float, *, still: bool = False) -> Walls | None:
        return survey.take(here.target, directory, table, now, still)[0]

    first = take(1.0)
    assert first is not None
    assert first.devices is not None
    made = here.tree.root / "500/root/dev/made"
    made.write_text("")
    assert take(2.0) is first
    assert take(40.0, still=True) is first
    later = take(40.0)
    assert later is not None
    assert later.devices is not None
    assert "made" in later.devices.container
    assert (later.mounts, later.identity) == (first.mounts, first.identity)
    assert later.mounts is first.mounts
    made.unlink()
    assert take(80.0) == first
    table = mountinfo.parse(CONTAINER + b"95 100 0:61 / /new rw - tmpfs t rw\n")
    changed = take(81.0)
    assert changed is not None
    assert changed.mounts is not None
    assert changed.mounts.container["95"].point == "/new"
    assert changed.identity is first.identity
    survey.close()


def test_without_a_process_each_wall_says_so(here: World, host: walls.HostSide) -> None:
    survey = walls.WallSurvey(host)
    stopped: Target = dataclasses.replace(here.target, pid=None, starttime=0)
    found, gaps = survey.take(stopped, -1, None, 1.0)
    assert found == Walls()
    assert {"walls.mounts", "walls.devices", "walls.identity"} <= set(gaps)
    survey.close()


def test_a_name_with_a_lines_end_makes_no_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a\nb"
    path.write_text("")
    line = source_walls._line("a\nb", path.stat(), None)
    assert line.count("\n") == 1
    assert r"a\x0ab" in line
