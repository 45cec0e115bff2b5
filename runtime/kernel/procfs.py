"""/proc as it is: files of processes, read raw and parsed without opinion (proc(5)).

Parsers take bytes, so that they can be tested on recorded files. Readers raise the kernel's own `OSError`: `ESRCH` or
`ENOENT` for a process that has gone, `EACCES` for one that may not be looked at. `Proc(root)` reads another tree in
tests.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

CMDLINE_BYTES = 1024
NOBODY = 65_534  # what an id without a mapping reads as: /proc/sys/kernel/overflowuid
GONE = frozenset({errno.ENOENT, errno.ESRCH})
_CHUNK = 64 * 1024
_USEC_PER_TICK = 1_000_000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Stat:
    """/proc/PID/stat: the fields used here. `starttime` in clock ticks since boot."""

    pid: int
    comm: str
    state: str
    ppid: int
    threads: int
    starttime: int


@dataclass(frozen=True, slots=True)
class Status:
    """/proc/PID/status: `NSpid:` outermost first, and the effective user, as the reader's user namespace counts it."""

    ns_pids: tuple[int, ...]
    uid: int | None


@dataclass(frozen=True, slots=True)
class Used:
    """Of /proc/PID/stat: `utime + stime` in clock ticks, its children's not counted, and resident pages."""

    ticks: int
    pages: int

    @property
    def cpu_usec(self) -> int:
        """Exact to a clock tick."""
        return self.ticks * _USEC_PER_TICK

    @property
    def rss_bytes(self) -> int:
        return self.pages * _PAGE


IdMap = tuple[tuple[int, int, int], ...]
"""Lines of /proc/PID/uid_map: first id inside, first id outside, how many (user_namespaces(7))."""


def text(raw: bytes) -> str:
    """Bytes that someone else chose, as text that JSON can carry: what is not UTF-8 becomes a `\\xNN` escape."""
    return raw.decode("utf-8", "backslashreplace")


def read(path: str, *, dir_fd: int | None = None, limit: int = 1024 * 1024) -> bytes:
    """A kernel file from start to end, or its first `limit` bytes."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=dir_fd)
    try:
        raw = os.read(fd, min(limit, _CHUNK))
        if len(raw) == 0 or len(raw) >= limit:
            return raw
        parts = [raw]
        size = len(raw)
        # seq_file hands out whole records, a page or so at a time: only an empty read is the end
        while size < limit and (part := os.read(fd, min(limit - size, _CHUNK))):
            parts.append(part)
            size += len(part)
        return b"".join(parts)
    finally:
        os.close(fd)


def read_numbers(path: str) -> list[int]:
    """A list of numbers, one a line or a word: `cgroup.procs`, `children`.

    Such records are short, so less than half a page in one read is all there is.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        raw = os.read(fd, _CHUNK)
        if len(raw) >= 2048:
            while part := os.read(fd, _CHUNK):
                raw += part
    finally:
        os.close(fd)
    return [int(word) for word in raw.split()]


def parse_stat(raw: bytes) -> Stat:
    """The name may hold spaces and brackets, so it ends at the last `)`."""
    start, end = raw.index(b"("), raw.rindex(b")")
    fields = raw[end + 2 :].split()
    return Stat(
        pid=int(raw[:start]),
        comm=text(raw[start + 1 : end]),
        state=fields[0].decode(),
        ppid=int(fields[1]),
        threads=int(fields[17]),
        starttime=int(fields[19]),
    )


def parse_used(raw: bytes) -> Used:
    """What a process used, of the same bytes as `parse_stat`: fields 14, 15 and 24 of proc_pid_stat(5)."""
    fields = raw[raw.rindex(b")") + 2 :].split()
    return Used(ticks=int(fields[11]) + int(fields[12]), pages=int(fields[21]))


def parse_group(raw: bytes) -> int:
    """The process group, of the same bytes: field 5."""
    return int(raw[raw.rindex(b")") + 2 :].split(None, 3)[2])


def fields(raw: bytes) -> dict[str, str]:
    """All lines of a status file: `CapEff` → `00000000a80425fb`. The name may hold a line's end only escaped."""
    pairs = (line.partition(b":") for line in raw.split(b"\n"))
    return {text(key): text(value.strip()) for key, colon, value in pairs if colon}


def parse_status(raw: bytes) -> Status:
    """`NSpid:` is missing on kernels before 4.1 and `Uid:` never; a line is looked for from its line's start."""
    ns_pids = _line(raw, b"\nNSpid:")
    uids = _line(raw, b"\nUid:")
    return Status(tuple(int(pid) for pid in ns_pids), int(uids[1]) if len(uids) > 1 else None)


def _line(raw: bytes, key: bytes) -> list[bytes]:
    start = raw.find(key)
    if start < 0:
        return []
    start += len(key)
    end = raw.find(b"\n", start)
    return raw[start : end if end >= 0 else None].split()


def parse_cmdline(raw: bytes, limit: int = CMDLINE_BYTES) -> list[str]:
    """The argument vector; what exceeds `limit` bytes is cut and ends in `…`. Empty for kernel threads and zombies."""
    if not raw:
        return []
    cut = len(raw) > limit
    arguments = [text(part) for part in raw[:limit].rstrip(b"\0").split(b"\0")]
    if cut:
        arguments[-1] += "…"
    return arguments


def parse_id_map(raw: bytes) -> IdMap:
    """The lines of a uid_map or gid_map."""
    lines = (tuple(int(word) for word in line.split()) for line in raw.splitlines())
    return tuple((line[0], line[1], line[2]) for line in lines if len(line) == 3)


def id_maps(directory: int) -> tuple[IdMap, IdMap]:
    """uid_map and gid_map of the process behind this descriptor of /proc/PID. Raises `OSError`, `ValueError`."""
    uids, gids = (parse_id_map(read(name, dir_fd=directory)) for name in ("uid_map", "gid_map"))
    return uids, gids


def inside(id_map: IdMap, outside: int) -> int:
    """An id of the reader's user namespace, as processes of the mapped one see it."""
    for first_inside, first_outside, count in id_map:
        if first_outside <= outside < first_outside + count:
            return first_inside + outside - first_outside
    return NOBODY


class Proc:
    """A mounted /proc."""

    def __init__(self, root: str = "/proc") -> None:
        self.root = root

    def open_process(self, pid: int) -> int:
        """A descriptor of /proc/PID. Reads through it fail once the process is gone: it never becomes another's."""
        return os.open(f"{self.root}/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def stat_bytes(self, pid: int) -> bytes:
        """/proc/PID/stat, raw, to be compared."""
        fd = os.open(f"{self.root}/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, 4096)
        finally:
            os.close(fd)

    def stat(self, pid: int) -> Stat:
        """/proc/PID/stat."""
        return parse_stat(self.stat_bytes(pid))

    def file(self, name: str, limit: int = _CHUNK) -> bytes:
        """A file that is nobody's, such as `meminfo`."""
        return read(f"{self.root}/{name}", limit=limit)

    def children(self, pid: int, threads: int = 1) -> list[int]:
        """The children of a process, zombies among them (they are in no cgroup.procs).

        The kernel lists them by the thread that forked; more than 64 threads are not asked.
        Needs CONFIG_PROC_CHILDREN: without it, `ENOENT` looks as if the process had gone, and the list is empty.
        """
        task = f"{self.root}/{pid}/task"
        threads_ids = [str(pid)] if threads <= 1 else os.listdir(task)[:64]
        found: list[int] = []
        for thread in threads_ids:
            try:
                found += read_numbers(f"{task}/{thread}/children")
            except OSError as error:
                if error.errno not in GONE:
                    raise
        return found

    def namespace(self, kind: str, *, dir_fd: int) -> str:
        """`mnt:[4026531832]`, by readlink: half the price of stat(2), which follows to nsfs."""
        return os.readlink(f"ns/{kind}", dir_fd=dir_fd)

    def boot_id(self) -> str:
        """Which boot this is: pids and clock ticks mean nothing beyond it."""
        return self.file("sys/kernel/random/boot_id").decode().strip()
