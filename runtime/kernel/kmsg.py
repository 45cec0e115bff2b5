"""The kernel's log as it is written, and what it says when memory ran out (Documentation/ABI/testing/dev-kmsg).

A record is `priority,sequence,microseconds,flags;text`. Anybody who may write to /dev/kmsg adds records of his own;
those have a facility, the kernel's have none. No container has the device.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass

from runtime.kernel import procfs

PATH = "/dev/kmsg"
_RECORD = 8192  # the longest that the kernel gives

_CHOSEN = re.compile(
    r"oom-kill:constraint=(?P<constraint>\w+),"
    r".*?(?:oom_memcg=(?P<limit>[^,]*)|global_oom),task_memcg=(?P<group>[^,]*),"
    r"task=(?P<comm>.*),pid=(?P<pid>\d+),uid=\d+\s*$"
)
_KILLED = re.compile(
    r"(?P<memcg>Memory cgroup out of memory|Out of memory[^:]*|[^:]*oom[^:]*): "
    r"Killed process (?P<pid>\d+) \((?P<comm>.*)\) total-vm:\d+kB, anon-rss:(?P<anon>\d+)kB",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Chosen:
    """The kernel chose whom to kill: `group` is the victim's cgroup, `limit` the one that was full, null: the host.

    Both as the kernel names them, below the root of the memory hierarchy. At most ten are told in five seconds.
    """

    pid: int
    comm: str
    group: str
    limit: str | None


@dataclass(frozen=True)
class Killed:
    """And killed it: `anon_bytes` of its own memory are free now. Told of each. `memcg`: a cgroup's limit was met."""

    pid: int
    comm: str
    anon_bytes: int
    memcg: bool


def parse(record: bytes) -> Chosen | Killed | None:
    """One record; None for all others. The name is the process's own choice: what follows it is read from the end."""
    head, separator, message = record.partition(b";")
    if not separator or _facility(head):
        return None
    text = procfs.text(message.partition(b"\n")[0])
    if "oom-kill:" in text and (match := _CHOSEN.search(text)):
        return Chosen(int(match["pid"]), match["comm"], match["group"], match["limit"])
    if "Killed process" in text and (match := _KILLED.search(text)):
        memcg = match["memcg"].startswith("Memory cgroup")
        return Killed(int(match["pid"]), match["comm"], int(match["anon"]) * 1024, memcg)
    return None


def _facility(head: bytes) -> int:
    try:
        return int(head.partition(b",")[0]) >> 3
    except ValueError:
        return 1


class Log:
    """What is written from now on. Raises `OSError`: `EPERM` where the log is restricted, `ENOENT` without a device."""

    def __init__(self, path: str = PATH) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.lseek(self._fd, 0, os.SEEK_END)
        except OSError:
            os.close(self._fd)
            raise

    def fileno(self) -> int:
        return self._fd

    def read(self, most: int) -> list[Chosen | Killed]:
        """What at most `most` waiting records say of memory, in order. What was overwritten meanwhile is lost."""
        found: list[Chosen | Killed] = []
        for _ in range(most):
            try:
                record = os.read(self._fd, _RECORD)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in (errno.EPIPE, errno.EINVAL):  # overwritten; longer than we read
                    continue
                raise
            if not record:
                break
            if (said := parse(record)) is not None:
                found.append(said)
        return found

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
