"""The leak guard: after a test there is no descriptor, child, mount, cgroup, task or thread that was not there before.

What went meanwhile (a thread of an earlier suite that took its time) is no leak.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator

from runtime.kernel import mounts
from runtime.kernel.cgroups import detect
from runtime.kernel.files import read_text


def _descriptors() -> Counter[str]:
    """What this process has open, by kind: numbers of pipes and sockets differ from one to the next."""
    found: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found[re.sub(r"\d+", "N", os.readlink(f"/proc/self/fd/{name}"))] += 1
    return found


def _children() -> set[int]:
    found: set[int] = set()
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended since
            found.update(int(word) for word in read_text(f"/proc/self/task/{task}/children").split())
    return found


def _tasks() -> set[str]:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return set()
    current = asyncio.current_task()  # a fixture is set up in one task and taken down in another
    return {task.get_name() for task in asyncio.all_tasks(loop) if task is not current}


def _census(name: str) -> dict[str, Counter[str]]:
    hierarchies = detect()
    return {
        "descriptors": _descriptors(),
        "children": Counter(str(child) for child in _children()),
        "mounts": Counter(point for point in mounts.points() if f"/{name}/" in point),
        "cgroups": Counter(str(group) for group in hierarchies.children(name)),
        "tasks": Counter(_tasks()),
        "threads": Counter(one.name for one in threading.enumerate() if not one.name.startswith("asyncio_")),
    }


def _new(before: dict[str, Counter[str]], name: str) -> dict[str, Counter[str]]:
    return {what: left for what, there in _census(name).items() if (left := there - before[what])}


@contextlib.contextmanager
def none(name: str) -> Iterator[None]:
    """Assert that the block leaves nothing: in this process, and on the host under the instance's name."""
    before = _census(name)
    yield
    deadline = time.monotonic() + 5
    while (left := _new(before, name)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == {}, f"left behind: {left}"
