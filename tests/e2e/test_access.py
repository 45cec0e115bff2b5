"""Nobody is shut out: axe finds nothing to object to (WCAG 2.2 A and AA), and Tab always shows where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e import browsing
from tests.e2e.exhibits import Exhibits, exhibits
from tests.support.stack import ROOT, Stack

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

AXE = ROOT / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
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


@pytest.fixture(scope="module", params=[("light", 1280), ("dark", 1280), ("dark", 400)], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request: pytest.FixtureRequest, browser: Browser, stack: Stack, shown: Exhibits) -> Iterator[Page]:
    theme, width = request.param
    page = browsing.person(browser, stack, width=width, theme=theme)
    page.add_init_script(path=AXE)
    page.emulate_media(reduced_motion="reduce")  # a colour in the middle of fading is nobody's choice
    yield page
    page.context.close()


def objections(page: Page) -> list[str]:
    """What axe has against the page: rule, element, why."""
    found: dict[str, Any] = page.evaluate(
        "tags => axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })", RULES
    )
    return [
        f"{one['id']}: {node['html'][:160]}\n    {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


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
    assert objections(page) == []
    page.reload()
    page.locator(".container-row").first.wait_for()
    assert tab_through(page, 30) > 8
    page.locator(".header-tools button").last.click()
    assert objections(page) == []
    page.keyboard.press("Escape")


def test_home_of_a_newcomer(page: Page, browser: Browser, stack: Stack) -> None:
    theme = page.evaluate("document.documentElement.dataset.theme")
    other = browsing.person(browser, stack, theme=theme, user=f"new-{theme}")
    other.add_init_script(path=AXE)
    other.reload()
    other.locator(".image-card").first.wait_for()
    assert objections(other) == []
    other.context.close()


def test_workbench(page: Page, stack: Stack, shown: Exhibits) -> None:
    page.goto(f"{stack.url}/playground/c/{shown.lively}")
    browsing.prompt(page)
    assert objections(page) == []  # with the first hint
    narrow = page.locator(".switcher button").nth(1)
    if narrow.is_visible():
        page.locator(".header-tools button").last.click()
        assert objections(page) == []
        page.keyboard.press("Escape")
        narrow.click()
    page.locator("[role=row][data-side=host][data-key]", has_text="sleep").last.wait_for()
    page.locator(".panels details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    assert objections(page) == []
    page.locator("#xray").focus()
    assert tab_through(page, 25) == 25
    page.locator("[data-panel=namespaces] tbody button").first.click()
    page.locator(".showme pre").wait_for()
    assert objections(page) == []
    assert tab_through(page, 6) == 6
    page.keyboard.press("Escape")
    page.locator("[data-panel=cgroup] .panel-full").click()
    assert objections(page) == []
    page.keyboard.press("Escape")


def test_stopped(page: Page, stack: Stack, shown: Exhibits) -> None:
    page.goto(f"{stack.url}/playground/c/{shown.stopped}")
    page.locator(".term-strip").wait_for()
    assert objections(page) == []


def test_errors_and_the_way_in(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/playground/c/0123456789abcdef")
    assert objections(page) == []
    assert tab_through(page, 10) >= 4
    page.context.clear_cookies()
    page.goto(f"{stack.url}/accounts/login/")
    assert objections(page) == []
    assert tab_through(page, 10) >= 2
