"""The leak guard: descriptors, children, mounts, cgroups and tasks are the same after a test as before it."""

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


def _census(name: str) -> dict[str, object]:
    hierarchies = detect()
    return {
        "descriptors": _descriptors(),
        "children": _children(),
        "mounts": [point for point in mounts.points() if f"/{name}/" in point],
        "cgroups": sorted(hierarchies.children(name)),
        "tasks": _tasks(),
        "threads": {thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_")},
    }


@contextlib.contextmanager
def none(name: str) -> Iterator[None]:
    """Assert that the block leaves nothing: in this process, and on the host under the instance's name."""
    before = _census(name)
    yield
    deadline = time.monotonic() + 5
    while (after := _census(name)) != before and time.monotonic() < deadline:
        time.sleep(0.01)
    for what, was in before.items():
        assert after[what] == was, f"{what} left behind"
