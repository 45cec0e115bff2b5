"""Every page in both languages, both themes and two widths: pictures to look at, and what can be said without looking.

The pictures go to `tests/artifacts/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast, get_args

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.e2e import browsing
from tests.e2e.exhibits import Exhibits, exhibits
from tests.support.stack import ROOT, Stack

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

PANELS = ("processes", "namespaces", "cgroup", "overlay", "mounts", "devices", "identity", "network")
# What stands in a panel once all of it is unfolded: what that asks the server for.
UNFOLDED = {"overlay": ".fv-name", "processes": ".hosts .note", "identity": ".sc input"}
LANGUAGES = ROOT / "frontend/src/i18n"
# What people read: no program's words, no kernel names, nothing that is only for machines.
READABLE = """() => {
  const out = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest('script, style, noscript, code, pre, .mono, .terminal-screen, [lang=en]')) continue;
    if (parent.checkVisibility()) out.push(walker.currentNode.data);
  }
  for (const element of document.querySelectorAll('[title], [aria-label], [placeholder]')) {
    if (element.closest('.terminal-screen') || !element.checkVisibility()) continue;
    for (const name of ['title', 'aria-label', 'placeholder']) out.push(element.getAttribute(name) ?? '');
  }
  return out.join('\\n');
}"""


@dataclass(frozen=True)
class Look:
    lang: str
    theme: browsing.Theme
    width: int

    def __str__(self) -> str:
        return f"{self.lang}-{self.theme}-{self.width}"


LOOKS = [
    Look(lang, theme, width)
    for lang in ("en", "zh-hans")
    for theme in get_args(browsing.Theme)
    for width in (1280, 400)
]


class Sight:
    """A page in one look, and what it complained of in its console."""

    def __init__(self, look: Look, page: Page) -> None:
        self.look = look
        self.page = page
        self.complaints: list[str] = []
        self.expected = ""  # a refusal that is asked for: the browser has its own word for its status
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _said(self, message: ConsoleMessage) -> None:
        refused = self.expected != "" and self.expected in message.text
        if message.type in ("error", "warning") and not refused:
            self.complaints.append(message.text)

    def seen(self, name: str) -> None:
        """Take the picture, and hold it to what every page owes."""
        page = self.page
        browsing.picture(page, f"{name}-{self.look}")
        assert self.complaints == [], name
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{name} is {wide} px wider than the window"
        assert page.evaluate("document.documentElement.lang").lower() == self.look.lang
        if self.look.lang == "zh-hans":
            text = re.sub("“[^”]*”", "", page.evaluate(READABLE))  # what programs say is quoted
            assert [words for words in english() if re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text)] == [], name


@cache
def english() -> list[str]:
    """What the page says in English and says otherwise in Chinese, without holes."""
    left: dict[str, str] = {}
    for english in sorted(LANGUAGES.glob("*.en.ts")):
        ours, theirs = words(english), words(english.with_name(english.name.replace(".en.", ".zh-hans.")))
        left |= {key: text for key, text in ours.items() if theirs[key] != text}
    assert len(left) > 500
    return [text for text in left.values() if "{" not in text and text[0].isupper() and len(text) > 3]


def words(file: Path) -> dict[str, str]:
    """A text too long for its line stands on the next one."""
    found = re.findall(r'^\s*"([\w.-]+)":\s*"(.*)",$', file.read_text(), re.MULTILINE)
    assert len(found) > 20, file
    return dict(found)


@pytest.fixture(scope="module")
def shown(stack: Stack) -> Iterator[Exhibits]:
    with exhibits(stack) as shown:
        yield shown


@pytest.fixture(scope="module", params=LOOKS, ids=str)
def sight(request: pytest.FixtureRequest, browser: Browser, stack: Stack, shown: Exhibits) -> Iterator[Sight]:
    look = cast(Look, request.param)
    page = browsing.person(browser, stack, width=look.width, theme=look.theme, lang=look.lang)
    page.add_init_script("localStorage.setItem('terrarium.tour', '3')")
    yield Sight(look, page)
    page.context.close()


def test_home_of_a_newcomer(sight: Sight, browser: Browser, stack: Stack) -> None:
    look = sight.look
    page = browsing.person(
        browser, stack, width=look.width, theme=look.theme, lang=look.lang, user=f"newcomer-{look.theme}-{look.width}"
    )
    newcomer = Sight(look, page)
    page.locator(".image-card").first.wait_for()
    newcomer.seen("home-empty")
    for more in page.locator("details.more > summary").all():
        more.click()
    newcomer.seen("home-more")
    page.context.close()


def test_home_with_containers(sight: Sight, stack: Stack) -> None:
    sight.page.goto(f"{stack.url}/playground")
    expect(sight.page.locator(".container-row")).to_have_count(2)
    sight.seen("home")


def test_workbench_and_every_panel(sight: Sight, stack: Stack, shown: Exhibits) -> None:
    page = sight.page
    page.goto(f"{stack.url}/playground/c/{shown.lively}")
    browsing.prompt(page)
    if sight.look.width < 700:
        sight.seen("workbench-terminal")
        page.locator(".switcher button").nth(1).click()
    expect(page.locator(".freshness")).to_have_attribute("data-status", "live")
    page.locator("[role=row][data-side=host][data-key]", has_text="sleep").last.wait_for()
    sight.seen("workbench")
    for panel in PANELS:
        frame = page.locator(f"[data-panel={panel}]")
        frame.locator(".panel-full").click()
        page.locator(f"[data-panel={panel}]:popover-open").wait_for()
        frame.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        if panel in UNFOLDED:
            frame.locator(UNFOLDED[panel]).first.wait_for()
        sight.seen(f"panel-{panel}")
        assert frame.evaluate("element => element.scrollWidth - element.clientWidth") == 0, panel
        page.keyboard.press("Escape")
    page.locator("[data-panel=namespaces] tbody button").first.click()
    page.locator(".showme pre").wait_for()
    sight.seen("show-me")
    page.keyboard.press("Escape")


def test_what_opens_on_the_workbench(sight: Sight, stack: Stack, shown: Exhibits) -> None:
    page = sight.page
    page.goto(f"{stack.url}/playground/c/{shown.lively}")
    browsing.prompt(page)
    browsing.enter(page, "date > /root/work/now; rm /root/work/now; clear", "#")
    if sight.look.width < 700:
        page.locator(".switcher button").nth(1).click()
    page.locator("[role=row][data-side=host][data-key]", has_text="sleep").last.wait_for()
    page.locator(".tl-list").click()
    page.locator(".happened-list li").nth(3).wait_for()
    sight.seen("happened")
    page.locator("#xray").focus()
    page.keyboard.press("p")
    page.locator(".tl-where.paused").wait_for()
    sight.seen("paused")
    page.keyboard.press("p")
    page.locator(".tl-list").click()
    page.locator('[role=row][data-side=container][aria-level="1"]').first.focus()
    page.keyboard.press("Enter")
    page.locator(".peek table").first.wait_for()
    sight.seen("process")
    page.keyboard.press("Escape")
    expect(page.locator(".peek")).to_have_count(0)
    sight.expected = "status of 403"
    field = page.locator("form.limits input.num").first
    field.fill("999999")
    page.keyboard.press("Enter")
    page.locator("form.limits [aria-invalid=true]").wait_for()
    page.locator("form.limits").scroll_into_view_if_needed()
    sight.seen("limits")


def test_stopped(sight: Sight, stack: Stack, shown: Exhibits) -> None:
    page = sight.page
    page.goto(f"{stack.url}/playground/c/{shown.stopped}")
    page.locator(".term-strip").wait_for()
    sight.seen("stopped")
    if sight.look.width < 700:
        page.locator(".switcher button").nth(1).click()
        page.locator(".banner").wait_for()
        sight.seen("stopped-xray")


def test_admin(sight: Sight, stack: Stack) -> None:
    sight.page.goto(f"{stack.url}/admin/")
    sight.seen("admin")
    sight.page.goto(f"{stack.url}/admin/playground/container/")
    expect(sight.page.locator("#result_list tbody tr")).to_have_count(2)
    sight.seen("admin-containers")


def test_errors_and_the_way_in(sight: Sight, stack: Stack) -> None:
    page = sight.page
    sight.expected = "status of 404"
    page.goto(f"{stack.url}/playground/c/0123456789abcdef")
    expect(page.locator(".status")).to_have_text("404")
    sight.seen("not-found")
    page.context.clear_cookies()
    page.goto(f"{stack.url}/accounts/login/")
    page.locator("input[type=password]").wait_for()
    sight.seen("login")
