"""What a person reads while images are built."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runtime.errors import Code, Fault
from runtime.images import build as building
from runtime.images import cli
from runtime.images.debian import _Watch
from runtime.images.recipe import Recipe, Report
from runtime.images.workshop import Workshop
from runtime.protocol import model


@pytest.fixture(autouse=True)
def _images(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TERRARIUM_IMAGES_DIR", str(tmp_path / "images"))
    monkeypatch.setattr("os.geteuid", lambda: 0)


def recipe(monkeypatch: pytest.MonkeyPatch, name: str = "tiny", **changes: object) -> None:
    def build(place: Workshop, report: Report) -> list[model.Layer]:
        report("writing a file", 0.5)
        (place.directory / "tree").mkdir()
        (place.directory / "tree/file").write_text(name)
        return [place.adopt(place.directory / "tree", "one file")]

    fields: dict[str, object] = {"name": name, "title": "Tiny", "command": ["/x"], "needs": {}, "build": build}
    monkeypatch.setitem(building.RECIPES, name, Recipe(**{**fields, **changes}))  # type: ignore[arg-type]


def test_progress_is_one_line_a_step_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe(monkeypatch)
    assert cli.main(["build", "tiny"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "tiny:  50% writing a file"
    assert out[-1].startswith("tiny       0 MiB in 1 layers")


def test_a_second_build_says_that_it_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe(monkeypatch)
    cli.main(["build", "tiny"])
    capsys.readouterr()
    assert cli.main(["build", "tiny"]) == 0
    assert "already built" in capsys.readouterr().out


def test_the_bar_moves_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    bar = cli.Bar("tiny")
    bar("halfway", 0.5)
    assert "████████████░░░░░░░░░░░░  50%  halfway" in capsys.readouterr().out


def test_a_missing_program_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe(monkeypatch, needs={"no-such-program": "some-package"})
    assert cli.main(["build", "tiny"]) == 1
    assert "sudo apt-get install some-package" in capsys.readouterr().err


def test_one_image_that_fails_does_not_keep_the_next_from_being_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(place: Workshop, report: Report) -> list[model.Layer]:
        raise Fault(Code.SPAWN_FAILED, "no network", hint="connect it")

    def dies(place: Workshop, report: Report) -> list[model.Layer]:
        raise subprocess.CalledProcessError(3, ["maker"])

    recipe(monkeypatch, "broken", build=fails)
    recipe(monkeypatch, "dying", build=dies)
    recipe(monkeypatch, "tiny")
    assert cli.main(["build", "broken", "dying", "tiny"]) == 1
    said = capsys.readouterr()
    assert "no network" in said.err
    assert "connect it" in said.err
    assert "maker ended with 3" in said.err
    assert "1 layers" in said.out


def test_an_unknown_recipe_is_refused_and_the_known_ones_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["build", "fedora"]) == 1
    assert "busybox, debian" in capsys.readouterr().err


def test_only_root_builds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert cli.main(["build"]) == 1
    assert "sudo" in capsys.readouterr().err


def test_images_are_listed_with_their_layers_and_removed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe(monkeypatch)
    cli.main(["build", "tiny"])
    capsys.readouterr()
    assert cli.main(["list"]) == 0
    assert "one file" in capsys.readouterr().out
    assert cli.main(["remove", "tiny"]) == 0
    assert cli.main(["remove", "tiny"]) == 1
    assert cli.main(["list"]) == 0
    assert "one file" not in capsys.readouterr().out


def test_progress_of_a_package_build_never_goes_back() -> None:
    seen: list[tuple[str, float]] = []
    watch = _Watch(
        lambda text, done: seen.append((text, done)),
        {"downloading": ("downloading", 0.1), "unpack": ("unpacking", 0.5)},
        expected=4,
    )
    said = (
        "I: downloading packages...",
        "Get:1 a.deb",
        "Get:2 b.deb",
        "noise",
        "unpacking",
        "Setting up a",
        "Setting up b",
    )
    for line in said:
        watch.line(line)
    fractions = [done for _, done in seen]
    assert fractions == sorted(fractions)
    assert max(fractions) < 1
    assert seen[-1][0] == "unpacking"
