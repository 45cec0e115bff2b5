"""A real Chromium on the running instance, driven as a person would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support import features
from tests.support.stack import ROOT, Stack

ARTIFACTS = ROOT / "tests/artifacts"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    "--disable-3d-apis",  # the terminal then draws its text as text, which can be read back
]
Theme = Literal["light", "dark"]
_sessions: dict[tuple[str, str | None], Any] = {}


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=features.chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def person(
    browser: Browser,
    stack: Stack,
    *,
    width: int = 1280,
    theme: Theme = "light",
    lang: str = "en",
    user: str | None = None,
) -> Page:
    """A page of someone who is logged in and stands before the list of images.

    The first page of a person opens a one-use address; the later ones have the same session.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 800 if width > 700 else 860},
        color_scheme=theme,
        locale="zh-CN" if lang == "zh-hans" else "en-GB",
        has_touch=width < 700,
    )
    page = context.new_page()
    known = _sessions.get((stack.url, user))
    if known is None:
        page.goto(stack.url + stack.login(user))
        _sessions[stack.url, user] = context.storage_state()["cookies"]
    else:
        context.add_cookies(known)
        page.goto(f"{stack.url}/playground")
    page.wait_for_url("**/playground")
    return page


def launch(page: Page, image: str = "busybox") -> str:
    """One click on an image; the container's id once its prompt is there."""
    page.locator(".image-card", has_text=image).first.click()
    page.wait_for_url("**/playground/c/*")
    prompt(page)
    return page.url.rsplit("/", 1)[1]


def screen(page: Page) -> str:
    """What the visible terminal shows."""
    return page.locator(".terminal .xterm-rows").first.inner_text().replace("\xa0", " ")


def prompt(page: Page) -> None:
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text("#", timeout=15_000)


def enter(page: Page, command: str, wanted: str) -> None:
    """Type a command into the terminal in front, and wait for what it prints."""
    page.locator(".terminal textarea").first.focus()
    page.keyboard.type(command)
    page.keyboard.press("Enter")
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text(wanted, timeout=15_000)


def picture(page: Page, name: str) -> Path:
    """A screenshot among the artifacts."""
    ARTIFACTS.mkdir(exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    page.screenshot(path=path)
    return path
