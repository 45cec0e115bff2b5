"""A terminal recorded, replayed with the X-ray on the same clock, taken away, deleted."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import browsing
from tests.e2e.glass import WAIT, Glass
from tests.support.stack import Stack
from tests.support.visitor import Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

HOSTILE = r"\033]8;;http://127.0.0.1:1/\007link\033]8;;\007 <img src=x onerror=alert(1)><b>bold</b>\033]0;title\007\n"


@pytest.fixture(autouse=True)
def none_left(visitor: Visitor) -> Iterator[None]:
    yield
    for recording in visitor.call("GET", "/recordings").body["recordings"]:
        visitor.call("DELETE", f"/recordings/{recording['id']}")


def option(page: Page, name: str) -> None:
    page.get_by_role("button", name="Terminal options").click()
    page.get_by_role("menuitem", name=name).click()


def record(page: Page) -> Locator:
    """Begin; the sign that it goes on."""
    option(page, "Record this terminal")
    dialog = page.get_by_role("dialog", name="Record this terminal?")
    expect(dialog).to_contain_text("never kept")
    expect(dialog).to_contain_text("30 days")
    dialog.get_by_role("button", name="Start recording").click()
    sign = page.get_by_role("region", name="Recording")
    expect(sign).to_contain_text("REC", timeout=WAIT)
    return sign


def seek(page: Page, seconds: float) -> None:
    """Move the replay's bar, as a person's pointer does."""
    page.locator(".replay-bar input").evaluate(
        "(bar, to) => { bar.value = to; bar.dispatchEvent(new Event('input', {bubbles: true})); }", seconds
    )


def position(page: Page) -> float:
    return float(page.locator(".replay-bar input").input_value())


def screen(page: Page) -> Locator:
    return page.locator(".replay-screen pre")


def test_a_terminal_is_recorded_and_its_replay_moves_the_panels(glass: Callable[..., Glass], tmp_path: Path) -> None:
    opened = glass()
    page = opened.page
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Content Security" in line.text else None)
    sign = record(page)
    opened.run("echo a; echo fir''st")

    # While it goes on it can be replayed as far as it goes.
    option(page, "Recordings…")
    under_way = page.locator(".recording-row", has_text="Live")
    under_way.get_by_role("button", name=re.compile("^Play ")).click()
    expect(screen(page)).to_contain_text("first", timeout=WAIT)
    expect(page.get_by_role("button", name="Load what came since")).to_be_visible()
    page.get_by_role("button", name="Back to the terminal").click()

    before = time.time()
    opened.run("sleep 801 & true")
    row = page.locator("[role=row][data-side=container]:not(.ended)", has_text="sleep 801")
    expect(row).to_be_visible(timeout=WAIT)
    alive = time.time()
    opened.run("kill %1; wait")
    expect(row).to_have_count(0, timeout=WAIT)
    opened.run("echo la''st")
    sign.get_by_role("button", name="Stop recording").click()
    strip = page.locator(".term-strip", has_text="Recording saved.")
    expect(strip).to_be_visible(timeout=WAIT)
    expect(sign).to_have_count(0)

    strip.get_by_role("button", name="Play").click()
    replay = page.locator(".replay-over")
    expect(screen(page)).to_contain_text("first", timeout=WAIT)
    expect(screen(page)).to_contain_text("last", timeout=WAIT * 3)
    page.get_by_label("Skip pauses").uncheck()
    started = _recordings(page)[0]["started_at"]
    zero = _epoch(started)
    expect(page.locator(".freshness")).to_have_attribute("data-status", "paused")
    seek(page, alive - zero)
    expect(row).to_be_visible()
    expect(screen(page)).not_to_contain_text("last")
    seek(page, before - zero)
    expect(row).to_have_count(0)
    expect(screen(page)).to_contain_text("first")

    here = position(page)
    page.locator(".tl-line").press("ArrowRight")
    page.wait_for_function("at => Number(document.querySelector('.replay-bar input').value) > at", arg=here)
    page.get_by_role("button", name="Back to live").first.click()
    expect(page.locator(".freshness")).to_have_attribute("data-status", "live")
    expect(replay).to_contain_text("The X-ray is live")

    with page.expect_download() as download:
        replay.get_by_role("button", name="Download").click()
    assert re.fullmatch(r"[\w.-]+\.cast", download.value.suggested_filename)
    download.value.save_as(tmp_path / "it.cast")
    lines = (tmp_path / "it.cast").read_text().splitlines()
    header = json.loads(lines[0])
    assert (header["version"], header["term"]["type"]) == (3, "xterm-256color")
    events = [json.loads(line) for line in lines[1:]]
    assert {code for _, code, _ in events} <= {"o", "r", "m", "x"}
    assert "first" in "".join(text for _, code, text in events if code == "o")

    page.get_by_role("button", name="Back to the terminal").click()
    expect(page.locator(".freshness")).to_have_attribute("data-status", "live")
    option(page, "Recordings…")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".recording-row")).to_have_count(1)
    dialog.get_by_role("button", name=re.compile("^Delete ")).click()
    question = page.get_by_role("dialog", name="Delete this recording?")
    expect(question).to_contain_text("cannot be undone")
    question.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_contain_text("No recordings of this container yet")
    assert _recordings(page) == []
    assert refused == []


def test_a_recording_ends_with_its_terminal_and_outlives_its_container(
    glass: Callable[..., Glass], visitor: Visitor, stack: Stack
) -> None:
    opened = glass()
    page = opened.page
    page.locator("button[data-opens-terminal]").first.click()
    expect(page.get_by_role("tab")).to_have_count(2)
    browsing.prompt(page)
    record(page)
    opened.run(f"printf '{HOSTILE}'")
    opened.type("exit")
    over = page.locator(".term-strip", has_text="The recording ended with the terminal.")
    expect(over.get_by_role("button", name="Play")).to_be_visible(timeout=WAIT)
    assert visitor.call("DELETE", f"/containers/{opened.id}").status == 204

    page.goto(f"{stack.url}/playground/recordings")
    line = page.locator(".recording-row")
    expect(line).to_contain_text("(deleted)", timeout=WAIT)
    expect(line).to_contain_text("Ended with the terminal")
    expect(page.locator(".recordings-kept meter")).to_have_accessible_name(re.compile(r"of .* used"))
    line.get_by_role("link", name=re.compile("^Play ")).click()
    page.wait_for_url("**/playground/r/*")
    expect(screen(page)).to_contain_text("link <img src=x onerror=alert(1)><b>bold</b>", timeout=WAIT)
    assert page.locator(".replay-screen").evaluate("at => at.querySelectorAll('a, img, b, script').length") == 0


def test_one_that_is_gone_says_so(browser: Browser, stack: Stack) -> None:
    page = browsing.person(browser, stack)
    try:
        page.goto(f"{stack.url}/playground/r/{'0' * 24}")
        expect(page.get_by_text("There is no such recording")).to_be_visible(timeout=WAIT)
        page.goto(f"{stack.url}/playground/recordings")
        expect(page.get_by_text("No recordings yet")).to_be_visible(timeout=WAIT)
    finally:
        page.context.close()


def _recordings(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "fetch('/api/v1/recordings').then(answer => answer.json()).then(answer => answer.recordings)"
    )
    return found


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
