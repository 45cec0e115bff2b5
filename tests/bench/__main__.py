"""`./dev bench [--json] [PART …]`: the budgets, measured on an instance of its own. `PARTS` are all there are.

With `--json` one object on standard output: `rows`, and the terminal's figures by name where they were measured.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

from tests.bench import browser, launch, many, page, sampler, smooth, terminal
from tests.bench.figures import Measure, Row, table
from tests.support.stack import Stack
from tests.support.visitor import Visitor

PARTS = ("launch", "terminal", "browser", "many", "sampler", "page", "smooth")


def main(wanted: list[str]) -> int:
    as_json = "--json" in wanted
    wanted = [part for part in wanted if part != "--json"]
    unknown = set(wanted) - set(PARTS)
    if unknown:
        print(f"bench: no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    parts = wanted or list(PARTS)
    rows: list[Row] = []
    figures: terminal.Figures = {}
    print(f"bench: {os.cpu_count()} cores, {os.uname().release}; figures are of this run alone", file=sys.stderr)
    if "page" in parts:
        rows += page.measure()
    if "sampler" in parts:
        rows += sampler.measure()
    if "smooth" in parts:
        rows += smooth.measure()
    if {"launch", "terminal", "browser", "many"} & set(parts):
        stack = Stack("terrarium-bench")
        stack.up()
        try:
            visitor = Visitor(stack, stack.login_path)
            measures: dict[str, Measure] = {
                "launch": lambda: launch.measure(stack, visitor),
                "terminal": lambda: terminal.measure(stack, visitor, figures),
                "browser": lambda: browser.measure(stack),
                "many": lambda: many.measure(stack),
            }
            for name, run in measures.items():
                if name in parts:
                    print(f"bench: {name} …", file=sys.stderr)
                    rows += run()
        finally:
            stack.down()
    print(json.dumps(figures | {"rows": [asdict(row) for row in rows]}) if as_json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
