"""Nobody is shut out: axe finds nothing to object to (WCAG 2.2 A and AA), and Tab always shows where it is.

Both languages, both themes and both widths have their turn; every pair of two of them is among the four.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import browsing
from tests.e2e.exhibits import Exhibits, exhibits
from tests.support.stack import ROOT, Stack

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

AXE = ROOT / "node_modules/axe-core/axe.min.js"
PANELS = ("processes", "namespaces", "cgroup", "overlay", "mounts", "devices", "identity", "network")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What lies half beneath a bar that sticks is too small a target to axe; scrolling uncovers it, so here nothing sticks.
ASK_AXE = """async ([tags, within]) => {
  const loose = new CSSStyleSheet();
  loose.replaceSync('.timeline, .strip, .pane-head, .panels-bar, .panel-head, th { position: static !important }');
  document.adoptedStyleSheets = [loose];
  const all = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] };
  const found = await axe.run(within ?? document, all);
  document.adoptedStyleSheets = [];
  return found;
}"""
# An outline of two pixels or more on what has the focus, or on what stands for it.
OUTLINED = """() => {
  const at = document.activeElement;
  const shown = at.matches('input[type=radio]') ? at.nextElementSibling : at;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  const name = at.getAttribute('aria-label') ?? at.textContent.trim().slice(0, 40);
  const lit = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  return { name: `${at.tagName} ${at.className} ${name}`, body: at === document.body, lit };
}"""


@pytest.fixture(scope="module")
def shown(stack: Stack) -> Iterator[Exhibits]:
    with exhibits(stack) as shown:
        yield shown


LOOKS = [("light", 1280, "en"), ("dark", 1280, "zh-hans"), ("light", 400, "zh-hans"), ("dark", 400, "en")]


@pytest.fixture(scope="module", params=LOOKS, ids=lambda look: "-".join(map(str, look)))
def page(request: pytest.FixtureRequest, browser: Browser, stack: Stack, shown: Exhibits) -> Iterator[Page]:
    theme, width, lang = request.param
    page = browsing.person(browser, stack, width=width, theme=theme, lang=lang)
    page.add_init_script(path=AXE)
    page.emulate_media(reduced_motion="reduce")  # a colour in the middle of fading is nobody's choice
    yield page
    page.context.close()


def no_objection(page: Page, within: str | None = None) -> None:
    """Axe has nothing against the page, or a part of it; else the failure tells rule, element and why."""
    found: dict[str, Any] = page.evaluate(ASK_AXE, [RULES, within])
    told = [
        f"{one['id']}: {node['target']} {node['html'][:200]}\n    {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
    assert not told, "\n".join(told)


def tab_through(page: Page, steps: int) -> int:
    """Press Tab; every stop on the way must be seen. Returns how many stops there were before the page's end."""
    for step in range(steps):
        page.keyboard.press("Tab")
        at = page.evaluate(OUTLINED)
        if at["body"]:
            return step
        assert at["lit"], at["name"]
    return steps


def test_home(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/playground")
    page.locator(".container-row").first.wait_for()
    for more in page.locator("details.more > summary").all():
        more.click()
    no_objection(page)
    page.reload()
    page.locator(".container-row").first.wait_for()
    assert tab_through(page, 30) > 8
    page.locator(".header-tools button").last.click()
    no_objection(page)
    page.keyboard.press("Escape")


def test_home_of_a_newcomer(page: Page, browser: Browser, stack: Stack) -> None:
    theme = page.evaluate("document.documentElement.dataset.theme")
    other = browsing.person(browser, stack, theme=theme, user=f"new-{theme}")
    other.add_init_script(path=AXE)
    other.reload()
    other.locator(".image-card").first.wait_for()
    no_objection(other)
    other.context.close()


def look_into(page: Page, stack: Stack, shown: Exhibits) -> None:
    """The X-ray of the lively container, whatever the width, with its figures there."""
    page.evaluate("localStorage.setItem('terrarium.tour', '3')")
    page.goto(f"{stack.url}/playground/c/{shown.lively}")
    browsing.prompt(page)
    narrow = page.locator(".switcher button").nth(1)
    if narrow.is_visible():
        narrow.click()
    page.locator("[role=row][data-side=host][data-key]", has_text="sleep").last.wait_for()


def test_workbench(page: Page, stack: Stack, shown: Exhibits) -> None:
    page.goto(f"{stack.url}/playground/c/{shown.lively}")
    browsing.prompt(page)
    no_objection(page)  # with the first hint
    if page.locator(".switcher button").nth(1).is_visible():
        page.locator(".header-tools button").last.click()
        no_objection(page)
        page.keyboard.press("Escape")
    look_into(page, stack, shown)
    page.locator(".tl-list").click()
    no_objection(page)
    page.locator("#xray").focus()
    assert tab_through(page, 25) == 25
    page.keyboard.press("p")
    page.locator(".tl-where.paused").wait_for()
    no_objection(page)
    page.keyboard.press("Escape")


def test_every_panel_at_full_width(page: Page, stack: Stack, shown: Exhibits) -> None:
    """With everything unfolded, then with the "show me" of a figure in it."""
    look_into(page, stack, shown)
    for panel in PANELS:
        frame = page.locator(f"[data-panel={panel}]")
        frame.locator(".panel-full").click()
        page.locator(f"[data-panel={panel}]:popover-open").wait_for()
        unfold(page, panel)
        no_objection(page, f"[data-panel={panel}]")
        frame.locator(".ask, .proc-ask .mini:last-child").first.click()
        page.locator(".showme pre").wait_for()
        no_objection(page, ".showme")
        assert tab_through(page, 6) == 6
        page.keyboard.press("Escape")
        expect(page.locator(".showme")).to_have_count(0)
        frame.locator(".panel-fold").focus()
        for keys in ("Shift+Tab", "Tab", "Tab"):  # round, and not beneath
            page.keyboard.press(keys)
            assert frame.evaluate("frame => frame.contains(document.activeElement)"), (panel, keys)
        page.keyboard.press("Escape")
        expect(frame).not_to_have_attribute("data-full", "true")


def unfold(page: Page, panel: str) -> None:
    """Open all that can be opened; what that asks the server for is there."""
    frame = page.locator(f"[data-panel={panel}]")
    frame.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    answers = {"overlay": ".fv-name", "processes": ".hosts .note, .hosts-switch", "identity": ".sc input"}
    if panel in answers:
        frame.locator(answers[panel]).first.wait_for()


def test_a_process_looked_at_closely(page: Page, stack: Stack, shown: Exhibits) -> None:
    look_into(page, stack, shown)
    page.locator('[role=row][data-side=container][aria-level="1"]').first.focus()
    page.keyboard.press("Enter")
    page.locator(".peek table").first.wait_for()
    no_objection(page, "dialog[open]")
    assert tab_through(page, 4) == 4
    page.keyboard.press("Escape")
    expect(page.locator(".peek")).to_have_count(0)
    expect(page.locator('[role=row][data-side=container][aria-level="1"]').first).to_be_focused()


def test_every_panel_is_reached_and_used_by_keyboard(page: Page, stack: Stack, shown: Exhibits) -> None:
    look_into(page, stack, shown)
    page.locator("#xray").focus()
    page.keyboard.press("Tab")
    expect(page.locator(".xray .pane-head button").first).to_be_focused()
    for at, panel in enumerate(PANELS):
        page.locator(f".strip-tab[data-name={panel}]").focus()
        if at:  # along the row by arrow from the one before
            page.locator(f".strip-tab[data-name={PANELS[at - 1]}]").focus()
            page.keyboard.press("ArrowRight")
        expect(page.locator(f".strip-tab[data-name={panel}]")).to_be_focused()
        page.keyboard.press("Enter")
        fold = page.locator(f"[data-panel={panel}] .panel-fold")
        expect(fold).to_be_focused()
        expect(fold).to_have_attribute("aria-expanded", "true")
        expect(fold).to_be_in_viewport()
        page.keyboard.press("Tab")
        full = page.locator(f"[data-panel={panel}] .panel-full")
        expect(full).to_be_focused()
        page.keyboard.press("Enter")
        page.locator(f"[data-panel={panel}]:popover-open").wait_for()
        expect(full).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator(f"[data-panel={panel}]")).not_to_have_attribute("data-full", "true")
        expect(full).to_be_focused()
        asked = page.locator(f"[data-panel={panel}] .panel-body .ask:visible").first
        if panel == "processes":
            asked = page.locator(f"[data-panel={panel}] [role=row][tabindex='0']").first
        asked.focus()
        page.keyboard.press("s" if panel == "processes" else "Enter")
        page.locator(".showme pre").wait_for()
        page.keyboard.press("Escape")
        expect(asked).to_be_focused()


def test_stopped(page: Page, stack: Stack, shown: Exhibits) -> None:
    page.goto(f"{stack.url}/playground/c/{shown.stopped}")
    page.locator(".term-strip").wait_for()
    no_objection(page)


def test_errors_and_the_way_in(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/playground/c/0123456789abcdef")
    no_objection(page)
    assert tab_through(page, 10) >= 4
    page.context.clear_cookies()
    page.goto(f"{stack.url}/accounts/login/")
    no_objection(page)
    assert tab_through(page, 10) >= 2
