"""What an image's author may try: paths that the runtime mounts or writes, made into symlinks that lead out.

Each trap is a layer over busybox, in an image directory of the test's own. The container may be refused, or start
and be harmless; the canary directory on the host, which everyone may write, must stay empty.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.config import RuntimeConfig
from runtime.errors import Fault
from runtime.images.store import ImageStore
from runtime.images.workshop import workshop
from tests.worker import box as boxes

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")

HIDDEN = ("dev", "proc", "sys", "etc", "tmp", "run", "root")
"""Directories of the init layer: an image's symlink of that name is not even seen."""


def link(name: str) -> Callable[[Path, Path], None]:
    """The trap: `name` leads to the canary."""

    def set_up(layer: Path, canary: Path) -> None:
        (layer / name).parent.mkdir(parents=True, exist_ok=True)
        (layer / name).symlink_to(canary)

    return set_up


def fifo_passwd(layer: Path, canary: Path) -> None:
    (layer / "etc").mkdir()
    os.mkfifo(layer / "etc/passwd")


def huge_passwd(layer: Path, canary: Path) -> None:
    (layer / "etc").mkdir()
    (layer / "etc/passwd").write_bytes(b"root:x:0:0::/root:/bin/sh\n" * 200_000)


def many_links(layer: Path, canary: Path) -> None:
    (layer / "etc").mkdir()
    for number in range(41):
        (layer / f"etc/{number}").symlink_to(f"{number + 1}")
    (layer / "etc/41").symlink_to("0")
    (layer / "etc/passwd").symlink_to("0")


def files_for_directories(layer: Path, canary: Path) -> None:
    for name in HIDDEN:
        (layer / name).write_text("not a directory\n")


TRAPS = {
    **{f"/{name}": link(name) for name in (*HIDDEN, "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/passwd")},
    "/dev/pts": link("dev/pts"),
    "/dev/shm": link("dev/shm"),
    "a fifo for /etc/passwd": fifo_passwd,
    "5 MB of /etc/passwd": huge_passwd,
    "a ring of symlinks": many_links,
    "files for directories": files_for_directories,
}


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A directory on the host that anyone, a mapped root too, could write to."""
    tmp_path.chmod(0o711)
    directory = tmp_path / "canary"
    directory.mkdir()
    directory.chmod(0o777)
    return directory


def trap_image(settings: RuntimeConfig, trap: str, canary: Path) -> None:
    """`trap`: busybox with the trap as its top layer."""
    boxes.ready_images(settings)
    store = ImageStore(settings)
    below = store.get("busybox").image
    with workshop(store.layout, "trap") as place:
        layer = place.directory / "layer"
        layer.mkdir()
        TRAPS[trap](layer, canary)
        top = place.adopt(layer, "a trap")
        place.publish("trap", title="Trap", command=["sleep", "1000"], layers=[top, *below.layers])


@pytest.mark.parametrize("trap", list(TRAPS))
async def test_39_an_image_leads_the_runtime_nowhere(
    tmp_path: Path, canary: Path, trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.engine.oci.SECONDS", 5.0)  # runc opens the fifo, and is killed
    settings = boxes.config(tmp_path, images=tmp_path / "images")
    trap_image(settings, trap, canary)
    with boxes.host_stays_as_it_is():
        async with boxes.engine(settings) as engine:
            refusal = None
            try:
                box = await boxes.launch(engine, image="trap")
                said = await box.sh("echo x > /dev/shm/x; echo x > /tmp/x; echo x > /run/x; echo $((6*7)); id -u")
                assert said.lines == ["42", "0"]
            except Fault as fault:
                refusal = fault
            finally:
                boxes.close_terminals()
    assert os.listdir(canary) == []
    assert os.stat(canary).st_uid == 0
    hidden = trap.removeprefix("/") in HIDDEN
    assert not (hidden and refusal), f"the init layer should have hidden it: {refusal}"
