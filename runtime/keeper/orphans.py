"""Reaping: every orphan below the keeper, and how each ended."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from dataclasses import dataclass

KEPT = 4096


@dataclass(frozen=True)
class Exited:
    """`status` as wait(2) gives it; (pid, starttime) names the process for as long as the machine is up."""

    pid: int
    starttime: int
    status: int
    at: float

    def wire(self) -> list[int | float]:
        return [self.pid, self.starttime, self.status, self.at]


class Exits:
    """The last 4096 deaths, oldest forgotten first."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[tuple[int, int], Exited] = OrderedDict()

    def reap(self) -> list[Exited]:
        """Reap all that is dead now; an empty list when nothing is. A zombie's start time is read before it goes."""
        found: list[Exited] = []
        while True:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return found
            if info is None:
                return found
            begun = starttime(info.si_pid) or 0
            _, status = os.waitpid(info.si_pid, 0)
            found.append(self.add(Exited(info.si_pid, begun, status, time.time())))

    def add(self, exited: Exited) -> Exited:
        self._by_name[exited.pid, exited.starttime] = exited
        while len(self._by_name) > KEPT:
            self._by_name.popitem(last=False)
        return exited

    def all(self) -> list[Exited]:
        return list(self._by_name.values())


def starttime(pid: int) -> int | None:
    """Clock ticks since boot at which `pid` began (field 22 of proc_pid_stat(5)), None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None
