"""What makes a terminal comfortable, in a real browser before a real shell: letters, search, pastes, links, a voice."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import browsing
from tests.e2e.glass import Glass
from tests.support.stack import Stack
from tests.support.visitor import Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

OTHER_SHELL = "PS1='\\[\\e]133;D;$?\\a\\e]133;A\\a\\]> \\[\\e]133;B\\a\\]'"
# Where on the screen each line's bar stands, in pixels from its row's left edge, and how wide a cell is.
BARS = """() => {
  const out = {};
  for (const row of document.querySelectorAll('.terminal .xterm-rows > div')) {
    if (!/^[^$#>]*\\|/.test(row.textContent)) continue;
    const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const at = walker.currentNode.data.indexOf('|');
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(walker.currentNode, at);
      range.setEnd(walker.currentNode, at + 1);
      out[row.textContent.split('|')[0]] = range.getBoundingClientRect().left - row.getBoundingClientRect().left;
      break;
    }
  }
  return out;
}"""
PASTE = """text => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  const event = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true});
  document.querySelector('.terminal textarea').dispatchEvent(event);
}"""


@pytest.fixture
def one(glass: Callable[..., Glass]) -> Glass:
    one = glass()
    one.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return one


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def rows(page: Page) -> Any:
    return page.locator(".terminal .xterm-rows").first


def cell(page: Page) -> dict[str, float]:
    measured: dict[str, float] = page.evaluate(
        """() => {
          const box = document.querySelector('.terminal .xterm-screen').getBoundingClientRect();
          const row = document.querySelector('.terminal .xterm-rows > div').getBoundingClientRect();
          return {width: box.width, height: row.height};
        }"""
    )
    return measured


def test_wide_characters_and_clusters_take_their_cells(one: Glass) -> None:
    page = one.page
    lines = {"abcd": 4, "中文": 4, "한글": 4, "ｗｉ": 4, "👩‍👩‍👧..": 4, "🇨🇳..": 4, "e\u0301bcd": 4, "👍🏽ab": 4}
    for line in lines:
        encoded = base64.b64encode(f"{line}|\n".encode()).decode()
        one.run(f"echo {encoded} | base64 -d")
    bars: dict[str, float] = page.evaluate(BARS)
    assert set(lines) <= set(bars), bars
    cells = bars["abcd"] / 4
    assert cells == pytest.approx(round(cells), abs=0.02), "a cell is no whole number of pixels"
    for line, width in lines.items():
        assert bars[line] == pytest.approx(width * cells, abs=0.5), line


def told_columns(one: Glass, holds: str) -> None:
    """The shell learns of a size a moment after the page took it: let it wait until its columns are so."""
    one.run(f"until set -- $(stty size); [ $2 {holds} ]; do sleep 0.05; done")


def test_letters_change_their_size_by_key_and_menu_and_keep_it(one: Glass) -> None:
    page = one.page
    page.locator(".terminal textarea").first.focus()
    usual = cell(page)
    one.run("stty size")
    columns = int(re.findall(r"\b(\d+) (\d+)\b", browsing.screen(page))[-1][1])
    page.keyboard.press("Control+=")
    expect(page.get_by_text("Letters of 15 px.").last).to_be_visible()
    assert cell(page)["height"] > usual["height"]
    assert page.evaluate("devicePixelRatio") == 1  # the browser's own zoom is let be
    told_columns(one, f"-lt {columns}")
    page.reload()
    browsing.prompt(page)
    assert cell(page)["height"] > usual["height"]
    page.get_by_role("button", name="Terminal options").first.click()
    page.get_by_role("menuitem", name="Larger letters").click()
    page.get_by_role("menuitem", name="Larger letters").click()  # the menu stays
    expect(page.get_by_text("Letters of 18 px.").last).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".terminal textarea").first.focus()
    page.keyboard.press("Control+0")
    expect(page.get_by_text("Letters of 13 px.").last).to_be_visible()
    told_columns(one, f"-eq {columns}")


def test_search_counts_goes_round_and_gives_the_focus_back(one: Glass) -> None:
    page = one.page
    one.run("for i in $(seq 200); do echo needle-$i hay; done; echo Needle")
    page.keyboard.press("Control+Shift+F")
    field = page.locator(".term-search-field")
    expect(field).to_be_focused()
    count = page.locator(".term-search-count")
    field.fill("needle-1")
    expect(count).to_have_text(re.compile(r"\d+ of 11\d"))
    before = count.inner_text()
    page.keyboard.press("Enter")
    expect(count).not_to_have_text(before)
    field.fill("Needle")
    page.get_by_role("button", name=re.compile("Match case")).click()
    expect(count).to_have_text("2 of 2")  # and the echo of the command line; the newest comes first
    page.get_by_role("button", name=re.compile("Regular expression")).click()
    field.fill("needle-(")
    expect(page.locator(".term-search-wrong")).to_be_visible()
    field.fill("needle-(7|8)7 ")
    expect(count).to_have_text(re.compile("[12] of 2"))
    page.keyboard.press("Shift+Enter")
    field.fill("no such thing")
    expect(count).to_have_text("nothing found")
    page.keyboard.press("Escape")
    expect(page.locator(".term-search")).to_have_count(0)
    expect(page.locator(".terminal textarea").first).to_be_focused()


def test_a_paste_that_would_run_is_shown_first_and_cannot_press_keys(one: Glass) -> None:
    page = one.page
    one.run("set +o emacs; set +o vi")
    page.evaluate(PASTE, "echo first-$((1+1))\necho second-$((2+2))\x03\x1b[201~\n")
    text = page.locator(".paste-text")
    expect(text).to_have_value("echo first-$((1+1))\necho second-$((2+2))\n")
    expect(page.get_by_role("dialog").get_by_role("button", name="Paste", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(text).to_have_count(0)
    page.evaluate(PASTE, "echo first-$((1+1))\necho second-$((2+2))\n")
    text.fill("echo changed-$((3+3))\necho last-$((4+4))\n")
    page.get_by_role("dialog").get_by_role("button", name="Paste", exact=True).click()
    expect(rows(page)).to_contain_text("last-8")
    shown = browsing.screen(page)
    assert "changed-6" in shown
    assert "first-2" not in shown


def test_a_large_paste_arrives_whole_and_can_be_stopped(one: Glass) -> None:
    page = one.page
    line = "0123456789abcdef" * 4
    text = "".join(f"{line}\n" for _ in range(1000))
    one.type("stty -echo; head -c 65000 | wc -c; stty echo")
    page.evaluate(PASTE, text)
    page.get_by_role("dialog").get_by_role("button", name="Paste", exact=True).click()
    # The prompt is there: what is typed while `stty` changes the line may be nobody's.
    expect(rows(page)).to_contain_text(re.compile(r"65000\s*root@\S+#"), timeout=20_000)
    one.type("sleep 1000")
    page.evaluate(PASTE, text)
    page.get_by_role("dialog").get_by_role("button", name="Paste", exact=True).click()
    card = page.locator(".term-card", has_text="Pasting")
    card.get_by_role("button", name="Stop").click()
    expect(card).to_have_count(0)
    page.locator(".terminal textarea").first.focus()
    page.keyboard.press("Control+C")
    one.run("clear; echo back")


def test_a_program_writes_to_the_clipboard_only_when_allowed(one: Glass) -> None:
    page = one.page
    page.evaluate("navigator.clipboard.writeText('mine')")
    # 'xx' of what a program sends: told apart from the echo of the command line.
    osc = "printf '\\033]52;c;%s\\a' $(printf 'from a %s' program | base64)"
    one.type(osc)
    ask = page.locator(".term-ask")
    expect(ask).to_contain_text("from a program")
    assert clipboard(page) == "mine"
    ask.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("put 14 characters on your clipboard").last).to_be_visible()
    assert clipboard(page) == "from a program"
    expect(page.locator(".terminal textarea").first).to_be_focused()
    one.run("printf '\\033]52;c;?\\a'; read -t 1 answer; echo \"got:$answer:\"")
    assert "got::" in browsing.screen(page), "a question was answered"
    page.reload()  # the same consent, and old output asks nothing
    browsing.prompt(page)
    expect(page.locator(".freshness")).to_have_attribute("data-status", "live")
    expect(page.locator(".term-ask")).to_have_count(0)


def test_a_link_shows_where_it_leads_and_lies_are_told(one: Glass) -> None:
    page = one.page
    one.run(
        "clear; printf '\\033]8;;https://evil.example/x\\033\\\\github.com/login\\033]8;;\\033\\\\ %s\\n'"
        " https://example.org/a; printf '\\033]8;;javascript:alert(1)\\033\\\\never\\033]8;;\\033\\\\\\n'"
    )
    lie = page.locator(".terminal .xterm-rows span", has_text="github.com/login").last
    box = lie.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    expect(page.locator(".term-link")).to_contain_text("https://evil.example/x")
    page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("names another place")
    expect(dialog).to_contain_text("https://evil.example/x")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Terminal options").first.click()
    page.get_by_role("menuitem", name="Links on the screen").click()
    targets = page.get_by_role("dialog").locator(".links-target")
    expect(targets).to_have_count(2)
    assert sorted(targets.all_inner_texts()) == ["https://evil.example/x", "https://example.org/a"]
    assert len(page.context.pages) == 1


def test_commands_are_marked_and_their_output_copied(one: Glass) -> None:
    page = one.page
    one.type(OTHER_SHELL)
    one.type("seq 3; false")
    sign = page.locator(".term-sign[data-code='1']")
    expect(sign).to_have_attribute("aria-label", "Failed, exit code 1")
    one.type("echo one; echo 'two  '")
    expect(page.locator(".term-sign[data-code='0']").last).to_have_attribute("title", "Ended well, exit code 0")
    page.keyboard.press("Shift+F10")
    page.get_by_role("menuitem", name="Copy what the last command printed").click()
    expect(page.get_by_text("is on the clipboard").last).to_be_visible()
    assert clipboard(page) == "one\ntwo"
    one.type("seq 100; echo do''ne")
    expect(rows(page)).to_contain_text("done")
    page.keyboard.press("Control+Shift+ArrowUp")
    expect(rows(page)).to_contain_text("> seq 100")
    page.keyboard.press("Control+Shift+ArrowDown")
    expect(rows(page)).to_contain_text("done")
    page.keyboard.press("Control+Shift+ArrowDown")
    expect(page.get_by_text("There is no command further down.").last).to_be_visible()


def test_a_screen_reader_hears_what_a_command_printed(one: Glass) -> None:
    page = one.page
    page.get_by_role("button", name="Terminal options").first.click()
    page.get_by_role("menuitemcheckbox", name="Screen reader support").click()
    expect(page.get_by_text("Screen reader support is on").last).to_be_visible()
    voice = page.locator(".term-aloud")
    one.type("echo heard-$((20+3))")  # of a shell that does not say where commands end
    expect(voice).to_have_text("heard-23")
    one.type(OTHER_SHELL)
    one.type("seq 500; (exit 7)")
    expect(voice).to_contain_text("Failed, exit code 7")
    expect(voice).to_contain_text("488 more lines before this")
    expect(voice).to_contain_text("500")
    assert page.locator(".xterm-accessibility .live-region").get_attribute("aria-live") == "off"


def test_the_latency_is_told_when_asked_for(one: Glass) -> None:
    page = one.page
    page.get_by_role("button", name="Terminal options").first.click()
    page.get_by_role("menuitemcheckbox", name="How quick is it?").click()
    figures = page.get_by_role("region", name="How quick the terminal is")
    expect(figures).to_contain_text(re.compile(r"(Good|Noticeable|Slow).*ms round trip.*worker [\d.]+ ms.*loop"))
    one.type("true")
    expect(figures).to_contain_text(re.compile(r"key to screen \d"))
    figures.get_by_role("button", name="Close the figures").click()
    expect(figures).to_have_count(0)


@pytest.fixture
def small(browser: Browser, stack: Stack, visitor: Visitor) -> Iterator[Page]:
    page = browsing.person(browser, stack, width=400)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script("localStorage.setItem('terrarium.tour', '3')")
    ident = browsing.launch(page)
    yield page
    page.context.close()
    visitor.call("DELETE", f"/containers/{ident}")
    assert errors == []


def test_keys_for_touch_type_interrupt_and_keep_the_keyboard_open(small: Page) -> None:
    page = small
    row = page.get_by_role("toolbar", name="Keys")
    for key in row.get_by_role("button").all():
        size = key.bounding_box()
        assert size
        assert size["width"] >= 44, key.inner_text()
        assert size["height"] >= 44, key.inner_text()
    field = page.locator(".terminal textarea").first
    browsing.enter(page, "echo ke''ys", "keys")
    row.get_by_role("button", name="Arrow up").tap()
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows(page)).to_contain_text(re.compile("keys.*keys", re.DOTALL))
    page.keyboard.type("sleep 1000")
    page.keyboard.press("Enter")
    row.get_by_role("button", name=re.compile("SIGINT")).tap()
    expect(field).to_be_focused()
    browsing.enter(page, "echo st=$?", "st=130")
    page.keyboard.type("cat")
    page.keyboard.press("Enter")
    row.get_by_role("button", name="Ctrl", exact=True).tap()
    expect(row.get_by_role("button", name="Ctrl", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("d")
    expect(row.get_by_role("button", name="Ctrl", exact=True)).to_have_attribute("aria-pressed", "false")
    for name in ("Vertical bar", "Tilde", "Slash"):
        row.get_by_role("button", name=name).scroll_into_view_if_needed()
        row.get_by_role("button", name=name).tap()
    expect(rows(page)).to_contain_text("|~/")
    browsing.picture(page, "touch-keys-400")
