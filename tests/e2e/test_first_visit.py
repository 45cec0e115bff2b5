"""The first minutes: hints that go when their thing was done, keys that are never lost, a telephone in the hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import browsing
from tests.support.stack import ROOT, Stack
from tests.support.visitor import Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")


@pytest.fixture
def page(browser: Browser, stack: Stack, visitor: Visitor) -> Iterator[Page]:
    page = browsing.person(browser, stack)
    yield page
    page.context.close()
    clear(visitor)


@pytest.fixture
def telephone(browser: Browser, stack: Stack, visitor: Visitor) -> Iterator[Page]:
    page = browsing.person(browser, stack, width=400)
    yield page
    page.context.close()
    clear(visitor)


def clear(visitor: Visitor) -> None:
    for one in visitor.call("GET", "/containers").body:
        visitor.call("DELETE", f"/containers/{one['id']}")


def test_each_hint_goes_when_its_thing_was_done_and_none_comes_back(page: Page) -> None:
    browsing.launch(page)
    hint = page.locator(".hint")
    expect(hint).to_have_attribute("data-step", "0")
    browsing.enter(page, "ps", "PID")
    expect(hint).to_have_attribute("data-step", "1")
    hint.get_by_role("button", name="Next").click()
    expect(hint).to_have_attribute("data-step", "2")
    page.locator("[role=row][data-side=host][data-key]").last.hover()
    expect(hint).to_have_count(0)
    page.reload()
    browsing.prompt(page)
    expect(hint).to_have_count(0)


def test_a_hint_covers_no_button(page: Page) -> None:
    browsing.launch(page)
    page.locator(".terminal textarea").first.focus()
    page.keyboard.press("Control+d")  # ends the shell, and no line was entered
    again = page.get_by_role("button", name="Start again").first
    expect(again).to_be_visible(timeout=5_000)
    again.click(timeout=2_000)
    browsing.prompt(page)
    expect(page.locator(".hint")).to_have_attribute("data-step", "0")
    page.locator(".hint").get_by_role("button", name="No more hints").click()
    expect(page.locator(".hint")).to_have_count(0)


def test_what_is_typed_before_the_shell_is_there_is_not_lost(page: Page) -> None:
    page.locator(".image-card", has_text="busybox").first.click()
    page.wait_for_url("**/playground/c/*")
    page.locator(".tabs").wait_for()
    page.keyboard.type("echo early-$((20+3))\n")
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text("early-23", timeout=15_000)
    page.get_by_role("button", name="New terminal").click()
    page.keyboard.type("echo second-$((20+4))\n")
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text("second-24", timeout=15_000)


def test_a_page_whose_words_did_not_come_says_so(page: Page) -> None:
    page.route("**/assets/english-*.js", lambda route: route.abort())
    page.reload()
    again = page.get_by_role("button", name="Load again")
    expect(again).to_be_visible()
    page.unroute("**/assets/english-*.js")
    again.click()
    expect(page.locator(".image-card").first).to_be_visible()


def test_a_telephone_has_the_keys_its_own_keyboard_lacks(telephone: Page) -> None:
    page = telephone
    browsing.launch(page)
    rows = page.locator(".terminal .xterm-rows").first
    browsing.enter(page, "echo first-$((40+2))", "first-42")
    page.locator(".touch-keys").get_by_role("button", name="Arrow up").tap()
    page.keyboard.press("Enter")
    expect(rows.get_by_text("first-42", exact=True)).to_have_count(2)
    page.keyboard.type("sleep 4000")
    page.keyboard.press("Enter")
    page.locator(".touch-keys").get_by_role("button", name="Ctrl", exact=True).tap()
    page.locator(".terminal textarea").first.focus()
    page.keyboard.press("c")
    browsing.enter(page, "echo free-$((40+3))", "free-43")
    page.keyboard.type("ls /pro")
    page.locator(".touch-keys").get_by_role("button", name="Tab", exact=True).tap()
    expect(rows).to_contain_text("ls /proc")


def test_a_telephone_reaches_help_theme_and_language(telephone: Page) -> None:
    page = telephone
    browsing.launch(page)
    tools = page.locator(".header-tools button").first
    tools.tap()
    page.get_by_role("menuitemradio", name="Dark").tap()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    tools.tap()
    page.get_by_role("menuitem", name="Help").tap()
    expect(page.get_by_role("dialog")).to_contain_text("solid edge")
    page.keyboard.press("Escape")
    tools.tap()
    page.get_by_role("menuitemradio", name="简体中文").tap()
    expect(page.locator(".switcher")).to_contain_text("透视")


def test_a_container_its_host_lost_is_called_lost_and_can_be_forgotten(page: Page, stack: Stack) -> None:
    ident = browsing.launch(page)
    call = [sys.executable, "-m", "runtime", "call", "delete", f"id={ident}"]
    subprocess.run(call, cwd=ROOT, env=stack.environ, check=True, capture_output=True, timeout=30)
    expect(page.locator(".header .state")).to_have_attribute("data-state", "lost")
    expect(page.locator(".notice")).to_contain_text("This container is lost")
    page.get_by_role("button", name="Remove the name too").click()
    page.wait_for_url("**/playground")
    expect(page.locator(".container-row")).to_have_count(0)
