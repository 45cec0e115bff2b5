"""A write in the terminal arrives in the upper layer before one's eyes; any path tells where it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.glass import WAIT, Glass

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

SOON = 1.0
"""Seconds from the end of the command, on the page's own clock."""


@pytest.fixture
def opened(glass: Callable[..., Glass]) -> Glass:
    opened = glass()
    expect(opened.panel("overlay").locator(".ov-slab.lower").first).to_be_visible(timeout=WAIT)
    return opened


@pytest.fixture
def page(opened: Glass) -> Page:
    return opened.page


# What is typed; the deed and its path; the sentence in the list of events; what the upper layer then has.
CHANGES = {
    "append": ("echo x >> /etc/profile", "copied_up", "/etc/profile", "was copied up", "copied up"),
    "remove": ("rm /etc/group", "whiteout", "/etc/group", "was deleted", "whiteout"),
    "replace": ("rm -rf /bin && mkdir /bin", "opaque", "/bin", "became opaque", "opaque"),
    "make": ("mkdir /one", "created", "/one", "was created", "created"),
    "rename": ("mv /one /two", "renamed", "/two", "was renamed", "created"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told_and_in_the_layer_within_a_second(opened: Glass, change: str) -> None:
    command, deed, path, sentence, kind = CHANGES[change]
    if change == "rename":
        opened.run("mkdir /one")
    opened.list_events()
    opened.show("overlay")  # out of sight it is drawn seldom
    after = opened.timed(
        command,
        arrival=(f".ov-arrival.{deed}", path),
        told=(".happened-list li", sentence),
        layer=(f'.ov-item[data-thing="file:{path}"]', kind),
    )
    assert max(after.values()) <= SOON, after
    opened.told(deed, **{"to" if deed == "renamed" else "path": path})


def test_a_directory_of_the_image_is_copied_when_it_is_renamed(opened: Glass) -> None:
    """Without `redirect_dir` rename(2) answers EXDEV, and mv(1) does by hand what the kernel refused."""
    opened.list_events()
    opened.show("overlay")
    after = opened.timed(
        "mv /home /here",
        created=(".ov-arrival.created", "/here"),
        whiteout=(".ov-arrival.whiteout", "/home"),
        copy=('.ov-item[data-thing="file:/here/student"]', "created"),
        gone=('.ov-item[data-thing="file:/home"]', "whiteout"),
    )
    assert max(after.values()) <= SOON, after


def test_a_deleted_path_tells_where_it_still_is(opened: Glass, page: Page) -> None:
    opened.run("rm /etc/group")
    page.locator('.ov-item[data-thing="file:/etc/group"]').get_by_role("button").click(timeout=WAIT)
    expect(page.locator(".pv-verdict")).to_contain_text("Deleted", timeout=WAIT)
    expect(page.locator(".pv-layer.whiteout")).to_contain_text("upperdir")
    expect(page.locator(".pv-layer.hidden")).to_have_count(1)


@pytest.mark.parametrize(
    ("path", "verdict", "hit"),
    [("/etc/passwd", "Untouched", "lowerdir 2"), ("/root/new", "Created here", "upperdir"), ("/no", "Not there", None)],
)
def test_any_path_tells_which_layer_it_comes_from(
    opened: Glass, page: Page, path: str, verdict: str, hit: str | None
) -> None:
    opened.run("echo new > /root/new")
    page.get_by_role("combobox", name="Path inside").fill(path)
    page.keyboard.press("Enter")
    expect(page.locator(".pv-verdict")).to_contain_text(verdict, timeout=WAIT)
    hits = page.locator(".pv-layer.hit")
    expect(hits).to_have_count(0 if hit is None else 1)
    if hit is not None:
        expect(hits).to_contain_text(hit)
        page.locator(".pv-verdict").get_by_role("button").click()
        wanted = "new\n" if path == "/root/new" else "root:"
        expect(page.locator(".fv-text")).to_contain_text(wanted, timeout=WAIT)


def test_the_mount_is_told_as_docker_inspect_tells_it(opened: Glass, page: Page) -> None:
    page.get_by_text("As docker inspect says it").click()
    line = page.locator(".ov-options", has_text="GraphDriver").or_(page.locator(".ov-options", has_text='"Data"'))
    driver = json.loads(line.first.inner_text())
    assert set(driver) == {"Data", "Name"}
    assert driver["Name"] == "overlay2"
    assert set(driver["Data"]) >= {"LowerDir", "MergedDir", "UpperDir", "WorkDir"}
    assert all(isinstance(value, str) for value in driver["Data"].values())
    snapshot = opened.snapshot()
    assert driver == snapshot["graph_driver"]
    assert driver["Data"]["LowerDir"].split(":") == snapshot["host"]["overlay"]["lowerdir"]
    assert driver["Data"]["UpperDir"] == snapshot["host"]["overlay"]["upperdir"]


def test_files_are_walked_with_the_keys_and_their_content_does_nothing(opened: Glass, page: Page) -> None:
    name = "$'/a\\033[2J<b>'"
    opened.run(f"echo '<img src=x onerror=alert(1)>' > {name}")
    page.locator(".fv > summary").click()
    first = page.locator(".fv-name").first
    expect(first).to_have_text("a\\x1b[2J<b>", timeout=WAIT)
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".fv-text")).to_have_text("<img src=x onerror=alert(1)>\n", timeout=WAIT)
    expect(page.locator(".fv-text img")).to_have_count(0)
    page.keyboard.press("Backspace")
    expect(page.locator(".fv-name:focus")).to_have_text("a\\x1b[2J<b>", timeout=WAIT)


def test_the_walls_are_read_and_the_profile_answers(opened: Glass, page: Page) -> None:
    for name in ("mounts", "devices", "identity", "network"):
        opened.show(name)
    expect(page.locator(".dv-lesson")).to_contain_text("has no disk", timeout=WAIT)
    expect(page.locator(".id-caps")).to_contain_text("Held: 11 of 41")
    expect(page.locator(".nw-none")).to_contain_text("only lo")
    expect(page.locator(".mt-side.world-container .mt-path").first).to_have_text("/")
    page.locator(".sc > summary").click()
    page.get_by_label("Look up a system call").fill("mount")
    expect(page.locator(".sc-first")).to_have_text("mount → refused with EPERM", timeout=WAIT)
