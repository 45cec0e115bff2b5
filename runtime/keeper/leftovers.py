"""The last broom: what still lives in this instance's cgroups when the worker is gone.

The worker stops its containers in order; this is for a worker that could not. Cgroups are found by the instance's
name alone, in every hierarchy.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from runtime.kernel import mountinfo


def cgroups(name: str) -> list[Path]:
    """Every cgroup directory of the instance `name`, deepest first."""
    found: list[Path] = []
    for root in _hierarchies():
        for directory, _, _ in os.walk(root / name, topdown=False):
            found.append(Path(directory))
    return found


def kill(name: str) -> list[int]:
    """SIGKILL everything in them; the pids that were alive."""
    pids: set[int] = set()
    for directory in cgroups(name):
        with contextlib.suppress(OSError):
            pids.update(int(pid) for pid in (directory / "cgroup.procs").read_text().split())
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _thaw(name)
    return sorted(pids)


def remove(name: str) -> None:
    """Remove the directories that are empty by now."""
    for directory in cgroups(name):
        with contextlib.suppress(OSError):
            directory.rmdir()


def _thaw(name: str) -> None:
    """A frozen process of cgroup v1 does not die before it is thawed."""
    for directory in cgroups(name):
        with contextlib.suppress(OSError), open(directory / "freezer.state", "r+b", buffering=0) as state:
            state.write(b"THAWED")


def _hierarchies() -> list[Path]:
    return [Path(mount.point) for mount in mountinfo.own() if mount.fstype in ("cgroup", "cgroup2")]
