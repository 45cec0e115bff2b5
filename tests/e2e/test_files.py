"""Files dropped on a terminal or chosen, and files taken out by path or from a panel: byte for byte the same."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.glass import WAIT, Glass

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

BYTES = random.Random(7).randbytes(3 * 1024 * 1024 + 5)  # noqa: S311  (more than one part of a transfer)
# What a browser does when files, or something else, are dropped on the terminal.
DROP = """([name, data, kind]) => {
  const transfer = new DataTransfer();
  if (name === null) transfer.setData(kind, data);
  else transfer.items.add(new File([Uint8Array.from(atob(data), one => one.charCodeAt(0))], name));
  const target = document.querySelector('.terminal .xterm-screen');
  for (const type of ['dragenter', 'dragover', 'drop']) {
    target.dispatchEvent(new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true}));
    if (type === 'dragover') window.overlay = document.querySelector('.drop-over') !== null;
  }
}"""


def drop(page: Page, name: str | None, data: bytes, kind: str = "text/plain") -> None:
    text = base64.b64encode(data).decode() if name is not None else data.decode()
    page.evaluate(DROP, [name, text, kind])


def question(page: Page) -> Locator:
    return page.get_by_role("dialog", name=re.compile("^Upload to "))


def line(page: Page, words: str) -> Locator:
    return page.locator(".upload", has_text=words)


def digest(opened: Glass, path: str, wanted: bytes) -> None:
    """What the container's own program says of the file."""
    opened.type(f"clear; sha256sum '{path}'")
    rows = opened.page.locator(".terminal .xterm-rows").first
    expect(rows).to_contain_text(hashlib.sha256(wanted).hexdigest()[:40], timeout=WAIT)


def choose(page: Page, *files: Path) -> None:
    page.get_by_role("button", name="Terminal options").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Upload files…").click()
    chooser.value.set_files(files)


def test_a_file_dropped_on_the_terminal_arrives_and_comes_back(glass: Callable[..., Glass], tmp_path: Path) -> None:
    opened = glass()
    page = opened.page
    drop(page, None, b"rm -rf /")
    expect(question(page)).to_have_count(0)

    name = "a b's 文件.bin"
    drop(page, name, BYTES)
    dialog = question(page)
    expect(dialog).to_contain_text(name)
    expect(dialog.get_by_label("Directory in the container")).to_have_value("/root")
    dialog.get_by_role("button", name="Upload 1 file").click()
    done = line(page, f"Uploaded to /root/{name}")
    expect(done).to_be_visible(timeout=WAIT * 3)
    opened.type("cp a*.bin x; true")
    digest(opened, "x", BYTES)
    page.locator(".terminal textarea").first.focus()
    page.keyboard.type("ls -l ")
    done.get_by_role("button", name="Type its path").click()
    page.keyboard.press("Enter")
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text(str(len(BYTES)), timeout=WAIT)
    expect(done).to_have_count(0)

    page.get_by_role("button", name="Terminal options").click()
    page.get_by_role("menuitem", name="Download a file…").click()
    asked = page.get_by_role("dialog", name=re.compile("^Download from "))
    asked.get_by_label("Path of the file").fill("/root/nothing")
    asked.get_by_role("button", name="Download").click()
    expect(asked).to_contain_text("There is no /root/nothing in the container.")
    asked.get_by_label("Path of the file").fill(f"/root/{name}")
    with page.expect_download() as download:
        asked.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == BYTES
    assert "/" not in download.value.suggested_filename

    panel = opened.show("overlay")
    panel.locator(".fv > summary").click()
    for step in ("root", "x"):
        panel.locator(".fv-name", has_text=re.compile(rf"^{step}\b")).click()
    with page.expect_download() as download:
        panel.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "x"
    download.value.save_as(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BYTES


def test_names_that_are_taken_are_asked_about_and_what_cannot_be_sent_is_told_before(
    glass: Callable[..., Glass], tmp_path: Path
) -> None:
    opened = glass()
    page = opened.page
    (tmp_path / "one.txt").write_bytes(b"new")
    (tmp_path / "two.txt").write_bytes(b"2")
    opened.run("echo old > /tmp/one.txt")
    choose(page, tmp_path / "one.txt", tmp_path / "two.txt")
    dialog = question(page)
    dialog.get_by_label("Directory in the container").fill("tmp")
    expect(dialog).to_contain_text("A directory begins with")
    dialog.get_by_label("Directory in the container").press("Enter")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Directory in the container").fill("/tmp")
    dialog.get_by_role("button", name="Upload 2 files").click()
    expect(line(page, "Uploaded to /tmp/two.txt")).to_be_visible(timeout=WAIT)
    asked = line(page, "/tmp/one.txt is there already.")
    expect(asked).to_be_visible()
    asked.get_by_role("button", name="Keep both").click()
    expect(line(page, "Uploaded to /tmp/one-2.txt")).to_be_visible(timeout=WAIT)
    digest(opened, "/tmp/one.txt", b"old\n")
    digest(opened, "/tmp/one-2.txt", b"new")

    choose(page, tmp_path / "one.txt")
    question(page).get_by_label("Directory in the container").fill("/nowhere")
    question(page).get_by_role("button", name="Upload 1 file").click()
    expect(line(page, "There is no /nowhere in the container.")).to_be_visible(timeout=WAIT)

    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    choose(page, large)
    expect(question(page)).to_contain_text("Too large: at most 64 MiB")
    expect(question(page).get_by_role("button", name=re.compile("^Upload "))).to_have_count(0)
    question(page).get_by_role("button", name="Close").last.click()

    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=WAIT)
    drop(page, "late.txt", b"x")
    expect(question(page).get_by_role("alert")).to_contain_text("is not running")
    expect(question(page).get_by_role("button", name="Upload 1 file")).to_have_attribute("aria-disabled", "true")
