"""What a container of the default tier must not be able to do, tried from inside it.

The numbers are those of the project's list of probes. A probe that cannot run fails: each asserts what it saw, and
where something is refused, with which error. Around each, the host's own values are compared before and after.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.worker import box as boxes
from tests.worker.box import Box

pytestmark = [
    pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups"),
    pytest.mark.asyncio(loop_scope="module"),
]

# capabilities(7): CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP
ELEVEN = boxes.mask(0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31)
OWN_NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup")
# What Docker and Podman mask in 2026; a path this kernel does not have needs no mask.
MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
    "/sys/devices/virtual/powercap",
)  # fmt: skip
READ_ONLY = "read-only file system"
NOT_PERMITTED = "operation not permitted"
DENIED = "permission denied"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Box]:
    """One container for all probes: none of them changes it, that is the point."""
    settings = boxes.config(tmp_path_factory.mktemp("probes"))
    boxes.ready_images(settings)
    async with boxes.engine(settings) as engine:
        try:
            yield await boxes.launch(engine)
        finally:
            boxes.close_terminals()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(box: Box) -> Box:
    """A neighbour, from the debian image, which has Python."""
    boxes.ready_images(box.engine.config, "debian")
    return await boxes.launch(box.engine, image="debian")


@pytest.fixture(autouse=True)
def _host_is_unchanged() -> Iterator[None]:
    with boxes.host_stays_as_it_is():
        yield


async def test_01_its_root_is_a_nobody_of_its_own_on_the_host(box: Box, other: Box) -> None:
    bases = []
    for one in (box, other):
        for kind in ("uid_map", "gid_map"):
            inside, base, count = (await one.sh(f"cat /proc/1/{kind}")).out.split()
            assert (inside, count) == ("0", "65536")
            bases.append(int(base))
        assert os.stat(f"/proc/{one.pid}").st_uid == bases[-1]
    assert 0 not in bases
    assert bases[0] == bases[1]
    assert bases[2] == bases[3]
    assert abs(bases[0] - bases[2]) >= 65_536


@pytest.mark.parametrize("whose", ["/proc/1/status", "/proc/self/status"], ids=["PID 1", "an exec"])
async def test_02_it_has_eleven_capabilities_and_none_to_inherit(box: Box, whose: str) -> None:
    found = dict(line.split() for line in (await box.sh(f"grep ^Cap {whose}")).lines)
    assert found == {
        "CapInh:": "0" * 16,
        "CapPrm:": ELEVEN,
        "CapEff:": ELEVEN,
        "CapBnd:": ELEVEN,
        "CapAmb:": "0" * 16,
    }


@pytest.mark.parametrize("whose", ["/proc/1/status", "/proc/self/status"], ids=["PID 1", "an exec"])
async def test_03_no_program_can_gain_rights_by_being_run(box: Box, whose: str) -> None:
    assert (await box.sh(f"grep ^NoNewPrivs: {whose}")).out.split() == ["NoNewPrivs:", "1"]


@pytest.mark.parametrize("whose", ["/proc/1/status", "/proc/self/status"], ids=["PID 1", "an exec"])
async def test_04_a_system_call_filter_is_on(box: Box, whose: str) -> None:
    found = dict(line.split() for line in (await box.sh(f"grep ^Seccomp {whose}")).lines)
    assert found["Seccomp:"] == "2"
    assert int(found["Seccomp_filters:"]) >= 1


@pytest.mark.parametrize("kind", OWN_NAMESPACES)
async def test_05_it_shares_no_namespace_with_the_host_or_another_container(box: Box, other: Box, kind: str) -> None:
    inside = (await box.sh(f"readlink /proc/1/ns/{kind}")).out.strip()
    assert inside == boxes.namespace(box.pid, kind)
    assert inside == (await box.sh(f"readlink /proc/self/ns/{kind}")).out.strip()
    assert len({inside, boxes.namespace("self", kind), boxes.namespace(other.pid, kind)}) == 3


@pytest.fixture
def stranger() -> Iterator[int]:
    """The pid of a process of the host."""
    with subprocess.Popen(["sleep", "4242"]) as process:
        yield process.pid
        process.kill()


async def test_06_it_sees_its_own_processes_only(box: Box, stranger: int) -> None:
    said = await box.sh("for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done; ls -d /proc/[0-9]*")
    processes = [line.strip() for line in said.lines if line.strip() and not line.startswith("/proc/")]
    numbers = {int(line.removeprefix("/proc/")) for line in said.lines if line.startswith("/proc/")}
    assert processes[0] == "sleep 1000"
    assert 1 in numbers
    assert len(numbers) <= 4, "PID 1, the shell of the exec, its ls"
    assert "4242" not in said.out
    assert stranger not in numbers
    await box.refused(f"kill -0 {stranger}", "no such process")


async def test_07_no_file_of_the_host_is_open_in_it(box: Box) -> None:
    console = box.open_files()
    assert len(console) == 3
    assert {link.rsplit("/", 1)[0] for link in console} == {"/dev/pts"}
    # The directory that ls itself has open is closed when it reads the links: that one has no arrow.
    listed = (await box.run("ls", "-l", "/proc/self/fd")).lines
    links = {line.split(" -> ")[0].split()[-1]: line.split(" -> ")[1] for line in listed if " -> " in line}
    assert set(links) == {"0", "1", "2"}
    assert all(link.startswith(("pipe:", "socket:")) for link in links.values()), links


async def test_08_its_working_directory_is_inside_its_root(box: Box) -> None:
    assert (await box.sh("readlink /proc/1/cwd; pwd")).lines == ["/root", "/root"]
    seen, meant = os.stat(f"/proc/{box.pid}/cwd"), os.stat(f"/proc/{box.pid}/root/root")
    assert (seen.st_dev, seen.st_ino) == (meant.st_dev, meant.st_ino)
    assert (seen.st_dev, seen.st_ino) != (os.stat("/root").st_dev, os.stat("/root").st_ino)


@pytest.mark.parametrize("path", MASKED)
async def test_09_what_tells_of_the_host_is_masked(box: Box, path: str) -> None:
    kind = boxes.kind(path)
    if kind == "none":
        await box.refused(f"ls -d {path}", "no such file")
        return
    if kind == "directory":
        assert (await box.sh(f"ls -A {path} | wc -l")).out.split() == ["0"]
    else:
        assert (await box.sh(f"stat -c %t:%T {path}; wc -c < {path}")).lines == ["1:3", "0"], "not the null device"
    await box.refused(f"echo x > {path}/x || echo x > /sys/firmware/x", READ_ONLY, "not a directory", "nonexistent")


@pytest.mark.parametrize(
    "path",
    [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/panic",
        "/proc/sys/kernel/sysrq",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/vm/drop_caches",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sysrq-trigger",
    ],
)
async def test_10_the_kernels_settings_cannot_be_written(box: Box, path: str) -> None:
    absent = () if boxes.kind(path) == "file" else ("nonexistent", "no such file")
    await box.refused(f"echo 1 > {path}", READ_ONLY, *absent)


@pytest.mark.parametrize(
    "attempt",
    [
        "mount -o remount,rw /proc",
        "mount -o remount,rw,bind /proc/sys",
        "mount -o remount,rw /sys",
        "mount -o remount,rw,bind /sys/fs/cgroup",
        "umount /proc/kcore",
        "umount /proc/sys",
        "umount /sys/firmware",
        "umount -l /sys",
        "mount -t tmpfs none /mnt",
        "mount -t proc none /mnt",
        "mount -o bind / /mnt",
    ],
)
async def test_11_masks_and_read_only_mounts_cannot_be_undone(box: Box, attempt: str) -> None:
    before = box.mounts()
    await box.sh("mkdir -p /mnt")
    await box.refused(attempt, NOT_PERMITTED, "are you root")
    assert box.mounts() == before


async def test_12_its_limits_cannot_be_raised_from_inside(box: Box) -> None:
    names = (
        "pids.max",
        "memory.limit_in_bytes",
        "memory.max",
        "cpu.max",
        "cpu.cfs_quota_us",
        "devices.allow",
        "cgroup.procs",
    )
    found = await _control_files(box, *names)
    assert {path.rsplit("/", 1)[1] for path in found} & {"pids.max", "memory.limit_in_bytes", "memory.max"}
    paths = box.engine.target(box.id).cgroup_paths
    before = _limits(paths)
    assert len(before) >= 2
    for path in found:
        value = "a *:* rwm" if path.endswith("devices.allow") else "1"
        await box.refused(f"echo '{value}' > {path}", READ_ONLY)
    for directory in sorted({path.rsplit("/", 1)[0] for path in found}):
        await box.refused(f"mkdir {directory}/mine", READ_ONLY)
    assert _limits(paths) == before


async def _control_files(box: Box, *names: str) -> list[str]:
    """Such files of the container's cgroup; one of an exec is gone with it."""
    found = (await box.sh(f"find /sys/fs/cgroup {' -o '.join(f'-name {name}' for name in names)}")).lines
    return [path for path in found if "/exec-" not in path]


def _limits(paths: dict[str, str]) -> dict[str, str]:
    names = ("pids.max", "memory.limit_in_bytes", "memory.max", "cpu.max", "cpu.cfs_quota_us", "devices.list")
    files = [Path(directory, name) for directory in set(paths.values()) for name in names]
    return {str(file): file.read_text() for file in files if file.exists()}


async def test_13_the_host_runs_no_program_for_its_cgroup(box: Box) -> None:
    assert (await box.sh("find /sys/fs/cgroup -name release_agent")).out == ""
    assert (await box.sh("ls /sys/fs/cgroup | wc -l")).out.split() != ["0"], "nothing was looked at"
    for path in await _control_files(box, "notify_on_release"):
        assert (await box.sh(f"cat {path}")).out == "0\n"
        await box.refused(f"echo 1 > {path}", READ_ONLY)


@pytest.mark.parametrize("device", ["c 1 3", "c 5 1", "c 10 229", "b 8 0", "b 254 0", "b 7 0"])
@pytest.mark.parametrize("directory", ["/root", "/dev", "/tmp"])
async def test_14_it_makes_no_device(box: Box, directory: str, device: str) -> None:
    await box.refused(f"mknod {directory}/it {device}", NOT_PERMITTED)


async def test_15_dev_has_what_a_program_expects_and_no_hardware(box: Box) -> None:
    found = (await box.sh("cd /dev; for n in *; do echo $n $(stat -c '%F' $n | tr ' ' _); done")).lines
    entries = dict(line.split() for line in found)
    links = {"core", "fd", "stdin", "stdout", "stderr", "ptmx"}
    nodes = {"null", "zero", "full", "random", "urandom", "tty", "console"}
    directories = {"pts", "shm", "mqueue"}
    assert set(entries) - {"core"} == (links | nodes | directories) - {"core"}
    assert {name for name, kind in entries.items() if kind == "character_special_file"} == nodes
    assert (await box.sh("find /dev -type b")).out == ""
    terminals = set((await box.sh("ls /dev/pts")).lines)
    assert terminals <= {"0", "ptmx"}


async def test_16_devices_it_was_given_stay_as_the_host_has_them(box: Box) -> None:
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        await box.refused(f"chmod 0777 /dev/{name}", NOT_PERMITTED)
        await box.refused(f"chown 1:1 /dev/{name}", NOT_PERMITTED)
    info = os.stat("/dev/null")
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (0, 0, 0o666)


async def test_17_it_mounts_no_file_system_of_any_kind(box: Box) -> None:
    before = box.mounts()
    for kind in ("ext4", "devtmpfs", "debugfs", "tracefs", "bpf", "securityfs", "overlay", "cgroup2", "tmpfs", "proc"):
        await box.refused(f"mkdir -p /mnt; mount -t {kind} none /mnt", NOT_PERMITTED, "are you root", DENIED)
    assert box.mounts() == before


async def test_18_it_makes_and_enters_no_namespace(box: Box) -> None:
    for option in ("-m", "-u", "-i", "-n", "-p", "-U", "-Ur"):
        await box.refused(f"unshare {option} true", NOT_PERMITTED)
    for option in ("-m", "-u", "-i", "-n", "-p", "-U"):
        await box.refused(f"nsenter -t 1 {option} true", NOT_PERMITTED)


_SOCKETS = """
import socket
for family, kind, protocol in (
    (16, 3, 6), (16, 3, 9), (16, 3, 12),  # netlink: XFRM, AUDIT, NETFILTER
    (17, 3, 0), (38, 5, 0), (40, 1, 0), (15, 3, 2),  # PACKET ALG VSOCK KEY
    (31, 1, 0), (29, 3, 1), (2, 3, 1),  # BLUETOOTH CAN, raw IP
):
    try:
        socket.socket(family, kind, protocol).close()
        print("open", family, protocol)
    except OSError as error:
        print("refused", family, protocol, error.errno)
for family, kind, protocol in ((1, 1, 0), (2, 1, 0), (10, 2, 0), (16, 3, 0)):
    socket.socket(family, kind, protocol).close()
print("the ordinary ones open")
"""


async def test_20_it_opens_ordinary_sockets_only(other: Box) -> None:
    """With Python: no applet asks for such sockets."""
    said = await other.run("python3", "-c", _SOCKETS)
    assert said.err == ""
    assert [line.split()[0] for line in said.lines] == ["refused"] * 10 + ["the"]


async def test_25_the_kernels_log_and_addresses_are_not_for_it(box: Box) -> None:
    await box.refused("dmesg", NOT_PERMITTED)
    addresses = {line.split()[0] for line in (await box.sh("head -n 200 /proc/kallsyms")).lines}
    assert {int(address, 16) for address in addresses} <= {0}
