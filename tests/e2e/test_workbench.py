"""One click to a prompt, and beside it the same container from the host: what a student does in the first minutes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import browsing
from tests.support.stack import Stack
from tests.support.visitor import Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")


@pytest.fixture
def page(browser: Browser, stack: Stack, visitor: Visitor) -> Iterator[Page]:
    page = browsing.person(browser, stack)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.context.close()
    for one in visitor.call("GET", "/containers").body:
        visitor.call("DELETE", f"/containers/{one['id']}")
    assert errors == []


def kind_row(page: Page, kind: str) -> Locator:
    return page.locator(".ns-table tbody tr", has=page.locator("th code", has_text=re.compile(f"^{kind}$")))


def test_one_click_gives_a_prompt_beside_both_process_numbers(page: Page, visitor: Visitor) -> None:
    ident = browsing.launch(page)
    container = visitor.call("GET", f"/containers/{ident}").body
    inside = page.locator('[role=row][data-side=container][aria-level="1"]').first
    expect(inside.get_by_role("gridcell").first).to_have_text("1")
    key = inside.get_attribute("data-key")
    assert key == str(container["pid"])
    expect(page.locator(f'[role=row][data-side=host][data-key="{key}"]')).to_contain_text(str(container["pid"]))


def test_the_matrix_shows_what_readlink_prints_inside(page: Page) -> None:
    browsing.launch(page)
    browsing.enter(page, "ls -l /proc/self/ns | grep -o '[a-z]*:.[0-9]*.$'; echo DO''NE", "DONE")
    printed = set(re.findall(r"(\w+:\[\d+\])", browsing.screen(page)))
    for kind in ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup"):
        cell = kind_row(page, kind)
        shown = cell.locator("td").first.inner_text()
        found = re.search(r"\w+:\[\d+\]", shown)
        assert found, shown
        assert found[0] in printed, (kind, shown, printed)
        expect(cell).to_have_class(re.compile("own"))


def test_a_child_is_seen_on_both_sides_and_goes_again(page: Page) -> None:
    browsing.launch(page)
    browsing.enter(page, "sleep 4321 &", "#")
    for side in ("container", "host"):
        expect(page.locator(f"[role=row][data-side={side}]", has_text="sleep 4321")).to_be_visible(timeout=5_000)
    row = page.locator("[role=row][data-side=container]", has_text="sleep 4321")
    row.hover()
    twin = page.locator(f'[role=row][data-side=host][data-key="{row.get_attribute("data-key")}"]')
    expect(twin).to_have_attribute("data-hot", "true")
    browsing.enter(page, "kill %1", "#")
    expect(page.locator("[role=row][data-side=host]:not(.ended)", has_text="sleep 4321")).to_have_count(
        0, timeout=5_000
    )


def test_a_written_file_appears_in_the_upper_layer(page: Page) -> None:
    browsing.launch(page)
    browsing.enter(page, "echo hi > /root/hello-glass", "#")
    expect(page.get_by_text("/root/hello-glass").first).to_be_visible(timeout=5_000)


def test_a_figure_tells_where_it_comes_from(page: Page) -> None:
    browsing.launch(page)
    kind_row(page, "uts").locator("button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("/ns/uts")
    expect(dialog).to_contain_text("readlink")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_reload_finds_the_shell_where_it_was(page: Page) -> None:
    browsing.launch(page)
    browsing.enter(page, "keep=glass-$((40+2)); echo $keep", "glass-42")
    page.reload()
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text("glass-42", timeout=10_000)
    browsing.enter(page, "echo again-$keep", "again-glass-42")


def test_a_second_terminal_opens_and_closes(page: Page) -> None:
    browsing.launch(page)
    page.get_by_role("button", name="New terminal").click()
    expect(page.get_by_role("tab")).to_have_count(2)
    browsing.prompt(page)
    browsing.enter(page, "echo second-$((1+1))", "second-2")
    page.locator(".tab-close").click()  # nothing runs in it: nothing is asked
    expect(page.get_by_role("tab")).to_have_count(1)


def test_a_stopped_container_says_so_and_starts_again(page: Page, visitor: Visitor) -> None:
    ident = browsing.launch(page)
    browsing.enter(page, "exit 3", "")
    again = page.get_by_role("button", name="Start again").first
    expect(again).to_be_visible(timeout=5_000)
    assert visitor.call("GET", f"/containers/{ident}").body["exit"]["code"] == 3
    again.click()
    expect(again).to_have_count(0, timeout=10_000)
    browsing.enter(page, "echo back-$((6*7))", "back-42")


def test_it_works_by_keyboard_alone(page: Page) -> None:
    card = page.locator(".image-card", has_text="busybox").first
    for _ in range(30):
        page.keyboard.press("Tab")
        if card.evaluate("element => element === document.activeElement"):
            break
    else:
        pytest.fail("Tab never reached the image")
    page.keyboard.press("Enter")
    page.wait_for_url("**/playground/c/*")
    browsing.prompt(page)
    page.keyboard.type("echo by-keys-$((3+4))")
    page.keyboard.press("Enter")
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text("by-keys-7")
