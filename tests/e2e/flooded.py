"""A page under a flood of output: how many bytes it was sent, and what came between Ctrl-C and the prompt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Page

HOOK = """
(() => {
    const flood = window.flood = { bytes: 0, since: null, after: 0, tail: '', stopped: [] };
    const decoder = new TextDecoder();
    const heard = ({ data }) => {
        if (new Uint8Array(data, 0, 1)[0] !== 0x82) return;
        flood.bytes += data.byteLength - 9;
        if (flood.since === null) return;
        flood.after += data.byteLength - 9;
        flood.tail = (flood.tail + decoder.decode(data.slice(Math.max(9, data.byteLength - 300)))).slice(-400);
        if (!/\\^C[^]*# /.test(flood.tail)) return;
        flood.stopped.push({ ms: performance.now() - flood.since, bytes: flood.after });
        flood.since = null;
    };
    window.WebSocket = class extends WebSocket {
        constructor(...asked) {
            super(...asked);
            if (String(asked[0]).includes('/ws/terminal/')) this.addEventListener('message', heard);
        }
    };
    addEventListener('keydown', event => {
        if (!event.ctrlKey || event.key !== 'c') return;
        flood.since = performance.now();
        flood.after = 0;
        flood.tail = '';
    }, true);
})();
"""


@dataclass(frozen=True)
class Stopped:
    """From Ctrl-C in the page to the prompt at the socket's `onmessage`: milliseconds, and bytes of output."""

    ms: float
    bytes: int


class Flood:
    """`HOOK` must have been added to `page` before it was loaded."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable")

    def stop_after(self, amount: int, *, seconds: float, watched: Callable[[], None] = lambda: None) -> Stopped:
        """Type `yes`, let `amount` bytes come, press Ctrl-C; `watched` is called four times a second meanwhile."""
        page = self._page
        begun = self._read("bytes")
        page.locator(".terminal textarea").first.focus()
        page.keyboard.type("yes\n")
        waited = 0.0
        while self._read("bytes") - begun < amount:
            assert waited < seconds, f"{self._read('bytes') - begun} of {amount} bytes came in {seconds} s"
            page.wait_for_timeout(250)
            waited += 0.25
            watched()
        times, waited = len(self._read("stopped")), 0.0
        page.keyboard.press("Control+c")
        while len(self._read("stopped")) == times:  # a page's policy lets nobody evaluate in a loop of its own
            assert waited < 60, "no prompt came after Ctrl-C"
            page.wait_for_timeout(250)
            waited += 0.25
        return Stopped(**self._read("stopped")[-1])

    def heap(self) -> int:
        """Bytes of JavaScript's heap that are in use, after a collection."""
        self._cdp.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in self._cdp.send("Performance.getMetrics")["metrics"]}
        return int(metrics["JSHeapUsedSize"])

    def _read(self, name: str) -> Any:
        return self._page.evaluate(f"window.flood.{name}")
