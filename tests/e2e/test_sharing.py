"""A terminal shown to somebody else: the link, who watches, the keyboard lent and taken back, the end of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, WebSocket, expect

from tests.e2e import browsing
from tests.e2e.test_access import AXE, no_objection
from tests.support.stack import Stack
from tests.support.visitor import Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

LOOKS: tuple[tuple[browsing.Theme, int, str], ...] = (("light", 1280, "en"), ("dark", 400, "zh-hans"))


@dataclass(frozen=True)
class Two:
    """The page of the terminal's owner, and that of somebody who has an account and no link yet."""

    owner: Page
    guest: Page
    container: str


def pages(browser: Browser, stack: Stack, visitor: Visitor, look: tuple[browsing.Theme, int, str]) -> Iterator[Two]:
    theme, width, lang = look
    made = visitor.call("POST", "/containers", {"image": "busybox"}).body["id"]
    owner, guest = (
        browsing.person(browser, stack, theme=theme, width=width, lang=lang, user=user) for user in (None, "bob")
    )
    errors: list[str] = []
    for page in (owner, guest):
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script("localStorage.setItem('terrarium.tour', '3')")
        page.add_init_script(path=AXE)
    owner.goto(f"{stack.url}/playground/c/{made}")
    browsing.prompt(owner)
    yield Two(owner, guest, made)
    for page in (owner, guest):
        page.context.close()
    visitor.call("DELETE", f"/containers/{made}")
    assert errors == []


@pytest.fixture
def two(browser: Browser, stack: Stack, visitor: Visitor) -> Iterator[Two]:
    yield from pages(browser, stack, visitor, LOOKS[0])


@pytest.fixture(params=LOOKS, ids=lambda look: "-".join(map(str, look)))
def seen(request: pytest.FixtureRequest, browser: Browser, stack: Stack, visitor: Visitor) -> Iterator[Two]:
    yield from pages(browser, stack, visitor, request.param)


def banner(page: Page) -> Locator:
    return page.locator(".share-banner")


def rows(page: Page) -> Locator:
    return page.locator(".terminal .xterm-rows").first


def open_dialog(page: Page) -> Locator:
    page.locator(".terminals .pane-head .menu > button").last.click()
    page.get_by_role("menuitem", name=re.compile("Share this terminal|共享这个终端")).click()
    return page.locator("dialog[open]")


def link(page: Page) -> str:
    """Make a link in the dialog, and close it."""
    dialog = open_dialog(page)
    dialog.locator(".share-new button").click()
    url = dialog.locator(".share-address input").input_value()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    return url


def join(two: Two) -> None:
    two.guest.goto(link(two.owner))
    two.guest.wait_for_url("**/playground/shared/*")
    expect(banner(two.guest)).to_be_visible()
    expect(banner(two.owner)).to_be_visible()


def type_into(page: Page, text: str) -> None:
    page.locator(".terminal textarea").first.focus()
    page.keyboard.type(text)


def test_a_guest_watches_asks_types_and_is_shown_out(two: Two) -> None:
    owner, guest = two.owner, two.guest
    join(two)
    expect(banner(owner)).to_contain_text("bob watches")
    browsing.enter(owner, "echo live-$((40+2))", "live-42")
    expect(rows(guest)).to_contain_text("live-42")
    type_into(guest, "echo unasked\r")

    guest.get_by_role("button", name="Ask to type").click()
    expect(banner(guest)).to_contain_text("You asked to type")
    expect(banner(owner)).to_contain_text("bob asks to type")
    expect(owner.locator(".sr-only[aria-live=polite]")).to_contain_text("asks to type")
    owner.locator(".terminal textarea").first.focus()
    owner.keyboard.press("Control+F6")
    expect(owner.get_by_role("button", name="Let type: bob")).to_be_focused()
    owner.keyboard.press("Enter")

    expect(banner(guest)).to_contain_text("You are typing into")
    expect(banner(owner)).to_contain_text("bob has the keyboard")
    browsing.enter(guest, "echo lent-$((1+1))", "lent-2")
    expect(rows(owner)).to_contain_text("lent-2")
    owner.locator(".xterm-screen").first.click()  # to look is not to take
    type_into(owner, "echo mine\r")
    expect(banner(guest)).to_contain_text("You are typing into")
    owner.keyboard.press("Escape")
    expect(banner(guest)).to_contain_text("has taken the keyboard back")
    expect(banner(owner)).to_contain_text("bob watches")
    type_into(guest, "echo too-late\r")
    browsing.enter(owner, "echo back-$((6*7))", "back-42")
    expect(rows(guest)).to_contain_text("back-42")
    for words in ("unasked", "mine", "too-late"):
        assert words not in browsing.screen(owner)

    owner.get_by_role("button", name="Links…").click()
    dialog = owner.locator("dialog[open]")
    expect(dialog.locator(".share-guests")).to_contain_text("watches now")
    dialog.get_by_role("button", name=re.compile("Stop sharing")).click()
    owner.locator(".dialog-actions .danger").click()
    expect(guest.locator(".notice")).to_contain_text("no longer shared")
    expect(banner(owner)).to_have_count(0)
    type_into(guest, "x")
    guest.reload()
    expect(guest.locator(".status")).to_have_text("404")


def test_a_guest_is_told_no_withdraws_gives_back_and_sees_the_container_stop(two: Two, visitor: Visitor) -> None:
    owner, guest = two.owner, two.guest
    join(two)
    guest.get_by_role("button", name="Ask to type").click()
    owner.get_by_role("button", name="Not now").click()
    expect(banner(guest)).to_contain_text("would rather type alone")
    guest.get_by_role("button", name="Ask to type").click()
    expect(banner(owner)).to_contain_text("bob asks to type")
    guest.get_by_role("button", name="Do not ask any more").click()
    expect(banner(owner)).to_contain_text("bob watches")
    expect(banner(guest)).to_contain_text("You watch")
    guest.get_by_role("button", name="Ask to type").click()
    owner.get_by_role("button", name="Let type: bob").click()
    guest.get_by_role("button", name="Give back").click()
    expect(banner(guest)).to_contain_text("You gave the keyboard back")
    expect(banner(owner)).to_contain_text("bob watches")
    browsing.enter(owner, "echo mine-$((2+3))", "mine-5")
    visitor.call("POST", f"/containers/{two.container}/stop", {"grace_seconds": 0})
    expect(guest.locator(".notice")).to_contain_text("The program in this terminal has ended")
    visitor.call("DELETE", f"/containers/{two.container}")
    guest.get_by_role("button", name="Try again").click()
    expect(guest.locator(".notice")).to_contain_text("no longer shared")


def test_a_guests_page_asks_for_its_share_and_nothing_else(two: Two) -> None:
    asked: list[str] = []

    def heard(one: Request | WebSocket) -> None:
        path = urlsplit(one.url).path
        if not path.startswith("/static/"):
            asked.append(path)

    two.guest.on("request", heard)
    two.guest.on("websocket", heard)
    join(two)
    share = two.guest.url.rsplit("/", 1)[1]
    browsing.enter(two.owner, "echo seen-$((3+4))", "seen-7")
    expect(rows(two.guest)).to_contain_text("seen-7")
    link_path = next(path for path in asked if path.startswith("/playground/s/"))
    allowed = {link_path, f"/playground/shared/{share}", f"/api/v1/shares/{share}/attach", f"/ws/shared/{share}"}
    assert set(asked) - {"/favicon.ico"} == allowed
    expect(two.guest.locator("#xray, .panels, .timeline")).to_have_count(0)
    status = "path => fetch('/api/v1/containers/' + path).then(answer => answer.status)"
    for path in ("", "/terminals", "/snapshot"):
        assert two.guest.evaluate(status, two.container + path) == 404, path


def test_titles_and_names_from_inside_are_not_the_pages_words(two: Two) -> None:
    join(two)
    browsing.enter(two.owner, r"printf '\033]0;bob asks to type\007'; echo titled-$((4+4))", "titled-8")
    expect(rows(two.guest)).to_contain_text("titled-8")
    expect(two.guest).not_to_have_title(re.compile("asks to type"))
    expect(banner(two.owner)).not_to_contain_text("asks to type")
    expect(open_dialog(two.owner)).not_to_contain_text("asks to type")


def test_a_second_page_of_ones_own_watches_until_it_takes_over(browser: Browser, stack: Stack, two: Two) -> None:
    second = browsing.person(browser, stack)
    second.goto(f"{stack.url}/playground/c/{two.container}")
    browsing.prompt(second)
    for there, here, word in ((second, two.owner, "one"), (two.owner, second, "two")):
        expect(banner(here)).to_contain_text("Another page of yours has the keyboard")
        expect(banner(there)).to_have_count(0)
        expect(there.locator(".share-button")).to_be_visible()
        here.get_by_role("button", name="Type here").click()
        expect(banner(here)).to_have_count(0)
        browsing.enter(here, f"echo {word}-$((5+5))", f"{word}-10")
        expect(rows(there)).to_contain_text(f"{word}-10")
    second.context.close()
    expect(banner(two.owner)).to_have_count(0)
    browsing.enter(two.owner, "echo alone-$((6+6))", "alone-12")


def test_how_it_looks(seen: Two) -> None:
    """Pictures of each step in two looks, and nothing that axe objects to."""
    owner, guest = seen.owner, seen.guest
    name = "-".join(
        [
            owner.evaluate("document.documentElement.lang").lower(),
            owner.evaluate("document.documentElement.dataset.theme"),
            str(owner.evaluate("innerWidth")),
        ]
    )

    def picture(page: Page, of: str) -> None:
        page.emulate_media(reduced_motion="reduce")
        browsing.picture(page, f"sharing-{of}-{name}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{of} is {wide} px wider than the window"
        no_objection(page)

    dialog = open_dialog(owner)
    dialog.locator(".share-meaning").wait_for()
    picture(owner, "empty")
    owner.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    join(seen)
    browsing.enter(owner, "echo; ls /", "etc")
    picture(guest, "watching")
    owner.locator(".who-button").click()
    picture(owner, "watched")
    owner.keyboard.press("Escape")
    banner(guest).locator("[data-part]").click()
    owner.locator(".share-row.asks").wait_for()
    picture(owner, "asked")
    owner.locator(".share-row.asks .primary").click()
    guest.locator(".share-row.types").wait_for()
    type_into(guest, "date")
    picture(guest, "typing")
    owner.locator(".share-row.types").wait_for()
    picture(owner, "lent")
    owner.locator(".share-row.types .primary").click()
    banner(owner).locator("[data-part]").click()
    owner.locator(".share-guests").wait_for()
    picture(owner, "links")
    owner.locator(".share-link .danger").click()
    owner.locator(".dialog-actions .danger").click()
    guest.locator(".notice").wait_for()
    picture(guest, "over")
