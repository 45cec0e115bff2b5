"""Behind a figure of each panel: the file, its bytes, the formula, the manual page, the commands to see the same."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e import browsing
from tests.e2e.glass import WAIT, Glass

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")


@pytest.fixture
def opened(glass: Callable[..., Glass]) -> Glass:
    opened = glass()
    for name in ("mounts", "devices", "identity", "network"):
        opened.show(name)
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return opened


# A figure of each panel: what to press, what its file is called, a line of it, its manual page, its formula.
FIGURES = {
    "processes": ("row", r"/proc/\d+/status", r"NSpid:\s+\d+\s+1", "man 5 proc", None),
    "namespaces": (".ns-table tbody button", r"/proc/\d+/ns/\w+", r"\w+:\[\d+\]", "namespaces", None),
    "cgroup": ('[data-thing="cgroup:cpu"] .cg-now b .ask', r"cpu\S*", r"\d+", "", "÷"),
    "overlay": (".ov-slab.merged .ask", r"/proc/\d+/mountinfo", r"overlay", "mountinfo", None),
    "mounts": (".ask", r"/proc/\d+/mountinfo", r" - overlay ", "mountinfo", None),
    "devices": (".ask", r"/dev", r"null", "", None),
    "identity": (".ask", r"/proc/\d+/\w+", r"\d+", "man", None),
    "network": (".ask", r"\S+", r"lo", "man", None),
}


def question(opened: Glass, panel: str) -> Locator:
    """The dialog behind a figure of this panel, with its answer."""
    press = FIGURES[panel][0]
    frame = opened.panel(panel)
    if press == "row":
        row = frame.locator('[role=row][data-side=container][aria-level="1"]').first
        row.focus()
        opened.page.keyboard.press("s")
    else:
        frame.locator(press).first.click()
    dialog = opened.page.locator("dialog.showme")
    expect(dialog.locator(".showme-body pre").or_(dialog.get_by_role("alert"))).to_be_visible(timeout=WAIT)
    return dialog


def test_a_figure_of_each_panel_tells_where_it_comes_from(opened: Glass) -> None:
    page = opened.page
    for panel, (_press, file, line, manual, formula) in FIGURES.items():
        dialog = question(opened, panel)
        lines = dialog.locator(".showme-line > code")
        assert re.search(file, lines.first.inner_text()), (panel, lines.first.inner_text())
        raw = dialog.locator("pre").inner_text()
        assert re.search(line, raw), (panel, raw[:400])
        expect(dialog.locator(".showme-words > p")).not_to_be_empty()
        expect(dialog.locator(".world-container code, .world-container .muted").first).to_be_visible()
        expect(dialog.locator(".world-host.world-host code").last).not_to_be_empty()
        assert manual in lines.last.inner_text(), (panel, lines.last.inner_text())
        if formula is not None:
            assert re.search(formula, dialog.locator(".showme-formula").inner_text()), panel
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_the_command_is_copied_and_typed_and_prints_the_same(opened: Glass) -> None:
    page = opened.page
    dialog = question(opened, "identity")
    inside = dialog.locator("section.world-container")
    command = inside.locator("code").inner_text()
    inside.get_by_role("button", name="Copy").click()
    expect(inside.get_by_role("button", name="Copy")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == command
    raw = dialog.locator("pre").inner_text().split()
    inside.get_by_role("button", name="type it in the terminal").click()
    expect(dialog).to_have_count(0)
    rows = page.locator(".terminal .xterm-rows").first
    expect(rows).to_contain_text(command[-30:], timeout=WAIT)
    assert page.evaluate("document.activeElement.className").startswith("xterm-helper"), "the next key is the shell's"
    page.keyboard.press("Enter")
    expect(rows).to_contain_text(raw[2], timeout=WAIT)
    assert command.split()[-1] in browsing.screen(page)


def test_typing_it_from_a_panel_at_full_width_uncovers_the_terminal(opened: Glass) -> None:
    opened.panel("mounts").locator(".panel-full").click()
    opened.page.locator("[data-panel=mounts]:popover-open").wait_for()
    dialog = question(opened, "mounts")
    dialog.get_by_role("button", name="type it in the terminal").click()
    expect(opened.panel("mounts")).not_to_have_attribute("data-full", "true")
    expect(opened.page.locator(".terminal textarea").first).to_be_focused()


def test_each_side_has_its_own_file(opened: Glass) -> None:
    page = opened.page
    dialog = question(opened, "mounts")
    path, raw = dialog.locator(".showme-line > code").first, dialog.locator("pre")
    inside = path.inner_text()
    expect(raw).to_contain_text(" / / ")
    dialog.get_by_label("as the host sees it").check()
    expect(path).not_to_have_text(inside, timeout=WAIT)
    expect(raw).to_contain_text("/merged", timeout=WAIT)
    expect(dialog).to_contain_text("Nothing inside can print this")
    page.keyboard.press("Escape")
