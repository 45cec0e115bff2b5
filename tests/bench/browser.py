"""A flood in a real page: how fast Chromium takes it, what Ctrl-C costs at the socket, and whether the page grows."""

from __future__ import annotations

import os

from tests.bench.figures import Row, percentile
from tests.e2e import browsing
from tests.e2e.flooded import HOOK, Flood
from tests.support.stack import Stack

AMOUNT = int(os.environ.get("TERRARIUM_BENCH_PAGE_FLOOD", 1 << 30))  # bytes of `yes` before the Ctrl-C that counts
ROUNDS = 10
SHORT = 8 << 20
PATIENCE = 900.0  # seconds for the whole amount


def measure(stack: Stack) -> list[Row]:
    with browsing.chromium() as browser:
        page = browsing.person(browser, stack)
        page.add_init_script(HOOK)
        browsing.launch(page, "debian")
        flood = Flood(page)
        short = [flood.stop_after(SHORT, seconds=PATIENCE) for _ in range(ROUNDS)]
        before, since = flood.heap(), page.evaluate("performance.now()")
        last = flood.stop_after(AMOUNT, seconds=PATIENCE)
        spent = (page.evaluate("performance.now()") - since) / 1000
        grown = (flood.heap() - before) / 1e6
        page.context.close()
    times = [one.ms for one in (*short, last)]
    worst = percentile(times, 0.99)
    return [
        Row(f"Ctrl-C in Chromium under `yes`, at onmessage (n={len(times)})",
            f"p50 {percentile(times, 0.5):.0f} ms, p99 {worst:.0f} ms", "≤ 100 ms",
            [f"after {AMOUNT / 1e6:.0f} MB {last.ms:.0f} ms, {last.bytes} bytes between"], worst <= 100),
        Row("output taken by Chromium", f"{AMOUNT / spent / 1e6:.1f} MB/s", "", [], None),
        Row(f"page's heap over {AMOUNT / 1e6:.0f} MB", f"{grown:+.1f} MB", "flat", [], grown < 5),
    ]  # fmt: skip
