"""Control groups on v1, v2 and hybrid hosts, behind one name: a group is its path below each hierarchy.

On a hybrid host a group is a directory in every v1 hierarchy, where the limits are, and one in cgroup2, which has
no limits there but gives `cgroup.kill`, `cgroup.freeze`, populated events and pressure figures (cgroups(7)).
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from runtime.kernel import mountinfo
from runtime.kernel.files import read_text, write_text

Mode = Literal["v1", "v2", "hybrid"]
_NO_LIMIT = 2**64 - 1
UNIFIED = "unified"
"""The key of the cgroup2 hierarchy in every map from controller to directory."""


@dataclass(frozen=True)
class Hierarchies:
    """What is mounted where. `mounts`: v1 controller (or `name=systemd`) → mount point, cgroup2's under `unified`.

    Comounted controllers (`cpu,cpuacct`) have the same mount point, separately mounted ones their own.
    """

    mode: Mode
    mounts: dict[str, str]

    def group(self, path: str) -> Group:
        """The group at `path`, relative to each hierarchy's root: `terrarium/<id>`."""
        return Group(self.mode, {name: os.path.join(mount, path) for name, mount in self.mounts.items()})

    def children(self, path: str) -> set[str]:
        """Names of the groups directly below `path`, in any hierarchy: how orphans are found."""
        found: set[str] = set()
        for mount in set(self.mounts.values()):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                found.update(entry.name for entry in os.scandir(os.path.join(mount, path)) if entry.is_dir())
        return found


def detect(table: bytes | None = None, controllers: frozenset[str] | None = None) -> Hierarchies:
    """Read the hierarchies from /proc/self/mountinfo (proc(5)); the arguments are for tests.

    Raises `OSError` when none is mounted.
    """
    mounts = mountinfo.own() if table is None else mountinfo.parse(table)
    known = _controllers() if controllers is None else controllers
    v1: dict[str, str] = {}
    v2: str | None = None
    for mount in mounts:
        if mount.fstype == "cgroup2" and v2 is None:
            v2 = mount.point
        elif mount.fstype == "cgroup":
            for option in mount.super_options.split(","):
                if option in known or option.startswith("name="):
                    v1.setdefault(option, mount.point)
    if v2 is None:
        if not v1:
            raise FileNotFoundError(2, "no cgroup hierarchy is mounted", "/sys/fs/cgroup")
        return Hierarchies("v1", v1)
    limits = any(not name.startswith("name=") for name in v1)
    return Hierarchies("hybrid", {**v1, UNIFIED: v2}) if limits else Hierarchies("v2", {UNIFIED: v2})


def _controllers() -> frozenset[str]:
    lines = read_text("/proc/cgroups").splitlines()
    return frozenset(line.split()[0] for line in lines if not line.startswith("#"))


@dataclass(frozen=True)
class Group:
    """One group. `paths`: controller → its absolute directory; comounted controllers share one."""

    mode: Mode
    paths: dict[str, str]

    @cached_property
    def directories(self) -> tuple[str, ...]:
        """Each directory once."""
        return tuple(dict.fromkeys(self.paths.values()))

    def exists(self) -> bool:
        """Whether any of its directories is there."""
        return any(os.path.isdir(path) for path in self.directories)

    def make(self, controller: str) -> None:
        """Make the directory in one hierarchy, where it is not there yet."""
        os.makedirs(self.paths[controller], exist_ok=True)

    def child(self, name: str) -> Group:
        """The group `name` below this one."""
        return Group(self.mode, {key: os.path.join(path, name) for key, path in self.paths.items()})

    def processes(self) -> set[int]:
        """Pids of all processes in the group and below it. Opened anew each time: a kept descriptor lies on v1."""
        found: set[int] = set()
        for top in self.directories:
            for directory in _tree(top):
                with contextlib.suppress(OSError):
                    found.update(int(pid) for pid in read_text(f"{directory}/cgroup.procs").split())
        found.discard(0)  # a process outside our pid namespace
        return found

    def freeze(self) -> None:
        """Begin to hold every process still; `frozen` tells when all are. Raises `OSError`.

        By cgroup2 where there is one: what it holds can still be killed. What v1's freezer holds ignores even that.
        """
        if UNIFIED in self.paths:
            write_text(f"{self.paths[UNIFIED]}/cgroup.freeze", "1")
        else:
            write_text(f"{self.paths['freezer']}/freezer.state", "FROZEN")

    def frozen(self) -> bool:
        """Whether a freezer, be it cgroup2's or v1's, holds all of its processes still now, whoever told it to."""
        unified, freezer = self.paths.get(UNIFIED), self.paths.get("freezer")
        return (unified is not None and _says(f"{unified}/cgroup.events", b"frozen 1")) or (
            freezer is not None and _says(f"{freezer}/freezer.state", b"FROZEN")
        )

    def thaw(self) -> None:
        """Let frozen processes run: on v1 a frozen one ignores even SIGKILL."""
        for directory in _tree(self.paths.get("freezer", "")):
            with contextlib.suppress(OSError):
                write_text(f"{directory}/freezer.state", "THAWED")
        for directory in _tree(self.paths.get(UNIFIED, "")):
            with contextlib.suppress(OSError):
                write_text(f"{directory}/cgroup.freeze", "0")

    def kill(self) -> None:
        """SIGKILL to all processes of the group: at once through cgroup2, one by one on v1, where it may need calling
        again until `processes` is empty."""
        self.thaw()
        if UNIFIED in self.paths:
            with contextlib.suppress(OSError):
                write_text(f"{self.paths[UNIFIED]}/cgroup.kill", "1")
        if self.mode == "v2":
            return
        frozen = self._freeze()
        for pid in self.processes() - {os.getpid()}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if frozen:
            self.thaw()

    def _freeze(self) -> bool:
        """Stop the group on v1 while it is being killed, or a fork could outrun the list."""
        with contextlib.suppress(KeyError, OSError):
            write_text(f"{self.paths['freezer']}/freezer.state", "FROZEN")
            return True
        return False

    def remove(self) -> list[str]:
        """rmdir(2) all directories, deepest first. Returns those that are still there, busy or refused."""
        left = []
        for top in self.directories:
            for directory in reversed(list(_tree(top))):
                try:
                    os.rmdir(directory)
                except FileNotFoundError:
                    continue
                except OSError:
                    left.append(directory)
        return left

    def limit_cpu(self, quota_usec: int, period_usec: int) -> None:
        """How much processor time the group gets in each period. Raises `OSError`."""
        if "cpu" in self.paths:
            write_text(f"{self.paths['cpu']}/cpu.cfs_period_us", str(period_usec))
            write_text(f"{self.paths['cpu']}/cpu.cfs_quota_us", str(quota_usec))
        else:
            write_text(f"{self.paths[UNIFIED]}/cpu.max", f"{quota_usec} {period_usec}")

    def cpu_limit(self) -> tuple[int, int]:
        """(quota, period) as the kernel has them, in microseconds; quota -1: none is set. Raises `OSError`."""
        if "cpu" in self.paths:
            quota, period = (read_text(f"{self.paths['cpu']}/cpu.cfs_{name}_us") for name in ("quota", "period"))
        else:
            quota, period = read_text(f"{self.paths[UNIFIED]}/cpu.max").split()
        return -1 if quota == "max" else int(quota), int(period)

    def limit_pids(self, most: int) -> None:
        """How many tasks there may be; those that are there already stay. Raises `OSError`."""
        write_text(f"{self.paths.get('pids') or self.paths[UNIFIED]}/pids.max", str(most))

    def pids_limit(self) -> int | None:
        """Its tasks' limit as the kernel has it; None: there is none. Raises `OSError`."""
        text = read_text(f"{self.paths.get('pids') or self.paths[UNIFIED]}/pids.max").strip()
        return None if text == "max" else int(text)

    def limit_memory(self, most: int) -> None:
        """How much memory it may hold, and no swap beside it. Blocks while the kernel takes memory back.

        Raises `OSError`: `EBUSY` where more is in use than can be taken back, and nothing has changed then. v1 refuses
        by itself; cgroup2's memory.max would kill for it, so there memory.high asks first.
        """
        if "memory" in self.paths:
            self._limit_memory_v1(most)
        else:
            self._limit_memory_v2(most)

    def memory_limit(self) -> int | None:
        """Its memory limit as the kernel has it, in whole pages; None: there is none. Raises `OSError`."""
        v1 = self.paths.get("memory")
        text = read_text(f"{v1}/memory.limit_in_bytes" if v1 else f"{self.paths[UNIFIED]}/memory.max").strip()
        return None if text == "max" or int(text) >= _NO_LIMIT // 2 - 4096 else int(text)

    def _limit_memory_v1(self, most: int) -> None:
        """Memory with swap may never be limited lower than memory alone, so the order is that of the change."""
        memory, both = (f"{self.paths['memory']}/memory.{name}limit_in_bytes" for name in ("", "memsw."))
        before = read_text(memory).strip()
        if not os.path.exists(both):  # this kernel does not count swap
            write_text(memory, str(most))
            return
        if most >= int(before):
            write_text(both, str(most))
            write_text(memory, str(most))
            return
        write_text(memory, str(most))
        try:
            write_text(both, str(most))
        except OSError:
            write_text(memory, before)
            raise

    def _limit_memory_v2(self, most: int) -> None:
        """Documentation/admin-guide/cgroup-v2.rst: a write to memory.high takes back what it can, and never kills."""
        maximum, high, current = (f"{self.paths[UNIFIED]}/memory.{name}" for name in ("max", "high", "current"))
        before = self.memory_limit()
        if before is not None and most >= before:
            write_text(maximum, str(most))
            return
        usual = read_text(high).strip()
        write_text(high, str(most))
        try:
            if int(read_text(current)) > most:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), maximum)
            write_text(maximum, str(most))
        finally:
            write_text(high, usual)

    def forbid_swap(self) -> None:
        """No swap beside its memory, on cgroup2; on v1 that is the limit of both together. Raises `OSError`.

        A kernel that counts no swap by cgroup has no such file, and cannot be told.
        """
        if self.mode == "v2":
            with contextlib.suppress(FileNotFoundError):
                write_text(f"{self.paths[UNIFIED]}/memory.swap.max", "0")

    def count_io(self, disk: str | None) -> None:
        """Have v1 count the group's I/O on a disk (`major:minor`): that begins when a limit is written, be it none at
        all. On cgroup2 all is counted. A kernel without throttling leaves it uncounted."""
        if disk is not None and "blkio" in self.paths:
            with contextlib.suppress(OSError):
                write_text(f"{self.paths['blkio']}/blkio.throttle.read_bps_device", f"{disk} {_NO_LIMIT}")

    def oom_kills(self) -> int | None:
        """How many of its processes the kernel killed for want of memory; None when that cannot be read."""
        v1 = "memory" in self.paths
        return self._count("memory", "memory.oom_control" if v1 else "memory.events", "oom_kill")

    def refused_forks(self) -> int | None:
        """How many forks its limit of processes refused; None when that cannot be read."""
        return self._count("pids", "pids.events", "max")

    def _count(self, controller: str, file: str, key: str) -> int | None:
        """A figure of a keyed file, in the controller's own directory or cgroup2's."""
        directory = self.paths.get(controller) or self.paths.get(UNIFIED)
        with contextlib.suppress(OSError, ValueError):
            for line in read_text(f"{directory}/{file}").splitlines():
                name, _, value = line.partition(" ")
                if name == key:
                    return int(value)
        return None


def disk_of(path: str) -> str | None:
    """`major:minor` of the whole disk under a file system, as blkio wants it; None where that is not one block device
    (tmpfs, overlay, btrfs)."""
    device = os.stat(path).st_dev
    block = f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"
    if os.path.exists(f"{block}/partition"):
        block = os.path.dirname(os.path.realpath(block))
    try:
        return read_text(f"{block}/dev").strip()
    except FileNotFoundError:
        return None


def _says(path: str, word: bytes) -> bool:
    """Whether a short file has a word; False for one that is not there. Asked of every watched container each second,
    so with no more calls than it takes."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return word in os.read(fd, 256)
    except OSError:
        return False
    finally:
        os.close(fd)


def _tree(top: str) -> Iterator[str]:
    """The directory and all below it, parents first; nothing when it is not there."""
    if not top or not os.path.isdir(top):
        return
    yield top
    with contextlib.suppress(OSError):
        for entry in sorted(os.scandir(top), key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _tree(entry.path)
