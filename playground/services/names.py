"""What people are called before others."""

from __future__ import annotations

import unicodedata

from django.contrib.auth.models import User

MOST = 60  # characters
JOINERS = "\u200c\u200d"  # some scripts need them within words; all else of their category turns or hides text


def shown_name(user: User) -> str:
    """Full name, or else username: one line, bounded, with nothing in it that controls how text is shown."""
    for name in (user.get_full_name(), user.get_username()):
        kept = "".join(
            letter if letter in JOINERS or unicodedata.category(letter)[0] != "C" else " " for letter in name
        )
        if found := " ".join(kept.split())[:MOST].rstrip():
            return found
    return f"#{user.pk}"
