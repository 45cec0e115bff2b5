"""The image store without root: names, digests, what is found and what is refused, what a cut-short build leaves."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from runtime.config import RuntimeConfig
from runtime.errors import Code, Fault
from runtime.images import init_layer, shell, tree
from runtime.images.build import build
from runtime.images.layout import Layout, valid_name
from runtime.images.store import ImageStore
from runtime.images.sweep import remove, sweep
from runtime.images.workshop import workshop
from runtime.protocol import model


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(RuntimeConfig(images_dir=tmp_path / "images"))


def make(store: ImageStore, name: str, *contents: str) -> model.Image:
    """An image with one layer for each text, top first."""
    with workshop(store.layout, name) as place:
        layers = []
        for text in contents:
            built = place.directory / "tree"
            built.mkdir()
            (built / "file").write_text(text)
            tree.clamp_mtimes(built, 1_700_000_000)
            layers.append(place.adopt(built, f"a layer that says {text}"))
        return place.publish(name, title="An image", command=["/bin/sh"], layers=layers)


def test_an_image_is_found_with_its_layers_top_first(store: ImageStore) -> None:
    made = make(store, "two", "upper", "lower")
    stored = store.get("two")
    assert stored.image == made
    assert [(path / "file").read_text() for path in stored.lowerdirs] == ["upper", "lower"]
    assert [layer.digest.removeprefix("sha256:") for layer in made.layers] == [path.name for path in stored.lowerdirs]
    assert store.list() == [made]


def test_a_layer_is_kept_once_for_all_images_that_have_it(store: ImageStore) -> None:
    one, two = make(store, "one", "a", "shared"), make(store, "two", "b", "shared")
    assert one.layers[1] == two.layers[1]
    assert len(list(store.layout.layers.iterdir())) == 3


def test_layers_are_for_root_alone(store: ImageStore) -> None:
    make(store, "one", "a")
    assert store.layout.layers.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["", "../etc", "a/b", ".hidden", "UPPER", "a" * 65, "a\n", "a b", "sha256:0"])
def test_what_is_no_name_is_refused_before_the_disk_is_touched(name: str) -> None:
    with pytest.raises(Fault) as caught:
        valid_name(name)
    assert (caught.value.code, caught.value.field) == (Code.INVALID_SPEC, "image")


def test_an_unknown_image_is_not_found_and_says_how_to_build_one(store: ImageStore) -> None:
    with pytest.raises(Fault) as caught:
        store.get("fedora")
    assert caught.value.code is Code.NOT_FOUND
    assert "images build" in (caught.value.hint or "")


def test_an_image_whose_layer_is_gone_is_invalid_and_not_listed(store: ImageStore) -> None:
    image = make(store, "torn", "a")
    store.layout.layer(image.layers[0].digest).rename(store.layout.root / "elsewhere")
    with pytest.raises(Fault) as caught:
        store.get("torn")
    assert caught.value.code is Code.IMAGE_INVALID
    assert store.list() == []


def test_a_layer_replaced_by_a_symlink_is_invalid(store: ImageStore, tmp_path: Path) -> None:
    image = make(store, "swapped", "a")
    place = store.layout.layer(image.layers[0].digest)
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Fault, match="missing"):
        store.get("swapped")


@pytest.mark.parametrize("text", ["", "{", '{"name": 1}', "[]"])
def test_a_damaged_index_is_invalid_and_does_not_hide_the_others(store: ImageStore, text: str) -> None:
    make(store, "good", "a")
    store.layout.entry("bad").write_text(text)
    with pytest.raises(Fault) as caught:
        store.get("bad")
    assert caught.value.code is Code.IMAGE_INVALID
    assert [image.name for image in store.list()] == ["good"]


def test_an_interrupted_build_changes_nothing_and_leaves_nothing(store: ImageStore) -> None:
    before = make(store, "one", "a")

    def interrupted() -> None:
        with workshop(store.layout, "one") as place:
            (place.directory / "half").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.get("one").image == before
    assert not (store.layout.building / "one").exists()


def test_what_a_killed_build_left_is_removed_by_the_next_one(store: ImageStore) -> None:
    store.layout.ensure()
    left = store.layout.building / "one/half"
    left.mkdir(parents=True)
    make(store, "one", "a")
    assert not left.exists()


def test_a_second_builder_of_the_same_image_is_told_that_it_waits(store: ImageStore) -> None:
    class Waited(Exception):
        pass

    def say() -> None:
        raise Waited  # in place of waiting for ever: the first builder is this test itself

    with workshop(store.layout, "one"):
        with pytest.raises(Waited), workshop(store.layout, "one", waits=say):
            pass
        with workshop(store.layout, "other", waits=say):
            pass  # another name does not wait


def test_removing_an_image_frees_what_no_other_needs(store: ImageStore) -> None:
    make(store, "one", "a", "shared")
    kept = make(store, "two", "bb", "shared")
    store.init_layer()
    assert remove(store, "one") == len("a")
    assert store.list() == [kept]
    assert store.get("two").lowerdirs[1].is_dir()
    assert store.init_layer().is_dir()
    with pytest.raises(Fault):
        remove(store, "one")


def test_a_sweep_finishes_what_a_killed_sweep_began(store: ImageStore) -> None:
    store.layout.ensure()
    doomed = store.layout.building / "doomed-00"
    doomed.mkdir()
    sweep(store)
    assert not doomed.exists()


def test_the_init_layer_has_real_directories_and_empty_files(store: ImageStore) -> None:
    top = store.init_layer()
    assert store.init_layer() == top
    for name, mode in init_layer.DIRECTORIES.items():
        path = top / name
        assert path.is_dir()
        assert not path.is_symlink()
        assert path.stat().st_mode & 0o7777 == mode, name
    for name in init_layer.FILES:
        assert (top / name).read_bytes() == b""
        assert not (top / name).is_symlink()
    record = store.init_record()
    assert record.title == "init layer"
    assert store.layout.layer(record.digest) == top


def test_no_layer_path_has_a_colon_for_overlayfs_would_split_there(store: ImageStore) -> None:
    assert ":" not in store.init_layer().name
    with pytest.raises(Fault):
        Layout(store.layout.root).layer("sha256:../../etc")


class TestDigest:
    """Equal content, equal digest; anything a container could tell apart, another one."""

    @pytest.fixture
    def layer(self, tmp_path: Path) -> Path:
        root = tmp_path / "layer"
        (root / "bin").mkdir(parents=True)
        (root / "bin/tool").write_bytes(b"tool")
        (root / "bin/link").symlink_to("tool")
        os.link(root / "bin/tool", root / "bin/same")
        tree.clamp_mtimes(root, 1_000_000_000)
        return root

    def test_is_stable_and_has_the_form_of_a_digest(self, layer: Path) -> None:
        first = tree.digest(layer)
        assert first == tree.digest(layer)
        assert first.startswith("sha256:")
        assert len(first) == 71

    def test_does_not_depend_on_where_the_tree_lies(self, layer: Path, tmp_path: Path) -> None:
        before = tree.digest(layer)
        assert tree.digest(layer.rename(tmp_path / "moved")) == before

    @pytest.mark.parametrize("change", ["content", "mode", "name", "target", "extra", "date"])
    def test_changes_with(self, layer: Path, change: str) -> None:
        before = tree.digest(layer)
        match change:
            case "content":
                (layer / "bin/tool").write_bytes(b"loot")
            case "mode":
                (layer / "bin/tool").chmod(0o4755)
            case "name":
                (layer / "bin/tool").rename(layer / "bin/took")
            case "target":
                (layer / "bin/link").unlink()
                (layer / "bin/link").symlink_to("same")
            case "extra":
                (layer / "bin/empty").touch()
            case "date":
                os.utime(layer / "bin/tool", (1, 1))
        if change != "date":
            tree.clamp_mtimes(layer, 1_000_000_000)
        assert tree.digest(layer) != before

    def test_a_file_with_two_names_is_counted_once(self, layer: Path) -> None:
        assert tree.size(layer) == len(b"tool")

    def test_a_socket_is_no_part_of_a_layer(self, layer: Path) -> None:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(layer / "socket"))
            with pytest.raises(ValueError, match="no sockets"):
                tree.digest(layer)


def test_debian_of_an_older_recipe_is_renewed_with_no_archive(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workshop(store.layout, "debian") as place:
        base, tools = place.directory / "base", place.directory / "tools"
        (base / "etc").mkdir(parents=True)
        (base / "etc/bash.bashrc").write_text("# as the package has it\n")
        tools.mkdir()
        (tools / "file").write_text("tools")
        for each in (base, tools):
            tree.clamp_mtimes(each, 1_700_000_000)
        old = [place.adopt(tools, "tools"), place.adopt(base, "base")]
        place.publish("debian", title="Debian", command=["/old"], layers=old)
    monkeypatch.setenv("PATH", "/nonexistent")
    renewed = build(store, "debian", lambda *_: None)
    assert renewed is not None
    assert renewed.layers[1:] == old
    assert renewed.layers[0].title == "settings: marks for the terminal"
    assert renewed.command == ["/bin/bash", "-l"]
    settings = store.get("debian").lowerdirs[0]
    assert (settings / "etc/bash.bashrc").read_text().startswith("# as the package has it\n")
    assert (settings / shell.BASH_FILE).stat().st_mode & 0o777 == 0o644
    assert (settings / "etc").stat().st_mode & 0o777 == 0o755
    assert build(store, "debian", lambda *_: None) is None
    monkeypatch.setattr(shell, "BASHRC_LINES", "# another line\n")
    again = build(store, "debian", lambda *_: None)
    assert again is not None
    assert again.layers[1:] == old
    assert again.layers[0] != renewed.layers[0]
