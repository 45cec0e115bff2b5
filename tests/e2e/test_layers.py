"""A write in the terminal arrives in the upper layer before one's eyes; any path tells where it comes from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import browsing
from tests.support.stack import Stack
from tests.support.visitor import Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

SOON = 1_000  # milliseconds after the command was typed
WAIT = 5_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, stack: Stack, visitor: Visitor) -> Iterator[Page]:
    page = browsing.person(browser, stack)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    browsing.launch(page)
    expect(page.locator("[data-panel=overlay] .ov-slab.lower").first).to_be_visible(timeout=WAIT)
    yield page
    page.context.close()
    for one in visitor.call("GET", "/containers").body:
        visitor.call("DELETE", f"/containers/{one['id']}")
    assert errors == []


def arrives(page: Page, command: str, deed: str, path: str) -> None:
    browsing.enter(page, command, "#")
    row = page.locator(f".ov-arrival.{deed}", has=page.get_by_role("button", name=path, exact=True))
    expect(row.first).to_be_visible(timeout=SOON)


def test_each_change_arrives_within_a_second_and_stays_in_the_layer(page: Page) -> None:
    arrives(page, "echo x >> /etc/profile", "copied_up", "/etc/profile")
    arrives(page, "rm /etc/group", "whiteout", "/etc/group")
    arrives(page, "rm -r /bin && mkdir /bin", "opaque", "/bin")
    arrives(page, "mkdir /one", "created", "/one")
    arrives(page, "mv /one /two", "renamed", "/two")
    for thing, word in (
        ("/etc/profile", "copied up"),
        ("/etc/group", "whiteout"),
        ("/bin", "opaque"),
        ("/two", "created"),
    ):
        row = page.locator(f'.ov-item[data-thing="file:{thing}"]')
        expect(row).to_contain_text(word, timeout=WAIT)


def test_a_deleted_path_tells_where_it_still_is(page: Page) -> None:
    browsing.enter(page, "rm /etc/group", "#")
    page.locator('.ov-item[data-thing="file:/etc/group"]').get_by_role("button").click(timeout=WAIT)
    expect(page.locator(".pv-verdict")).to_contain_text("Deleted", timeout=WAIT)
    expect(page.locator(".pv-layer.whiteout")).to_contain_text("upperdir")
    expect(page.locator(".pv-layer.hidden")).to_have_count(1)


def test_files_are_walked_with_the_keys_and_their_content_does_nothing(page: Page) -> None:
    name = "$'/a\\033[2J<b>'"
    browsing.enter(page, f"echo '<img src=x onerror=alert(1)>' > {name}", "#")
    page.locator(".fv > summary").click()
    first = page.locator(".fv-name").first
    expect(first).to_have_text("a\\x1b[2J<b>", timeout=WAIT)
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".fv-text")).to_have_text("<img src=x onerror=alert(1)>\n", timeout=WAIT)
    expect(page.locator(".fv-text img")).to_have_count(0)
    page.keyboard.press("Backspace")
    expect(page.locator(".fv-name:focus")).to_have_text("a\\x1b[2J<b>", timeout=WAIT)


def test_the_walls_are_read_and_the_profile_answers(page: Page) -> None:
    for name in ("mounts", "devices", "identity", "network"):
        page.locator(f".strip-tab[data-name={name}]").click()
    expect(page.locator(".dv-lesson")).to_contain_text("has no disk", timeout=WAIT)
    expect(page.locator(".id-caps")).to_contain_text("Held: 11 of 41")
    expect(page.locator(".nw-none")).to_contain_text("only lo")
    expect(page.locator(".mt-side.world-container .mt-path").first).to_have_text("/")
    page.locator(".sc > summary").click()
    page.get_by_label("Look up a system call").fill("mount")
    expect(page.locator(".sc-first")).to_have_text("mount → refused with EPERM", timeout=WAIT)
