"""The walk of an upper layer whose names were made by someone who may wish us ill."""

from __future__ import annotations

import dataclasses
import os
import socket
from pathlib import Path

import msgspec
import pytest

from runtime.probes import overlay, upper_listing
from tests.support.proc_tree import world


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    path = tmp_path / "upper"
    path.mkdir()
    return path


def _changes(upper: Path) -> tuple[overlay.Changes, bool, dict[str, str]]:
    target = dataclasses.replace(world(upper.parent / "world").target, upperdir=str(upper))
    _, host, gaps = overlay.Overlays().take(target, None, 0.0)
    return host.changes, host.changes_truncated, gaps


def test_each_kind_of_entry_is_told(upper: Path) -> None:
    (upper / "etc").mkdir()
    (upper / "etc/motd").write_text("x" * 5000)
    (upper / "link").symlink_to("/etc/shadow")
    os.mkfifo(upper / "fifo")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(upper / "socket"))
    changes, truncated, _ = _changes(upper)
    assert {path: change.type for path, change in changes.items()} == {
        "/etc": "dir",
        "/etc/motd": "file",
        "/fifo": "fifo",
        "/link": "symlink",
        "/socket": "socket",
    }
    assert changes["/etc/motd"].size_bytes == 5000
    assert changes["/etc/motd"].blocks_bytes >= 5000
    assert not truncated


def test_blocks_are_what_is_really_taken(upper: Path) -> None:
    with open(upper / "sparse", "wb") as file:
        file.truncate(1 << 30)
    change = _changes(upper)[0]["/sparse"]
    assert (change.size_bytes, change.blocks_bytes) == (1 << 30, 0)


def test_no_link_is_followed_out_of_the_upper(upper: Path) -> None:
    (upper.parent / "outside").mkdir()
    (upper.parent / "outside/secret").write_text("x")
    (upper / "way").symlink_to(upper.parent / "outside")
    assert list(_changes(upper)[0]) == ["/way"]
    assert "secret" not in upper_listing.listing(str(upper), 65536)[0]


def test_an_upper_that_is_a_link_itself_is_refused(upper: Path) -> None:
    upper.rmdir()
    upper.symlink_to("/etc")
    changes, _, gaps = _changes(upper)
    assert changes == {}
    assert "overlay.changes" in gaps


def test_long_names_are_cut_and_that_is_said(upper: Path) -> None:
    directory = upper
    for _ in range(15):
        directory = directory / ("\x01" * 250)
        directory.mkdir()
    for number in range(200):
        (directory / f"{number:03}").touch()
    changes, truncated, gaps = _changes(upper)
    assert truncated
    assert len(msgspec.json.encode(changes)) < 1_000_000
    assert "paths" in gaps["overlay.changes"]


def test_many_entries_are_cut_and_that_is_said(upper: Path) -> None:
    for number in range(overlay.MAX_CHANGES + 20):
        (upper / f"{number:04}").touch()
    changes, truncated, gaps = _changes(upper)
    assert len(changes) == overlay.MAX_CHANGES
    assert truncated
    assert "500" in gaps["overlay.changes"]


def test_depth_has_an_end(upper: Path) -> None:
    path = upper
    for _ in range(overlay.MAX_DEPTH + 10):
        path = path / "d"
        path.mkdir()
    changes, truncated, _ = _changes(upper)
    assert truncated
    assert len(changes) == overlay.MAX_DEPTH + 1


def test_names_that_are_no_text_are_escaped(upper: Path) -> None:
    Path(os.fsdecode(os.fsencode(upper) + b"/\xff\n")).touch()
    assert list(_changes(upper)[0]) == ["/\\xff\n"]


def test_a_walk_is_kept_until_something_changes(upper: Path) -> None:
    target = dataclasses.replace(world(upper.parent / "world").target, upperdir=str(upper))
    probe = overlay.Overlays()
    one = probe.take(target, None, 0.0)
    (upper / "new").write_text("x" * 9000)
    two = probe.take(target, None, 10.0)
    assert list(two[1].changes) == ["/new"]
    assert one[1] is not two[1]
    assert probe.take(target, None, 20.0)[1].changes is two[1].changes


def test_inside_the_container_the_mount_is_its_root(upper: Path) -> None:
    target = dataclasses.replace(world(upper.parent / "world").target, upperdir=str(upper))
    inside, host, _ = overlay.Overlays().take(target, None, 0.0)
    assert (inside.merged, host.merged) == ("/", target.merged)
    assert host.upper_limit_bytes
    assert host.upper_used_bytes is not None


def test_the_listing_is_what_find_prints_and_ends_at_its_limit(upper: Path) -> None:
    (upper / "a").mkdir()
    (upper / "a/b").write_text("12345")
    raw, truncated = upper_listing.listing(str(upper), 65536)
    assert [line.rsplit(" ", 1)[1] for line in raw.splitlines()] == ["a", "a/b"]
    assert raw.splitlines()[1].startswith("-rw")
    assert not truncated
    assert upper_listing.listing(str(upper), 30)[1]
