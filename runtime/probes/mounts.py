"""Mount tables of both sides, and why each mount of the container is there (proc_pid_mountinfo(5))."""

from __future__ import annotations

import os
import select
import threading
from typing import Literal

from runtime.kernel import mountinfo, procfs
from runtime.kernel.target import Target
from runtime.probes.gaps import NO_PROCESS, Gaps, why
from runtime.protocol.xray import Mount, MountTables

Purpose = Literal["root", "api", "device", "scratch", "cgroup", "masked", "readonly", "bound", ""]
Table = tuple[mountinfo.Mount, ...]

MAX_MOUNTS = 512  # of one side: with rights to mount, a container may have a hundred thousand
MAX_BYTES = 4 * 1024 * 1024
HOST_SECONDS = 5.0  # between two reads of the host's table, which is long where there are many containers
PRIVATE = "private"

API = frozenset({"proc", "sysfs", "mqueue", "securityfs", "debugfs", "tracefs", "bpf", "fusectl", "binfmt_misc"})
DISKS = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs"})
EVERY_MACHINE = frozenset(
    {"/", "/proc", "/sys", "/sys/fs/cgroup", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/run", "/tmp"}
)
"""Mount points that any Linux has, beside those of control groups: they tell nothing of this host."""
_POINTS = frozenset(point.encode() for point in EVERY_MACHINE)
_CGROUPS = b"/sys/fs/cgroup/"


class HostMounts:
    """The worker's own mount table: the host's, and what the engine mounted for containers.

    Its own namespace may be held by a descriptor, which is polled for changes: nothing that could end is kept by it.
    """

    def __init__(self, proc: procfs.Proc) -> None:
        self._path = f"{proc.root}/self/mountinfo"
        self._lock = threading.Lock()  # pictures of several containers may be taken in several threads
        self._fd = -1
        self._poll = select.poll()
        self._forget()

    def _forget(self) -> None:
        self._raw = b""
        self._total = 0
        self._machine: dict[str, Mount] = {}
        self._read_at = -HOST_SECONDS

    def about(self, target: Target, now: float) -> tuple[dict[str, Mount], int]:
        """What concerns the container or every machine, and how many mounts there are in all.

        As it was up to `HOST_SECONDS` ago. Raises `OSError`.
        """
        with self._lock:
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                self._poll.register(self._fd, select.POLLPRI)
                self._read(now)
            elif now - self._read_at >= HOST_SECONDS and self._poll.poll(0):
                self._read(now)
            return {**self._machine, **_host_view(_inside(self._raw, target))}, self._total

    def _read(self, now: float) -> None:
        self._raw = procfs.read(self._path, limit=MAX_BYTES)
        self._total = self._raw.count(b"\n")
        self._machine = _host_view(_of_every_machine(self._raw))
        self._read_at = now

    def close(self) -> None:
        """Let go of the descriptor."""
        with self._lock:
            if self._fd >= 0:
                self._poll.unregister(self._fd)
                os.close(self._fd)
            self._fd = -1
            self._forget()


def concerning(raw: bytes, target: Target) -> list[bytes]:
    """Lines of the host's table that a viewer of this container may see."""
    return [*_of_every_machine(raw), *_inside(raw, target)]


def _inside(raw: bytes, target: Target) -> list[bytes]:
    """What the engine mounted for this container: in a directory that is named after it.

    Searched, not split: the table has lines of all containers.
    """
    place = os.path.dirname(target.merged)
    if os.path.basename(place) != target.container.id:
        return []
    wanted = b" " + place.replace("\\", r"\134").replace(" ", r"\040").encode() + b"/"
    found: list[bytes] = []
    at = raw.find(wanted)
    while at >= 0 and len(found) < MAX_MOUNTS:
        start, end = raw.rfind(b"\n", 0, at) + 1, raw.find(b"\n", at)
        line = raw[start : end if end >= 0 else None]
        if line.split(b" ", 5)[4].startswith(wanted[1:]):  # its point, not its root or its layers
            found.append(line)
        at = raw.find(wanted, start + len(line))
    return found


def _of_every_machine(raw: bytes) -> list[bytes]:
    found = []
    for line in raw.split(b"\n"):
        fields = line.split(b" ", 5)
        if (
            len(fields) == 6
            and (fields[4] in _POINTS or fields[4].startswith(_CGROUPS))
            and _is_common(line, fields[4])
        ):
            found.append(line)
    return found[:MAX_MOUNTS]


def _is_common(line: bytes, point: bytes) -> bool:
    if point not in _POINTS and not point.startswith(_CGROUPS):
        return False
    fstype, _, rest = line.partition(b" - ")[2].partition(b" ")
    kind = procfs.text(fstype)
    if point == b"/":  # what a disk is called is the same everywhere; an export of a server, or layers, are not
        return kind in DISKS and rest.startswith(b"/dev/")
    if point.startswith(_CGROUPS):
        return kind in ("cgroup", "cgroup2")
    return kind in API or kind in ("tmpfs", "devtmpfs", "devpts", "cgroup2")


def of_container(mounts: Table) -> dict[str, Mount]:
    """Mount id → mount, with its purpose."""
    return {str(mount.id): shown(mount, purpose(mount)) for mount in mounts[:MAX_MOUNTS]}


def _host_view(lines: list[bytes]) -> dict[str, Mount]:
    mounts = map(mountinfo.parse_line, lines)
    return {str(mount.id): shown(mount, _host_purpose(mount)) for mount in mounts}


def tables(target: Target, mounts: Table | None, host: HostMounts, now: float) -> tuple[MountTables | None, Gaps]:
    """Both sides. `mounts`: those of PID 1, None without a process."""
    gaps: Gaps = {}
    total: int | None
    if mounts is None:
        return None, {"walls.mounts": NO_PROCESS}
    if len(mounts) > MAX_MOUNTS:
        gaps["walls.mounts.container"] = f"{len(mounts)} mounts: the first {MAX_MOUNTS} are shown"
    try:
        outside, total = host.about(target, now)
    except (OSError, ValueError) as error:
        gaps["walls.mounts.host"] = why(error, "/proc/self/mountinfo")
        outside, total = {}, None
    return MountTables(container=of_container(mounts), host=outside, host_total=total), gaps


def shown(mount: mountinfo.Mount, why_there: Purpose) -> Mount:
    """One mount as it is told."""
    return Mount(
        parent=mount.parent,
        device=mount.device,
        root=mount.root,
        point=mount.point,
        options=mount.options,
        propagation=mount.propagation or PRIVATE,
        fstype=mount.fstype,
        source=mount.source,
        super_options=mount.super_options,
        purpose=why_there,
    )


def purpose(mount: mountinfo.Mount) -> Purpose:
    """Why a container has it. Judged by what it is: a mount made inside later has none."""
    point, kind = mount.point, mount.fstype
    below_walls = point.startswith(("/proc/", "/sys/"))
    if point == "/":
        return "root"
    if kind in ("cgroup", "cgroup2") or (point == "/sys/fs/cgroup" and kind == "tmpfs"):
        return "cgroup"
    if below_walls and kind in API:
        return "readonly" if mount.root != "/" and "ro" in mount.options.split(",") else "api"
    if below_walls and (mount.root == "/null" or (kind == "tmpfs" and "ro" in mount.options.split(","))):
        return "masked"
    if kind in API:
        return "api"
    if point in ("/dev", "/dev/pts") or (point.startswith("/dev/") and kind in ("devtmpfs", "devpts")):
        return "device"
    if kind == "tmpfs" and mount.root == "/":
        return "scratch"
    if mount.root != "/" and point.startswith("/etc/"):
        return "bound"
    return ""


def _host_purpose(mount: mountinfo.Mount) -> Purpose:
    point, kind = mount.point, mount.fstype
    if point == "/":
        return "root"
    if kind in ("cgroup", "cgroup2") or point == "/sys/fs/cgroup":
        return "cgroup"
    if kind in API:
        return "api"
    if point in ("/dev", "/dev/pts"):
        return "device"
    return "scratch" if kind == "tmpfs" else ""
