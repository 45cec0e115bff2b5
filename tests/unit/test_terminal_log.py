"""What a container calls itself cannot move the cursor of who reads the log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime.server.log import _escape, visible


@given(st.text())
def test_nothing_logged_is_a_control_character(text: str) -> None:
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in visible(text))


def test_escapes_and_direction_overrides_are_shown() -> None:
    assert visible("a\x1b[2Jb\n\u202ec") == "a\\x1b[2Jb\\n\\u202ec"
    assert visible("plain é 好") == "plain é 好"


def test_a_traceback_keeps_its_lines_and_nothing_else() -> None:
    event = _escape(None, "", {"exception": "ValueError:\n\x1b[2J", "event": "a\nb"})
    assert event == {"exception": "ValueError:\n\\x1b[2J", "event": "a\\nb"}
