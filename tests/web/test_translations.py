"""Chinese is complete, and keeps what must not be translated."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import polib
import pytest

from tests.web.conftest import LOCALE

PLAYGROUND = LOCALE.parents[2]


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(LOCALE / "django.po"))


def test_nothing_is_missing_fuzzy_or_left_over(catalogue: polib.POFile) -> None:
    assert not [entry.msgid for entry in catalogue.untranslated_entries()]
    assert not [entry.msgid for entry in catalogue.fuzzy_entries()]
    assert not [entry.msgid for entry in catalogue.obsolete_entries()]


def test_placeholders_markup_and_commands_stay(catalogue: polib.POFile) -> None:
    kept = re.compile(r"%\(\w+\)[sd]|</?code>|\./dev \w+|X-CSRFToken|Idempotency-Key|/api/v1/docs")
    for entry in catalogue:
        for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            source = entry.msgid_plural or entry.msgid
            assert sorted(kept.findall(text)) == sorted(kept.findall(source)), entry.msgid


def test_chinese_punctuation(catalogue: polib.POFile) -> None:
    for entry in catalogue:
        assert not re.search(r"[一-鿿][,;:!?]|[一-鿿]\.(?:\s|$)", entry.msgstr), entry.msgstr


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_every_marked_string_is_in_the_catalogue(catalogue: polib.POFile, tmp_path: Path) -> None:
    """What `makemessages` would add: strings in Python by xgettext, in templates by their tags."""
    sources = [str(path) for path in PLAYGROUND.rglob("*.py") if "migrations" not in path.parts]
    out = tmp_path / "found.pot"
    keywords = ["--keyword=_", "--keyword=gettext_lazy", "--keyword=ngettext:1,2"]
    command = ["xgettext", "--language=Python", "--from-code=UTF-8", *keywords, "-o", str(out), *sources]
    subprocess.run(command, check=True, capture_output=True)
    found = {entry.msgid for entry in polib.pofile(str(out))}
    for template in (PLAYGROUND / "templates").rglob("*.html"):
        found |= set(re.findall(r'{% translate "([^"]+)"', template.read_text()))
        for text in re.findall(r"{% blocktranslate trimmed %}(.*?){% endblocktranslate %}", template.read_text(), re.S):
            found.add(" ".join(text.split()))
    assert found == {entry.msgid for entry in catalogue}
