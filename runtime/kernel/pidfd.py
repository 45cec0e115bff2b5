"""Processes by identity: a pid is reused, a pid with its start time is not (pidfd_open(2), proc(5))."""

from __future__ import annotations

import contextlib
import os
import select
import signal

from runtime.kernel.files import read_text


def starttime(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat, clock ticks since boot; None when there is no such process."""
    try:
        stat = read_text(f"/proc/{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat[stat.rindex(")") + 2 :].split()[19])


def alive(pid: int | None, since: int) -> bool:
    """Whether that very process is there and no zombie."""
    if not pid:
        return False
    try:
        stat = read_text(f"/proc/{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = stat[stat.rindex(")") + 2 :].split()
    return fields[0] not in "ZX" and (not since or int(fields[19]) == since)


def open_pidfd(pid: int, since: int = 0) -> int | None:
    """A pidfd of that very process, close-on-exec; None when it is gone. A zombie still has one."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if since and starttime(pid) != since:
        os.close(fd)
        return None
    return fd


def send(pid: int | None, since: int, *signals: int) -> bool:
    """Send signals to that very process. False: it is gone."""
    fd = open_pidfd(pid, since) if pid else None
    if fd is None:
        return False
    try:
        for number in signals:
            signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)
    return True


def ended(pidfd: int, seconds: float = 0) -> bool:
    """Whether the process has ended, waiting at most `seconds` in this thread; a pidfd is readable from then on."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def numbers() -> list[int]:
    """All pids of /proc."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def of_user_range(first: int, count: int) -> dict[int, list[int]]:
    """Host id → pids, of all processes with any user or group id in the range: the proof that a range is free is that
    there is none. A zombie with no thread left is dead and does not count.

    A process names itself, and in `Name:` the kernel escapes no line end but the line feed, while `str.splitlines`
    knows nine others.
    """
    found: dict[int, list[int]] = {}
    for pid in numbers():
        with contextlib.suppress(OSError):
            lines = read_text(f"/proc/{pid}/status").split("\n")
            fields = {key: value for key, _, value in (line.partition(":") for line in lines)}
            ids = {int(word) for key in ("Uid", "Gid") for word in fields[key].split()}
            dead = fields["State"].split()[0] in "ZX" and int(fields.get("Threads", "1")) <= 1
            if not dead:
                for id in ids:
                    if first <= id < first + count:
                        found.setdefault(id, []).append(pid)
    return found


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, from /proc/PID/task/*/children (proc(5))."""
    found = []
    queue = [pid]
    while queue:
        parent = queue.pop()
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{parent}/task"):
                children = [int(word) for word in read_text(f"/proc/{parent}/task/{task}/children").split()]
                found += children
                queue += children
    return found
