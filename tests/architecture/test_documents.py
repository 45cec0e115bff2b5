"""Documents tell the truth where a machine can see it: links lead somewhere, commands and settings are there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("docs", "runtime", "playground", "webapp", "frontend", "tests")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.md"))])
READS = re.compile(r"""(?:environ|env|ENV)[^\n]*?["'\[](TERRARIUM_[A-Z_]+|DATABASE_URL|ALLOWED_HOSTS)["'\]]""")
EXPANDS = re.compile(r"\$\{(TERRARIUM_[A-Z_]+|DATABASE_URL)[:}]")
NOBODYS = {"TERRARIUM_KEEPER_FD", "TERRARIUM_HOST_MNT_NS"}  # from the keeper to its own worker


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """As GitHub makes them of titles."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=short)
def test_links_lead_somewhere(document: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = (document.parent / path) if path else document
        if not found.exists() or (anchor and anchor not in anchors(found)):
            lost.append(target)
    assert not lost


def test_commands_of_dev_are_those_it_knows() -> None:
    script = (ROOT / "dev").read_text()
    known = set(re.findall(r"^    (\w+)\) ", script[script.rindex("case $command in") :], re.MULTILINE)) | {"help"}
    said = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    assert known - {"help"} <= set(re.findall(r"\./dev (\w+)", said))
    for document in DOCUMENTS:
        assert set(re.findall(r"\./dev ([a-z]+)", document.read_text())) <= known, short(document)


def test_every_setting_is_described_and_nothing_else() -> None:
    """Variables that the product reads from its environment, against docs/settings.md."""
    scripts = [ROOT / "dev", *(ROOT / "dev.d").glob("*.sh")]
    read = {name for path in scripts for name in EXPANDS.findall(path.read_text())} - {"TERRARIUM_CHROMIUM"}
    assert "TERRARIUM_CHROMIUM" in (ROOT / "tests" / "README.md").read_text()
    for path in [ROOT / "manage.py", *(path for room in ROOMS[1:4] for path in (ROOT / room).rglob("*.py"))]:
        read |= set(READS.findall(path.read_text()))
    text = (ROOT / "docs" / "settings.md").read_text()
    assert read - NOBODYS == set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
