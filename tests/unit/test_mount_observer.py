"""What is told of two readings of a mount table."""

from __future__ import annotations

from runtime.server.observers import mounts

OLD = b"1 0 0:1 / / rw - tmpfs t rw\n2 1 0:2 / /a rw - tmpfs t rw\n3 2 0:3 / /a/b rw - tmpfs t rw\n"
FIRST = OLD.splitlines(keepends=True)[0]


def _told(old: bytes, new: bytes) -> list[tuple[str, str | None, str | None]]:
    before, after = (frozenset(raw.split(b"\n")[:-1]) for raw in (old, new))
    return [(event.kind, event.path, event.type) for event in mounts._changes(before, after)]


def test_what_came_is_told_from_the_top_and_what_went_from_below() -> None:
    assert _told(FIRST, OLD) == [("mounted", "/a", "tmpfs"), ("mounted", "/a/b", "tmpfs")]
    assert _told(OLD, FIRST) == [("unmounted", "/a/b", "tmpfs"), ("unmounted", "/a", "tmpfs")]


def test_other_options_are_neither() -> None:
    assert _told(OLD, OLD.replace(b"/a/b rw", b"/a/b ro shared:7")) == []


def test_a_number_used_again_is_both() -> None:
    assert _told(OLD, OLD.replace(b"0:3 / /a/b rw - tmpfs", rb"0:9 / /a\040b rw - proc")) == [
        ("unmounted", "/a/b", "tmpfs"),
        ("mounted", "/a b", "proc"),
    ]
