"""What many containers cost: memory of keeper and worker, the sampler, and what a thousand leave behind."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.figures import Row
from tests.bench.launch import identity, launch, remove
from tests.support import census
from tests.support.stack import Stack
from tests.support.usage import resident

IDLE = 40
CYCLES = int(os.environ.get("TERRARIUM_BENCH_CYCLES", "200"))


def idle_memory(stack: Stack) -> float:
    """MB of keeper and worker together for each idle container beyond the first ten."""
    pids = [stack.pid("keeper"), stack.pid("worker")]
    warm = [identity() for _ in range(10)]
    for ident in warm:
        launch(stack, ident)
    before = sum(map(resident, pids))
    idents = [identity() for _ in range(IDLE)]
    for ident in idents:
        launch(stack, ident)
    grown = sum(map(resident, pids)) - before
    for ident in warm + idents:
        remove(stack, ident)
    return grown / IDLE / 1e6


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def cycles(stack: Stack) -> dict[str, int]:
    """What is left after `CYCLES` launches and deletes, eight at a time: differences in counts."""
    pids = {name: stack.pid(name) for name in ("keeper", "worker")}

    def count() -> dict[str, int]:
        found = {f"{name} fds": descriptors(pid) for name, pid in pids.items()}
        found["cgroups"] = len(census.cgroups(stack.name))
        mounts = Path(f"/proc/{pids['keeper']}/mountinfo").read_text()
        found["mounts"] = mounts.count("\n")
        found["directories"] = sum(1 for _ in (stack.state_dir / "containers").iterdir())
        return found

    def once(_: int) -> None:
        ident = identity()
        launch(stack, ident)
        remove(stack, ident)

    once(0)
    before = count()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(once, range(CYCLES)))
    after = count()
    return {name: after[name] - before[name] for name in before}


def measure(stack: Stack) -> list[Row]:
    memory, left = idle_memory(stack), cycles(stack)
    return [
        Row("memory of an idle container in keeper + worker", f"{memory:.2f} MB", "≤ 1 MB", [], memory <= 1),
        Row(f"left after {CYCLES} create/delete cycles",
            ", ".join(f"{name} {value:+d}" for name, value in left.items()), "nothing", [],
            all(value <= 0 for value in left.values())),
    ]  # fmt: skip
