"""Mount tables of both sides, and why each mount of the container is there (proc_pid_mountinfo(5))."""

from __future__ import annotations

import os
import select
import threading
from dataclasses import dataclass
from typing import Literal

from runtime.kernel import mountinfo, procfs
from runtime.kernel.target import Target
from runtime.probes.gaps import Gaps, why
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


@dataclass(frozen=True)
class HostTable:
    """What may be shown of the host's: lines of every machine, and how many mounts there are in all."""

    lines: tuple[bytes, ...]
    total: int


class HostMounts:
    """The worker's own mount table: the host's, and what the engine mounted for containers.

    Its own namespace may be held by a descriptor, which is polled for changes: nothing that could end is kept by it.
    """

    def __init__(self, proc: procfs.Proc) -> None:
        self._path = f"{proc.root}/self/mountinfo"
        self._lock = threading.Lock()  # pictures of several containers may be taken in several threads
        self._fd = -1
        self._poll = select.poll()
        self._raw = b""
        self._read_at = -HOST_SECONDS

    def raw(self, now: float) -> bytes:
        """The whole table; as it was up to `HOST_SECONDS` ago. Raises `OSError`."""
        with self._lock:
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                self._poll.register(self._fd, select.POLLPRI)
            elif now - self._read_at < HOST_SECONDS or not self._poll.poll(0):
                return self._raw
            self._raw = procfs.read(self._path, limit=MAX_BYTES)
            self._read_at = now
            return self._raw

    def about(self, target: Target, now: float) -> HostTable:
        """The lines that concern the container or every machine. Raises `OSError`."""
        raw = self.raw(now)
        return HostTable(tuple(concerning(raw, target)), raw.count(b"\n"))

    def close(self) -> None:
        """Let go of the descriptor."""
        with self._lock:
            if self._fd >= 0:
                self._poll.unregister(self._fd)
                os.close(self._fd)
            self._fd = -1
            self._raw, self._read_at = b"", -HOST_SECONDS


def concerning(raw: bytes, target: Target) -> list[bytes]:
    """Lines of the host's table that a viewer of this container may see."""
    ours = _place(target)
    inside = ours.replace("\\", r"\134").replace(" ", r"\040").encode() + b"/" if ours else None
    found = []
    for line in raw.split(b"\n"):
        fields = line.split(b" ", 6)
        if len(fields) < 6:
            continue
        point = fields[4]
        if (inside and point.startswith(inside)) or _of_every_machine(line, procfs.text(point)):
            found.append(line)
    return found[:MAX_MOUNTS]


def _of_every_machine(line: bytes, point: str) -> bool:
    fstype, _, rest = line.partition(b" - ")[2].partition(b" ")
    kind = procfs.text(fstype)
    if point == "/":  # what a disk is called is the same everywhere; an export of a server, or layers, are not
        return kind in DISKS and rest.startswith(b"/dev/")
    if kind in ("cgroup", "cgroup2"):
        return point.startswith("/sys/fs/cgroup")
    return point in EVERY_MACHINE and (kind in API or kind in ("tmpfs", "devtmpfs", "devpts"))


def _place(target: Target) -> str | None:
    """Where the engine mounts what makes this container: its directory is named after it."""
    directory = os.path.dirname(target.merged)
    return directory if os.path.basename(directory) == target.container.id else None


def of_container(mounts: Table) -> dict[str, Mount]:
    """Mount id → mount, with its purpose."""
    return {str(mount.id): shown(mount, purpose(mount)) for mount in mounts[:MAX_MOUNTS]}


def of_host(table: HostTable) -> dict[str, Mount]:
    """Mount id → mount."""
    mounts = map(mountinfo.parse_line, table.lines)
    return {str(mount.id): shown(mount, _host_purpose(mount)) for mount in mounts}


def tables(target: Target, mounts: Table | None, host: HostMounts, now: float) -> tuple[MountTables | None, Gaps]:
    """Both sides. `mounts`: those of PID 1, None without a process."""
    gaps: Gaps = {}
    if mounts is None:
        return None, {"walls.mounts": "no process is left to read it from"}
    if len(mounts) > MAX_MOUNTS:
        gaps["walls.mounts.container"] = f"{len(mounts)} mounts: the first {MAX_MOUNTS} are shown"
    try:
        about = host.about(target, now)
        outside, total = of_host(about), about.total
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
