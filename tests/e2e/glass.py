"""A container of one's own on its page: what is typed into it, what the page shows of it and when."""

from __future__ import annotations

import itertools
import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e import browsing
from tests.support.stack import Stack, rest

WAIT = 10_000
"""Milliseconds for what must come, however busy the machine is. What must come quickly is measured."""

# Looks with every frame, and notes when each was there first: milliseconds of the page's own clock.
STOPWATCH = """wanted => {
  const seen = (window.stopwatch = {});
  const look = () => {
    for (const [name, [selector, text]] of Object.entries(wanted)) {
      if (name in seen) continue;
      const all = [...document.querySelectorAll(selector)];
      if (all.some(one => one.textContent.replaceAll('\\u00a0', ' ').includes(text))) seen[name] = performance.now();
    }
    if (Object.keys(seen).length < Object.keys(wanted).length) requestAnimationFrame(look);
  };
  look();
}"""


class Glass:
    """`container` is as REST told it at its birth."""

    def __init__(self, page: Page, stack: Stack, token: str, container: dict[str, Any]) -> None:
        self.page = page
        self.stack = stack
        self.container = container
        self.id = str(container["id"])
        self.errors: list[str] = []
        self._token = token
        self._marks = itertools.count(70_001)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(dialog.message))

    def open(self) -> None:
        page = self.page
        page.add_init_script("localStorage.setItem('terrarium.tour', '3')")
        page.goto(f"{self.stack.url}/playground/c/{self.id}")
        browsing.prompt(page)
        expect(page.locator(".freshness")).to_have_attribute("data-status", "live", timeout=WAIT)

    # -- the terminal --------------------------------------------------------------------------------------------------

    def type(self, text: str) -> None:
        """At the prompt, and Enter."""
        self.page.locator(".terminal textarea").first.focus()
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def marked(self, command: str) -> tuple[str, str]:
        """The command with an end mark behind it, and the mark as it will be printed: it is echoed apart."""
        number = next(self._marks)
        return f"{command}; echo EN''D{number}", f"END{number}"

    def run(self, command: str) -> None:
        """Type a command and wait for its end."""
        line, mark = self.marked(command)
        browsing.enter(self.page, line, mark)

    def timed(self, command: str, **wanted: tuple[str, str]) -> dict[str, float]:
        """Type a command; seconds from its end mark on the screen to each `(selector, text)`, as the page saw them."""
        line, mark = self.marked(command)
        self.page.evaluate(STOPWATCH, {"end": (".terminal .xterm-rows", mark), **wanted})
        self.type(line)
        done = "n => Object.keys(window.stopwatch).length === n"
        try:
            self.page.wait_for_function(done, arg=len(wanted) + 1, timeout=WAIT)
        finally:
            seen: dict[str, float] = self.page.evaluate("window.stopwatch")
            missing = {name: wanted[name] for name in wanted if name not in seen}
            assert not missing, f"{command!r}: never shown: {missing}"
        return {name: (seen[name] - seen["end"]) / 1000 for name in wanted}

    # -- the X-ray -----------------------------------------------------------------------------------------------------

    def panel(self, name: str) -> Locator:
        return self.page.locator(f"[data-panel={name}]")

    def show(self, name: str) -> Locator:
        """Open a panel by its name in the row at the top."""
        self.page.locator(f".strip-tab[data-name={name}]").click()
        expect(self.panel(name).locator(".panel-body")).to_be_visible()
        return self.panel(name)

    def list_events(self) -> Locator:
        """Open "What happened"; its entries, newest first."""
        button = self.page.locator(".tl-list")
        if button.get_attribute("aria-expanded") != "true":
            button.click()
        return self.page.locator(".happened-list li")

    # -- over REST -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        answer = rest(self.stack, self._token, "GET", f"/containers/{self.id}/snapshot")
        assert answer.status == 200, answer.body
        return dict(answer.body)

    def limits(self) -> dict[str, Any]:
        return dict(rest(self.stack, self._token, "GET", f"/containers/{self.id}").body["limits"])

    def told(self, kind: str, **members: object) -> dict[str, Any]:
        """The first event of this kind with these members, from the stream, which begins with what is remembered."""
        with events(self.stack, self._token, self.id) as stream:
            for event in stream:
                if event["kind"] == kind and holds(event, members):
                    return event
        raise AssertionError(f"the stream ended before {kind} {members}")


def holds(event: Mapping[str, object], members: Mapping[str, object]) -> bool:
    return all(event.get(name) == value for name, value in members.items())


@contextmanager
def events(stack: Stack, token: str, container: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The server-sent events of a container. A silence of ten seconds raises `TimeoutError`."""
    request = urllib.request.Request(  # noqa: S310 - loopback, our own server
        f"{stack.url}/api/v1/containers/{container}/events", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=WAIT / 1000) as answer:  # noqa: S310
        lines = (line.decode().rstrip("\n") for line in answer)
        yield (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {"))
