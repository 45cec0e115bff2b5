"""Terminals as tabs and side by side, by mouse and keyboard; closing them; reloads inside full-screen programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import browsing
from tests.support.nested import until
from tests.support.stack import Stack
from tests.support.visitor import Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, stack: Stack, visitor: Visitor) -> Iterator[Open]:
    """Makes a container of an image and opens its page. In the end it is gone, and the page had no error."""
    pages: list[Page] = []
    errors: list[str] = []

    def open_one(image: str = "busybox", width: int = 1280) -> Page:
        page = browsing.person(browser, stack, width=width)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script("localStorage.setItem('terrarium.tour', '3')")
        pages.append(page)
        browsing.launch(page, image)
        return page

    yield open_one
    for page in pages:
        page.context.close()
    for one in visitor.call("GET", "/containers").body:
        visitor.call("DELETE", f"/containers/{one['id']}")
    assert errors == []


def panes(page: Page) -> Locator:
    return page.locator(".pane")


def rows(pane: Locator) -> Locator:
    return pane.locator(".xterm-rows")


def front(page: Page) -> Locator:
    return page.locator(".pane[data-front]")


def ready(page: Page) -> None:
    """The pane in front has a prompt, and the keys."""
    expect(rows(front(page))).to_contain_text("#", timeout=15_000)
    expect(front(page).locator("textarea")).to_be_focused()


def columns(pane: Locator) -> int:
    """What `stty size` prints in it."""
    pane.locator("textarea").focus()
    pane.page.keyboard.type("clear; stty size; echo do''ne\n")
    expect(rows(pane)).to_contain_text(re.compile(r"^\d+ \d+\s*done"), timeout=15_000)
    found = re.match(r"\d+ (\d+)", rows(pane).inner_text().replace("\xa0", " "))
    assert found
    return int(found[1])


def name_field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Name of the terminal")


def rename(page: Page, name: str, end: str = "Enter") -> None:
    """In the field that has opened."""
    expect(name_field(page)).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press(end)
    expect(name_field(page)).to_have_count(0)


def test_panes_by_mouse(opened: Open) -> None:
    page = opened()
    page.get_by_role("button", name="Split to the right").click()
    expect(panes(page)).to_have_count(2)
    ready(page)
    page.keyboard.type("echo on-the-right\n")
    left, right = panes(page).nth(0), panes(page).nth(1)
    expect(rows(right)).to_contain_text("on-the-right\n")
    expect(rows(left)).not_to_contain_text("on-the-right")

    before = columns(right)
    bar = page.get_by_role("separator", name="Size of the panes").bounding_box()
    assert bar
    page.mouse.move(bar["x"] + 4, bar["y"] + 50)
    page.mouse.down()
    page.mouse.move(bar["x"] - 120, bar["y"] + 60, steps=4)
    page.mouse.up()
    until(lambda: columns(right) > before + 10, "the wider pane's size")

    # A tab dropped on a pane's lower edge gets a pane of its own there.
    left.locator("textarea").focus()
    page.get_by_role("button", name="New terminal").click()
    expect(page.get_by_role("tab")).to_have_count(3)
    ready(page)
    box = right.bounding_box()
    assert box
    page.locator(".tab", has_text="PID 1").drag_to(right, target_position={"x": 60, "y": box["height"] - 20})
    expect(panes(page)).to_have_count(3)
    expect(page.get_by_role("tab", name="PID 1")).to_have_attribute("aria-selected", "true")

    right.locator(".pane-close").click()
    expect(panes(page)).to_have_count(2)
    expect(page.get_by_role("tab")).to_have_count(3)

    page.set_viewport_size({"width": 400, "height": 860})
    expect(panes(page)).to_have_count(1)
    expect(page.get_by_role("separator", name="Size of the panes")).to_have_count(0)


def test_panes_by_keyboard_and_a_reload_finds_them(opened: Open) -> None:
    page = opened()
    page.locator(".terminal textarea").first.focus()
    page.keyboard.press("Alt+Shift+Equal")
    page.keyboard.type("echo typed-$((20+1))-early\n")  # at once: it is for the new shell
    expect(panes(page)).to_have_count(2)
    expect(rows(front(page))).to_contain_text("typed-21-early", timeout=15_000)
    page.keyboard.press("Alt+Shift+Minus")
    expect(panes(page)).to_have_count(3)
    ready(page)
    page.keyboard.press("Control+Alt+ArrowLeft")
    page.keyboard.type("echo at-$((30+1))-left\n")  # at once: the keys have moved already
    expect(rows(panes(page).nth(0))).to_contain_text("at-31-left")

    bar = page.get_by_role("separator", name="Size of the panes").first
    bar.focus()
    page.keyboard.press("ArrowLeft")
    expect(bar).to_have_attribute("aria-valuenow", "48")

    page.reload()
    expect(panes(page)).to_have_count(3)
    expect(rows(panes(page).nth(0))).to_contain_text("at-31-left", timeout=15_000)
    expect(rows(panes(page).nth(1))).to_contain_text("typed-21-early")
    expect(bar).to_have_attribute("aria-valuenow", "48")
    ready(page)
    page.keyboard.press("Alt+Shift+W")
    expect(panes(page)).to_have_count(2)
    expect(page.get_by_role("tab")).to_have_count(3)
    page.keyboard.press("Alt+Shift+W")
    page.keyboard.press("Alt+Shift+W")  # the last pane stays
    expect(panes(page)).to_have_count(1)


def test_tabs_are_named_and_moved_and_stay_so(opened: Open) -> None:
    page = opened()
    for count in (2, 3):
        page.get_by_role("button", name="New terminal").click()
        expect(page.get_by_role("tab")).to_have_count(count)
        ready(page)
    page.get_by_role("tab").nth(2).dblclick()
    rename(page, "tests")
    expect(page.get_by_role("tab").nth(2)).to_have_text("tests")
    tab = page.get_by_role("tab").nth(1)
    tab.focus()
    page.keyboard.press("F2")
    rename(page, "编译")
    expect(tab).to_have_text("编译")
    tab.focus()
    page.keyboard.press("F2")
    rename(page, "not this", "Escape")
    expect(tab).to_have_text("编译")
    expect(tab).to_be_focused()
    page.keyboard.press("Control+Shift+ArrowRight")
    expect(page.get_by_role("tab")).to_have_text([re.compile("PID 1"), "tests", "编译"])
    page.reload()
    expect(page.get_by_role("tab")).to_have_text([re.compile("PID 1"), "tests", "编译"], timeout=15_000)


def test_closing_asks_only_where_something_runs_and_names_it(opened: Open) -> None:
    page = opened()
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="New terminal").click()
    expect(page.get_by_role("tab")).to_have_count(2)
    ready(page)
    page.keyboard.type("sleep 4321\n")
    expect(page.locator("[role=row][data-side=container]", has_text="sleep 4321")).to_be_visible(timeout=10_000)
    page.locator(".tab-close").click()
    expect(dialog).to_contain_text("sleep runs in it.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("tab")).to_have_count(2)
    page.locator(".tab-close").click()
    dialog.get_by_role("button", name="Close terminal").click()
    expect(page.get_by_role("tab")).to_have_count(1)
    expect(page.locator("[role=row][data-side=container]:not(.ended)", has_text="sleep 4321")).to_have_count(0)

    page.get_by_role("button", name="New terminal").click()
    expect(page.get_by_role("tab")).to_have_count(2)
    ready(page)
    page.get_by_role("tab").nth(1).focus()
    page.keyboard.press("Delete")
    expect(page.get_by_role("tab")).to_have_count(1)
    expect(dialog).to_have_count(0)


def test_a_tab_tells_what_came_while_nobody_looked_and_how_it_ended(opened: Open) -> None:
    page = opened()
    page.get_by_role("button", name="New terminal").click()
    expect(page.get_by_role("tab")).to_have_count(2)
    ready(page)
    tabs = page.get_by_role("tab")
    page.keyboard.type("until [ -e /tmp/go ]; do usleep 50000; done; echo soon\n")
    expect(rows(front(page))).to_contain_text("soon")
    tabs.nth(0).click()
    ready(page)
    expect(tabs.nth(1)).not_to_contain_text("output")
    page.keyboard.type("touch /tmp/go\n")
    expect(tabs.nth(1)).to_contain_text("New output", timeout=10_000)
    tabs.nth(1).click()
    ready(page)
    expect(tabs.nth(1)).not_to_contain_text("New output")
    page.keyboard.type("rm /tmp/go; until [ -e /tmp/go ]; do usleep 50000; done; printf '\\a'; exit 7\n")
    tabs.nth(0).click()
    ready(page)
    page.keyboard.type("touch /tmp/go\n")
    expect(tabs.nth(1)).to_contain_text("The bell rang", timeout=10_000)
    expect(tabs.nth(1)).to_contain_text("exit 7", timeout=10_000)


@pytest.mark.parametrize(
    ("image", "programs"),
    [
        ("busybox", [("vi /tmp/lines", "line 3 of", ":q!\n")]),
        (
            "debian",
            [
                ("vim.tiny /tmp/lines", "line 3 of", ":q!\n"),
                ("less /tmp/lines", "line 3 of", "q"),
                ("top", "COMMAND", "q"),
            ],
        ),
    ],
)
def test_a_reload_inside_a_full_screen_program(opened: Open, image: str, programs: list[tuple[str, str, str]]) -> None:
    page = opened(image)
    screen = page.locator(".terminal .xterm-rows").first
    browsing.enter(page, "for i in $(seq 300); do echo line $i of; done > /tmp/lines; echo re''ady", "ready")
    for number, (program, shown, leave) in enumerate(programs):
        browsing.enter(page, f"clear; {program}", shown)
        page.reload()
        expect(screen).to_contain_text(shown, timeout=15_000)
        expect(page.locator(".terminal textarea").first).to_be_focused()
        page.keyboard.type(leave)
        # The prompt is empty: no answer of the terminal's to a question in the replay was typed into it.
        expect(screen).to_contain_text(re.compile(r"# \s*$"), timeout=15_000)
        command = f"echo cle''an-{number}"
        browsing.enter(page, command, f"clean-{number}")
        typed = [line.rstrip() for line in browsing.screen(page).splitlines() if command in line]
        assert typed[-1].endswith(f"# {command}"), typed
