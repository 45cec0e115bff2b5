"""What a person is called before others: nothing that turns, hides or floods the line."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from playground.services.names import MOST, shown_name


@pytest.mark.parametrize(
    ("first", "last", "username", "shown"),
    [
        ("Ann", "Lee", "ann", "Ann Lee"),
        ("", "", "ann", "ann"),
        ("王", "小明", "w", "王 小明"),
        ("", "", "\x1b[31mred\x07", "[31mred"),
        ("a\u202eb", "\u2066c\u2028d", "x", "a b c d"),
        ("\u200b", "\x00\n", "still", "still"),
        ("می\u200cخواهم", "", "x", "می\u200cخواهم"),  # a joiner within a word is the word's own
        ("x" * 200, "", "x", "x" * MOST),
        ("", "", "\x7f", "#7"),
    ],
)
def test_shown(first: str, last: str, username: str, shown: str) -> None:
    assert shown_name(User(pk=7, first_name=first, last_name=last, username=username)) == shown
