"""What it costs to watch: a hundred quiet containers at 1 Hz, and the patch after one fork.

No runtime is needed: a sleeping process in real cgroups with an upper of its own is all that a sampler meets of a
quiet container. The sampler runs alone in this process, so the process's own clock is its cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import Code, Fault
from runtime.kernel import procfs
from runtime.kernel.files import write_text
from runtime.kernel.target import Target
from runtime.probes import delta, snapshot
from runtime.protocol import messages
from runtime.server.happenings import Happenings
from runtime.server.observers import observers
from runtime.server.sampler import Sampler
from tests.bench.figures import Row
from tests.support.parked import group
from tests.support.proc_tree import container

CONTAINERS = 100
SECONDS = 10.0
BUDGET_PERCENT = 2.0
BUDGET_PATCH = 1024


@dataclass(frozen=True)
class Cost:
    """`percent` of one core; `frames` and `bytes` a second to all watchers; `fork_bytes`: patches after one fork."""

    percent: float
    frames: float
    bytes: float
    pass_usec: float
    fork_bytes: list[int]


def measure() -> list[Row]:
    """The two rows of the budget."""
    cost = asyncio.run(_cost())
    patch = statistics.median(cost.fork_bytes)
    return [
        Row(
            f"sampler, {CONTAINERS} idle containers watched at 1 Hz",
            f"{cost.percent:.2f} % of a core",
            f"≤ {BUDGET_PERCENT:g} %",
            [f"{cost.pass_usec:.0f} µs a pass", f"{cost.frames:.0f} frames and {cost.bytes / 1024:.0f} KiB a second"],
            cost.percent <= BUDGET_PERCENT,
        ),
        Row(
            "patch after one fork",
            f"{patch:.0f} bytes (n={len(cost.fork_bytes)})",
            f"≤ {BUDGET_PATCH} bytes",
            [],
            patch <= BUDGET_PATCH,
        ),
    ]


async def _cost() -> Cost:
    _raise_descriptors()
    with ExitStack() as stack:
        targets = {f"c{number}": stack.enter_context(_idle(number)) for number in range(CONTAINERS)}

        def target(id: str) -> Target:
            if id not in targets:
                raise Fault(Code.NOT_FOUND, f"no container {id}")
            return targets[id]

        happenings = Happenings()
        looking = observers(happenings.tell, lambda id: sampler.poke(id))
        sampler = Sampler(target, happenings=happenings, observers=looking)
        seen = [0, 0]
        watchers = [asyncio.create_task(_watch(sampler, id, seen)) for id in targets]
        await asyncio.sleep(3)  # the first passes open files and walk uppers: they are launches, not watching
        seen[:] = [0, 0]
        wall, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(SECONDS)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        frames, size = seen
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        await sampler.close()
        forks = [_fork(target) for target in list(targets.values())[:20]]
    return Cost(100 * cpu / wall, frames / wall, size / wall, cpu / wall / CONTAINERS * 1e6, forks)


async def _watch(sampler: Sampler, id: str, seen: list[int]) -> None:
    async with aclosing(sampler.watch(id)) as frames:
        async for frame in frames:
            seen[0] += 1
            seen[1] += len(frame)


def _fork(target: Target) -> int:
    """Bytes of the frame after a process was born in the container."""
    host = snapshot.Host()
    camera = snapshot.Camera(host)
    before = camera.take(target)
    with _process() as pid:
        _enter(target.cgroup_paths, pid)
        patch = delta.between(before, camera.take(target))
    camera.close()
    host.close()
    return len(messages.encode(messages.Patched(seq=1, patch=patch)))


@contextlib.contextmanager
def _process() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "1000"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _idle(number: int) -> Iterator[Target]:
    name = f"terrarium-bench-{os.getpid()}"
    upper = tempfile.mkdtemp(prefix=f"{name}-", dir="/dev/shm")
    try:
        Path(upper, "etc").mkdir()
        Path(upper, "etc/motd").write_text("hello\n")
        with group(f"c{number}", name) as made, _process() as pid:
            _enter(made.paths, pid)
            yield Target(
                container=container(pid, id=f"c{number}"),
                pid=pid,
                starttime=procfs.Proc().stat(pid).starttime,
                keeper_pid=os.getpid(),
                cgroup_mode=made.mode,
                cgroup_paths=made.paths,
                lowerdir=["/"],
                upperdir=upper,
                workdir=upper,
                merged=upper,
            )
    finally:
        shutil.rmtree(upper)


def _enter(paths: dict[str, str], pid: int) -> None:
    for directory in dict.fromkeys(paths.values()):
        write_text(f"{directory}/cgroup.procs", str(pid))


def _raise_descriptors() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
