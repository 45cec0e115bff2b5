"""Figures and their table: medians, tails, and ratios within one run, for machines are noisy and shared."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field


def percentile(samples: list[float], share: float) -> float:
    """Nearest-rank percentile; `share` in 0…1. Raises `ValueError` without samples."""
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass
class Row:
    """One line: ours, the budget, and what was measured beside it in the same run."""

    what: str
    ours: str
    budget: str = ""
    beside: list[str] = field(default_factory=list)
    kept: bool | None = None  # None: the budget is not one of a single run


Measure = Callable[[], list[Row]]


def milliseconds(samples: list[float], *, tail: float = 0.95) -> str:
    """`p50 41.2 ms, p95 60.3 ms (n=30)` of samples in seconds."""
    middle, end = percentile(samples, 0.5) * 1000, percentile(samples, tail) * 1000
    return f"p50 {middle:.1f} ms, p{tail * 100:.0f} {end:.1f} ms (n={len(samples)})"


def table(rows: list[Row]) -> str:
    lines = ["| what | ours | budget | beside it, same run |", "|---|---|---|---|"]
    for row in rows:
        sign = {True: " ✓", False: " ✗", None: ""}[row.kept]
        lines.append(f"| {row.what} | {row.ours} | {row.budget}{sign} | {'; '.join(row.beside) or '–'} |")
    return "\n".join(lines)
