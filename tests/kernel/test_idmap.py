"""Layers seen through an id map, under an overlay: shared, and not changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.kernel import idmap, mounts
from tests.support import leaks, private_mounts

pytestmark = pytest.mark.requires("root", "userns", "overlay")
BASE = 1_946_157_056


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory whose mounts are taken off at the end, as the guard proves."""
    private_mounts.enter()
    with leaks.none(tmp_path.name):
        try:
            yield tmp_path
        finally:
            mounts.unmount_below(str(tmp_path))


def _layer(place: Path, name: str, owner: int = 0) -> Path:
    layer = place / name
    layer.mkdir()
    (layer / "file").write_text(name)
    (layer / name).write_text(name)
    os.chown(layer / "file", owner, owner)
    return layer


def test_owners_are_shifted_into_the_range(place: Path) -> None:
    layer, seen = _layer(place, "layer", owner=33), place / "seen"
    seen.mkdir()
    userns = idmap.userns(BASE, 65_536)
    try:
        assert not os.get_inheritable(userns)
        mounts.idmapped(str(layer), str(seen), userns)
    finally:
        os.close(userns)
    assert os.stat(seen / "file").st_uid == BASE + 33
    assert os.stat(seen).st_uid == BASE
    assert os.stat(layer / "file").st_uid == 33


def test_the_bind_is_read_only(place: Path) -> None:
    layer, seen = _layer(place, "layer"), place / "seen"
    seen.mkdir()
    userns = idmap.userns(BASE, 65_536)
    mounts.idmapped(str(layer), str(seen), userns)
    os.close(userns)
    with pytest.raises(OSError, match="Read-only"):
        (seen / "new").touch()


def test_ids_outside_the_range_are_nobody(place: Path) -> None:
    layer, seen = _layer(place, "layer", owner=70_000), place / "seen"
    seen.mkdir()
    userns = idmap.userns(BASE, 65_536)
    mounts.idmapped(str(layer), str(seen), userns)
    os.close(userns)
    assert os.stat(seen / "file").st_uid == 65_534


def test_two_containers_share_a_layer_under_ranges_of_their_own(place: Path) -> None:
    layer = _layer(place, "layer")
    for number in (0, 1):
        seen = place / f"seen{number}"
        seen.mkdir()
        userns = idmap.userns(BASE + number * 65_536, 65_536)
        mounts.idmapped(str(layer), str(seen), userns)
        os.close(userns)
    assert [os.stat(place / f"seen{number}" / "file").st_uid - BASE for number in (0, 1)] == [0, 65_536]


def test_write_lands_in_the_upper_and_top_layer_wins(place: Path) -> None:
    layers = [_layer(place, "top"), _layer(place, "bottom")]
    disk, merged = place / "disk", place / "merged"
    disk.mkdir()
    merged.mkdir()
    mounts.tmpfs(str(disk), size_bytes=1 << 20, inodes=64, mode=0o700)
    (disk / "upper").mkdir()
    (disk / "work").mkdir()
    mounts.overlay(str(merged), lower=[str(layer) for layer in layers], upper=str(disk / "upper"),
                   work=str(disk / "work"))  # fmt: skip
    assert (merged / "file").read_text() == "top"
    assert {entry.name for entry in merged.iterdir()} == {"file", "top", "bottom"}
    (merged / "file").write_text("changed")
    assert (disk / "upper" / "file").read_text() == "changed"
    assert (layers[0] / "file").read_text() == "top"
    with pytest.raises(OSError, match="No space"):
        (merged / "big").write_bytes(b"x" * (2 << 20))


def test_inodes_of_the_upper_are_bounded(place: Path) -> None:
    disk = place / "disk"
    disk.mkdir()
    mounts.tmpfs(str(disk), size_bytes=1 << 20, inodes=8, mode=0o700)

    def fill() -> None:
        for number in range(20):
            (disk / str(number)).touch()

    with pytest.raises(OSError, match="No space"):
        fill()


def test_unmount_takes_off_what_is_stacked_or_busy_and_forgives_what_is_not_there(place: Path) -> None:
    disk = place / "disk"
    disk.mkdir()
    for _ in range(2):
        mounts.tmpfs(str(disk), size_bytes=1 << 20, inodes=64, mode=0o700)
    with open(disk / "busy", "w"):
        mounts.unmount(str(disk))
    assert not os.path.ismount(disk)
    mounts.unmount(str(disk))
    mounts.unmount(str(place / "nowhere"))
    mounts.remove_directories(str(disk))
    mounts.remove_directories(str(disk))
    assert not disk.exists()


def test_the_host_does_not_see_what_is_mounted(place: Path) -> None:
    disk = place / "disk"
    disk.mkdir()
    mounts.tmpfs(str(disk), size_bytes=1 << 20, inodes=64, mode=0o700)
    assert mounts.points(str(disk)) == [str(disk)]
    outside = Path(f"/proc/{os.getppid()}/mountinfo").read_text()
    assert str(disk) not in outside
