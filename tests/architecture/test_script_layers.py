"""The page's rooms import what `frontend/README.md` draws, and no script waits for itself. Types may cross freely."""

from __future__ import annotations

import os
import re
from graphlib import TopologicalSorter
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "frontend" / "src"
# A room, and whose code may run in it beside its own.
ROOMS = {
    "protocol": set[str](),
    "i18n": set[str](),
    "styles": set[str](),
    "state": {"protocol"},
    "ui": {"i18n", "protocol"},
    "views": {"i18n", "protocol", "state", "ui"},
    "terminal": {"i18n", "protocol", "state", "styles", "ui"},
    "pages": {"i18n", "protocol", "state", "styles", "terminal", "ui", "views"},
}
IMPORT = re.compile(r"^(?:import|export)\b(?! type\b)([^;\"]*)\"(\.{1,2}/[^\"]+)\";", re.M)


def runs(names: str) -> bool:
    """Whether an import is more than types: `{ type A, type B } from`."""
    listed = re.fullmatch(r"\s*\{(.*)\}\s*from\s*", names, re.S)
    return not listed or any(each.strip() and not each.strip().startswith("type ") for each in listed[1].split(","))


def imports() -> dict[Path, set[Path]]:
    """Of each script, whose code it brings in at once; what is fetched later (`import()`) is not among them."""
    scripts = [path for path in SOURCES.rglob("*.ts*") if ".test." not in path.name]
    found: dict[Path, set[Path]] = {}
    for script in scripts:
        found[script] = set()
        for names, target in IMPORT.findall(script.read_text()):
            path = Path(os.path.normpath(script.parent / target))
            every = [path, *(path.with_name(path.name + end) for end in (".ts", ".tsx")), path / "index.ts"]
            if runs(names):
                found[script].add(next(each for each in every if each.is_file()))
    return found


def test_rooms_import_what_they_may() -> None:
    wrong, crossed = [], 0
    for script, brought in imports().items():
        room = script.relative_to(SOURCES).parts[0]
        for other in brought:
            theirs = other.relative_to(SOURCES).parts[0] if other.is_relative_to(SOURCES) else room
            crossed += theirs != room
            if theirs != room and theirs not in ROOMS[room]:
                wrong.append(f"{script.relative_to(SOURCES)} imports {other.relative_to(SOURCES)}")
    assert not wrong
    assert crossed > 100, "imports are not recognised any more"


def test_no_script_waits_for_itself() -> None:
    TopologicalSorter(imports()).prepare()  # raises CycleError, which names the circle
