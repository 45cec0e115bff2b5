"""A cgroup's CPU counters read from its files, many times a second, beside whoever else reads them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PACE = 0.02
"""Seconds: five looks in each of the scheduler's periods, so that none is missed."""


@dataclass(frozen=True)
class Sampled:
    """`at`: seconds of the monotonic clock; `periods` and `held`: `nr_periods` and `nr_throttled`."""

    at: float
    usage_usec: float
    periods: int
    held: int


class Counters:
    """`paths`: controller → directory on the host."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._cpu = Path(paths["cpu"]) / "cpu.stat"
        self._usage = Path(paths.get("cpuacct", paths["cpu"])) / "cpuacct.usage"

    def read(self) -> Sampled:
        found = {key: int(value) for key, value in map(str.split, self._cpu.read_text().splitlines())}
        at = time.monotonic()
        usage = found["usage_usec"] if "usage_usec" in found else int(self._usage.read_text()) / 1000
        return Sampled(at, usage, found["nr_periods"], found["nr_throttled"])

    @contextmanager
    def reading(self) -> Iterator[list[Sampled]]:
        """Reads in a thread of its own until the end; the list grows meanwhile."""
        samples: list[Sampled] = []
        over = threading.Event()

        def read() -> None:
            while not over.wait(PACE):
                samples.append(self.read())

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield samples
        finally:
            over.set()
            reader.join()
