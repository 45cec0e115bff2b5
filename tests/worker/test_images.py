"""The two images, built for real: what is in them, and what is not."""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.config import RuntimeConfig
from runtime.images import tree
from runtime.images.build import build
from runtime.images.store import ImageStore
from runtime.images.sweep import remove, sweep
from runtime.images.workshop import workshop

pytestmark = pytest.mark.requires("root", "busybox")


def quiet(text: str, done: float) -> None:
    """A report nobody reads."""


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(RuntimeConfig(images_dir=tmp_path / "images"))


@pytest.fixture(scope="module")
def shared() -> ImageStore:
    """The images of this host, built when they are missing, as `./dev test` leaves them for all suites."""
    return ImageStore(RuntimeConfig.from_environ({"TERRARIUM_IMAGES_DIR": _images_dir()}))


def _images_dir() -> str:
    return os.environ.get("TERRARIUM_IMAGES_DIR", "/var/lib/terrarium/images")


@pytest.fixture
def root(shared: ImageStore, tmp_path: Path) -> Iterator[Path]:
    """The debian image's layers in one read-only overlay, in this process's own view: `ls` in it needs no runtime."""
    build(shared, "debian", quiet)
    lower = ":".join(str(path) for path in shared.get("debian").lowerdirs)
    merged = tmp_path / "merged"
    merged.mkdir()
    subprocess.run(["mount", "-t", "overlay", "-o", f"ro,lowerdir={lower}", "overlay", str(merged)], check=True)
    try:
        yield merged
    finally:
        subprocess.run(["umount", str(merged)], check=True)


def test_busybox_is_two_layers_that_a_shell_runs_from(store: ImageStore) -> None:
    image = build(store, "busybox", quiet)
    assert image is not None
    stored = store.get("busybox")
    assert len(stored.lowerdirs) == 2
    program = stored.lowerdirs[1]
    told = subprocess.run(
        ["chroot", str(program), "/bin/sh", "-c", "readlink /bin/ls; ls /bin/sh; echo $((6 * 7))"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert told.stdout.split() == ["busybox", "/bin/sh", "42"]
    assert "root:x:0:0:" in (stored.lowerdirs[0] / "etc/passwd").read_text()
    assert image.command == ["/bin/sh", "-l"]


def test_busybox_built_again_has_the_same_digests(store: ImageStore) -> None:
    first = build(store, "busybox", quiet)
    assert build(store, "busybox", quiet) is None
    again = build(store, "busybox", quiet, again=True)
    assert first is not None
    assert again is not None
    assert [layer.digest for layer in first.layers] == [layer.digest for layer in again.layers]


def test_busybox_of_an_older_recipe_gets_the_settings_of_this_one(store: ImageStore) -> None:
    wanted = build(store, "busybox", quiet)
    assert wanted is not None
    with workshop(store.layout, "busybox") as shop:
        (shop.directory / "old").mkdir()
        (shop.directory / "old/file").write_text("old settings")
        old = shop.adopt(shop.directory / "old", "settings: older")
        shop.publish("busybox", title="old", command=["/old"], layers=[old, wanted.layers[-1]])
    umask = os.umask(0o077)  # the worker's: it must not show in a layer
    try:
        renewed = build(store, "busybox", quiet)
        assert build(store, "busybox", quiet) is None
    finally:
        os.umask(umask)
    assert renewed is not None
    assert (renewed.layers, renewed.command) == (wanted.layers, wanted.command)


def test_a_sealed_layer_still_has_the_digest_it_is_named_by(shared: ImageStore) -> None:
    build(shared, "busybox", quiet)
    build(shared, "debian", quiet)
    for name in ("busybox", "debian"):
        for directory in shared.get(name).lowerdirs:
            assert tree.digest(directory) == f"sha256:{directory.name}"


def test_debian_has_a_base_and_the_teaching_tools_as_layers_of_their_own(shared: ImageStore) -> None:
    build(shared, "debian", quiet)
    settings, tools, base = shared.get("debian").lowerdirs
    for program in ("ps", "ip", "strace", "nano", "less", "vim.tiny", "python3", "pstree", "top"):
        assert not (base / "usr/bin" / program).exists(), program
    assert (tools / "usr/bin/strace").exists()
    assert (base / "usr/bin/bash").exists()
    found = sorted(str(path.relative_to(settings)) for path in settings.rglob("*") if path.is_file())
    assert found == ["etc/bash.bashrc", "etc/terrarium/shell-integration.bash"]
    assert (settings / "etc/bash.bashrc").read_text().startswith((base / "etc/bash.bashrc").read_text())
    assert shared.get("debian").image.size_bytes < 200 * 1024 * 1024


def test_debian_runs_its_tools(root: Path) -> None:
    for program in ("ip", "strace", "vim.tiny", "python3", "lsns", "unshare", "pgrep"):
        subprocess.run(
            ["chroot", str(root), program, "-V" if program == "ip" else "--version"], check=True, capture_output=True
        )


def test_debian_brings_no_device_no_package_lists_and_no_name_of_the_build_host(root: Path) -> None:
    for directory in ("dev", "proc", "sys", "run", "tmp", "var/log", "var/cache/apt/archives/partial"):
        assert [path for path in (root / directory).rglob("*") if not path.is_dir()] == [], directory
    assert [path.name for path in (root / "var/lib/apt/lists").iterdir()] == ["partial"]
    for name in ("etc/hostname", "etc/resolv.conf", "etc/machine-id", "etc/apt/apt.conf.d/99mmdebstrap"):
        assert not (root / name).exists(), name
    for entry in tree.walk(root):
        kind = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
        assert kind not in (stat.S_IFCHR, stat.S_IFBLK), entry.path


def test_debians_ping_asks_for_no_capability(root: Path) -> None:
    """With one that the bounding set lacks, exec(2) would fail."""
    assert "security.capability" not in os.listxattr(root / "usr/bin/ping")


def test_overlays_own_marks_do_not_stay_in_a_layer_but_deletions_do(tmp_path: Path) -> None:
    directories = {name: tmp_path / name for name in ("lower", "upper", "work", "merged")}
    for directory in directories.values():
        directory.mkdir()
    (directories["lower"] / "kept").mkdir()
    (directories["lower"] / "kept/gone").touch()
    (directories["lower"] / "replaced").mkdir()
    (directories["lower"] / "replaced/old").touch()
    script = """
    mount -t overlay -o "lowerdir=$0/lower,upperdir=$0/upper,workdir=$0/work" overlay "$0/merged"
    rm "$0/merged/kept/gone"; touch "$0/merged/kept/new"
    rm -r "$0/merged/replaced"; mkdir "$0/merged/replaced"; touch "$0/merged/replaced/new"
    """
    subprocess.run(["unshare", "--mount", "sh", "-euc", script, str(tmp_path)], check=True)
    upper = directories["upper"]
    tree.clean_upper(upper)
    assert os.listxattr(upper / "kept") == []
    assert os.listxattr(upper / "replaced") == ["trusted.overlay.opaque"]
    assert tree.is_whiteout(os.lstat(upper / "kept/gone"))
    assert tree.is_opaque(str(upper / "replaced"))
    before = tree.digest(upper)
    (upper / "kept/gone").unlink()
    assert tree.digest(upper) != before


def test_a_layer_that_is_mounted_somewhere_outlives_its_image(store: ImageStore, tmp_path: Path) -> None:
    with workshop(store.layout, "held") as shop:  # contents of its own: busybox's layers may be in use by others
        layers = []
        for text in (secrets.token_hex(), secrets.token_hex()):
            (shop.directory / "tree").mkdir()
            (shop.directory / "tree/file").write_text(text)
            layers.append(shop.adopt(shop.directory / "tree", "one file"))
        shop.publish("held", title="Held", command=["/x"], layers=layers)
    place = tmp_path / "bind"
    place.mkdir()
    top, _ = store.get("held").lowerdirs
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-euc", 'mount --bind "$0" "$1"; echo ready; read -r _', str(top), str(place)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        remove(store, "held")
        assert [path.name for path in store.layout.layers.iterdir()] == [top.name]
        holder.communicate("\n")
    sweep(store)
    assert list(store.layout.layers.iterdir()) == []
