"""What the page weighs."""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.bench.figures import Row
from tests.support.stack import ROOT


def measure() -> list[Row]:
    scripts: list[Path] = sorted((ROOT / "playground/static/dist").rglob("*.js"))
    weight = sum(len(gzip.compress(path.read_bytes(), 9)) for path in scripts) / 1024
    return [
        Row(
            "script of the page, all of it, gzip",
            f"{weight:.0f} KB in {len(scripts)} files",
            "≤ 350 KB",
            [],
            weight <= 350,
        )
    ]
