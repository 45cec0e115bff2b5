"""Time in the page's hand: what lived too briefly to be seen is told; held still, all panels show one moment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.glass import WAIT, Glass

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

# What each panel shows of the moment, by the names that the snapshot has for the same.
SHOWN = """() => {
  const all = (panel, selector, read) => [...document.querySelectorAll(`[data-panel=${panel}] ${selector}`)].map(read);
  return {
    processes: all('processes', '[role=row][data-side=container]:not(.ended)', one => one.dataset.key),
    namespaces: all('namespaces', '.ns-table tbody tr', one => /\\w+:\\[\\d+\\]/.exec(one.cells[1].textContent)?.[0]),
    changes: all('overlay', '.ov-item:not(.vanished)', one => one.dataset.thing.slice('file:'.length)),
    mounts: document.querySelector('[data-panel=mounts] .panel-summary').textContent,
  };
}"""


def test_births_and_deaths_are_told_even_of_those_that_no_sample_saw(glass: Callable[..., Glass]) -> None:
    opened = glass()
    entries = opened.list_events()
    opened.run("for i in 1 2 3 4 5 6; do sh -c 'exit 3'; done")  # a sample may meet one of them, not all
    death = entries.filter(has_text="ended with exit code 3").filter(has_text="no sample saw it").first
    expect(death).to_be_visible(timeout=WAIT)
    # Its own number and its name are read from /proc: on a busy machine it has ended by then, and they are left out.
    numbers = re.search(r"\((?:PID (\d+) here, |PID )(\d+) on the host\)", death.inner_text())
    assert numbers, death.inner_text()
    inner, outer = None if numbers[1] is None else int(numbers[1]), int(numbers[2])
    event = opened.told("died", pid=outer)
    assert (event.get("ns_pid"), event["code"], event["short"]) == (inner, 3, True)
    assert 0 < event["seconds"] < 1
    born = opened.told("born", pid=outer)
    assert born["seq"] < event["seq"]
    both = re.compile(rf"\(PID {inner} here, {outer} on the host\)|before (?:its name|their names) could be read")
    expect(opened.panel("processes").locator(".proc-brief")).to_contain_text(both)

    opened.run("sh -c 'kill -9 $$'")
    expect(entries.filter(has_text="was ended by SIGKILL").first).to_be_visible(timeout=WAIT)


def test_held_still_the_panels_do_not_move_and_then_catch_up(glass: Callable[..., Glass]) -> None:
    opened = glass()
    page = opened.page
    opened.run("sleep 701 & true")
    row = page.locator("[role=row][data-side=host]", has_text="sleep 702")
    expect(page.locator("[role=row][data-side=host]", has_text="sleep 701")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".freshness")).to_have_attribute("data-status", "paused")
    before = page.locator(".panel-list").inner_html()

    opened.run("sleep 702 & echo x > /root/later")
    opened.told("created", path="/root/later")
    entries = opened.list_events()
    expect(entries.filter(has_text="/root/later")).to_have_count(1, timeout=WAIT)
    expect(entries.filter(has_text="/root/later")).to_have_attribute("data-later", "true")
    assert page.locator(".panel-list").inner_html() == before
    expect(row).to_have_count(0)

    page.get_by_role("button", name="Back to live").first.click()
    expect(row).to_be_visible()
    expect(page.locator('.ov-item[data-thing="file:/root/later"]')).to_be_visible()
    expect(page.locator(".freshness")).to_have_attribute("data-status", "live")


def test_at_each_step_all_panels_agree_and_the_moment_can_be_taken_away(glass: Callable[..., Glass]) -> None:
    opened = glass()
    page = opened.page
    opened.show("mounts")
    for number in (711, 712, 713):
        opened.run(f"sleep {number} & echo x > /root/file-{number}; mkdir -p /m; mount -t tmpfs none /m")
        expect(page.locator(f'.ov-item[data-thing="file:/root/file-{number}"]')).to_be_visible(timeout=WAIT)
    page.locator("#xray").focus()
    page.keyboard.press("p")
    moments = [export(page)]
    agree(page, moments[0])
    line = page.get_by_role("slider", name="Time shown in all panels")
    line.focus()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
        moments.append(export(page))
        agree(page, moments[-1])
        if "/root/file-711" not in moments[-1]["snapshot"]["host"]["overlay"]["changes"]:
            break
    else:
        pytest.fail("stepping back never reached the time before the first file")
    times = [one["taken_at"] for one in moments]
    assert times == sorted(times, reverse=True)
    # Held between two samples, the first step leads to the beginning of the one that is shown already.
    assert len(set(times[1:])) == len(times) - 1
    later = {event["path"] for one in moments[-1:] for event in one["events"] if "path" in event}
    assert "/root/file-713" not in later, "an export has no events from after its moment"
    expect(line).to_have_attribute("aria-valuetext", re.compile("ago"))
    page.keyboard.press("ArrowRight")
    assert export(page)["taken_at"] == times[-2]
    page.keyboard.press("End")
    expect(page.locator(".freshness")).to_have_attribute("data-status", "live")
    expect(page.locator('.ov-item[data-thing="file:/root/file-713"]')).to_be_visible()


def export(page: Page) -> dict[str, Any]:
    """The moment shown, as the file that a person gets."""
    at = page.evaluate("document.activeElement.className")
    page.locator(".xray-menu").click()
    with page.expect_download() as started:
        page.get_by_role("menuitem", name="Export snapshot (JSON)").click()
    saved = started.value
    assert re.fullmatch(r"terrarium-[\w.-]+Z\.json", saved.suggested_filename)
    moment: dict[str, Any] = json.loads(saved.path().read_text())
    if at:
        page.locator(f".{at.split()[0]}").first.focus()
    return moment


def agree(page: Page, moment: dict[str, Any]) -> None:
    """Each panel shows what the file of the moment has."""
    snapshot = moment["snapshot"]
    inside = snapshot["container"]
    tasks = page.locator('[data-thing="cgroup:pids"] .cg-now b')
    tasks.scroll_into_view_if_needed()  # out of sight it need not be drawn
    expect(tasks).to_have_text(str(inside["cgroup"]["summary"]["pids_current"]))
    shown = page.evaluate(SHOWN)
    assert sorted(shown["processes"]) == sorted(inside["processes"])
    assert set(shown["namespaces"]) >= {one["id"] for one in inside["namespaces"].values()}
    assert shown["changes"] == sorted(snapshot["host"]["overlay"]["changes"], key=lambda path: path.split("/"))
    assert shown["mounts"].startswith(f"{len(snapshot['walls']['mounts']['container'])} mounts")


def test_an_entry_of_what_happened_leads_to_its_moment_and_its_panel(glass: Callable[..., Glass]) -> None:
    opened = glass()
    page = opened.page
    opened.show("overlay")
    opened.run("echo x > /root/there")
    expect(page.locator('.ov-item[data-thing="file:/root/there"]')).to_be_visible(timeout=WAIT)
    opened.run("rm /root/there")
    expect(page.locator('.ov-item[data-thing="file:/root/there"]:not(.vanished)')).to_have_count(0, timeout=WAIT)
    opened.list_events().filter(has_text="/root/there was created").get_by_role("button").click()
    expect(page.locator(".freshness")).to_have_attribute("data-status", "paused")
    item = page.locator('.ov-item[data-thing="file:/root/there"]')
    expect(item).to_be_in_viewport()
    expect(item).to_have_attribute("data-hot", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".freshness")).to_have_attribute("data-status", "live")
