"""What inotify's records about an upper layer mean: sequences recorded on Linux 6.18, upper on tmpfs."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest

from runtime.kernel import inotify
from runtime.kernel.inotify import IN_CREATE, IN_DELETE, IN_IGNORED, IN_ISDIR, IN_MODIFY, IN_MOVED_FROM, IN_MOVED_TO
from runtime.protocol.model import Change
from runtime.server.observers import upper as uppers
from runtime.server.observers.overlay import compared
from runtime.server.observers.upper import Node, Seen, Upper

WORK = 999
FILE = Seen("created", "file", 5)
NEW_DIR = Seen("created", "dir")
COPIED_DIR = Seen("copied_up", "dir", layer="0")
COPIED = Seen("copied_up", "file", 7, "1")
WHITEOUT = Seen("whiteout", "file", layer="1")


class Disk:
    """An upper as it is at the end of a batch, and the directories of it that are watched."""

    def __init__(self) -> None:
        self.entries: dict[str, Seen] = {}
        self.unwatched: list[int] = []
        self.upper = Upper(self.unwatched.append)
        self.now = 100.0
        self.upper.wanted.clear()
        self.upper.work = WORK
        self.root = self.upper.watched(1, None, b"")

    def directory(self, path: str, wd: int) -> Node:
        """A directory that is watched already."""
        parent = self.root
        *above, name = path.strip("/").split("/")
        for part in above:
            parent = parent.children[part.encode()]
        self.entries[path] = NEW_DIR
        return self.upper.watched(wd, parent, name.encode())

    def look(self, node: Node, name: bytes) -> Seen | None:
        return self.entries.get((node.path + b"/" + name).decode())

    def hears(self, *records: tuple[int, int, int, str]) -> list[tuple[str, ...]]:
        """(wd, mask, cookie, name)… → (kind, path, new path) of what is told."""
        for wd, mask, cookie, name in records:
            self.upper.feed(inotify.Record(wd, mask, cookie, name.encode()))
        return self.settle()

    def settle(self) -> list[tuple[str, ...]]:
        events = self.upper.settle(self.look, self.now, lambda: False)
        return [(one.kind, one.path or "", *([one.to] if one.to else [])) for one in events]

    @property
    def wants(self) -> list[tuple[str, bool]]:
        return [((node.path + b"/" + name).decode() if node else "/", news) for node, name, news in self.upper.wanted]


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_records_are_taken_apart() -> None:
    raw = b"".join(
        struct.pack("iIII", wd, mask, cookie, len(name)) + name
        for wd, mask, cookie, name in (
            (1, IN_CREATE, 0, b"motd\0\0\0\0\0\0\0\0\0\0\0\0"),
            (2, IN_MOVED_TO | IN_ISDIR, 77, b"a\nb\xff\0\0\0\0\0\0\0\0\0\0\0\0"),
            (-1, inotify.IN_Q_OVERFLOW, 0, b""),
        )
    )
    assert list(inotify.parse(raw)) == [
        inotify.Record(1, IN_CREATE, 0, b"motd"),
        inotify.Record(2, IN_MOVED_TO | IN_ISDIR, 77, b"a\nb\xff"),
        inotify.Record(-1, inotify.IN_Q_OVERFLOW, 0, b""),
    ]
    assert list(inotify.parse(b"")) == []


def test_a_new_file_and_the_write_to_it_are_one_event(disk: Disk) -> None:
    disk.entries["/f"] = FILE
    assert disk.hears((1, IN_CREATE, 0, "f"), (1, IN_MODIFY, 0, "f")) == [("created", "/f")]


def test_a_file_that_is_written_on_and_on_is_told_once_a_second(disk: Disk) -> None:
    disk.entries["/f"] = FILE
    assert disk.hears((1, IN_MODIFY, 0, "f")) == [("written", "/f")]
    for _ in range(9):
        disk.now += 0.1
        assert disk.hears((1, IN_MODIFY, 0, "f")) == []
    assert disk.upper.pending
    disk.now += 0.11
    assert disk.settle() == [("written", "/f")]
    assert not disk.upper.pending


def test_a_copied_up_file_appears_by_a_link(disk: Disk) -> None:
    disk.directory("/etc", 2)
    disk.entries["/etc/motd"] = COPIED
    disk.upper.feed(inotify.Record(2, IN_CREATE, 0, b"motd"))
    (told,) = disk.upper.settle(disk.look, disk.now, lambda: False)
    assert (told.kind, told.path, told.type, told.bytes, told.layer) == ("copied_up", "/etc/motd", "file", 7, "1")


def test_a_copied_up_directory_comes_from_work_and_is_watched_then(disk: Disk) -> None:
    disk.entries["/etc"] = COPIED_DIR
    assert disk.hears((1, IN_MOVED_TO | IN_ISDIR, 5, "etc")) == [("copied_up", "/etc")]
    assert disk.wants == [("/etc", True)]


def test_a_removed_lower_file_leaves_a_whiteout(disk: Disk) -> None:
    disk.entries["/hosts"] = WHITEOUT
    assert disk.hears((1, IN_MOVED_TO, 6, "hosts")) == [("whiteout", "/hosts")]


def test_the_many_steps_of_a_removed_lower_directory_are_one_event(disk: Disk) -> None:
    disk.entries["/data"] = WHITEOUT
    come, leave, into = IN_MOVED_TO | IN_ISDIR, IN_MOVED_FROM | IN_ISDIR, IN_MOVED_TO | IN_ISDIR
    assert disk.hears(
        (1, come, 10, "data"),
        (1, come, 11, "data"), (1, leave, 12, "data"), (WORK, into, 12, "#586f"),
        (1, IN_MOVED_TO, 13, "data"), (1, leave, 14, "data"), (WORK, into, 14, "#5870"),
    ) == [("whiteout", "/data")]  # fmt: skip
    assert disk.wants == []


def test_the_same_steps_in_two_batches_end_the_same_way(disk: Disk) -> None:
    come, leave = IN_MOVED_TO | IN_ISDIR, IN_MOVED_FROM | IN_ISDIR
    disk.entries["/data"] = COPIED_DIR
    assert disk.hears((1, come, 10, "data")) == [("copied_up", "/data")]
    disk.directory("/data", 2)
    disk.entries["/data"] = WHITEOUT
    assert disk.hears((1, IN_MOVED_TO, 13, "data"), (1, leave, 14, "data"), (WORK, come, 14, "#5870")) == [
        ("whiteout", "/data")
    ]
    assert disk.unwatched == [2]


def test_a_directory_over_a_whiteout_is_told_as_opaque(disk: Disk) -> None:
    disk.entries["/data"] = Seen("opaque", "dir", layer="1")
    assert disk.hears(
        (1, IN_MOVED_TO | IN_ISDIR, 20, "data"), (1, IN_MOVED_FROM, 21, "data"), (WORK, IN_MOVED_TO, 21, "#5871")
    ) == [("opaque", "/data")]
    assert disk.wants == [("/data", True)]


def test_a_rename_is_told_with_both_names_and_what_is_below_goes_along(disk: Disk) -> None:
    disk.directory("/n", 2)
    disk.directory("/n/a", 3)
    disk.directory("/q", 4)
    disk.entries["/q/n2"] = NEW_DIR
    del disk.entries["/n"]
    disk.entries["/q/n2/a/f"] = FILE
    assert disk.hears(
        (1, IN_MOVED_FROM | IN_ISDIR, 30, "n"), (4, IN_MOVED_TO | IN_ISDIR, 30, "n2"), (3, IN_CREATE, 0, "f")
    ) == [("renamed", "/n", "/q/n2"), ("created", "/q/n2/a/f")]
    assert (disk.wants, disk.unwatched) == ([], [])


def test_a_renamed_copy_leaves_a_whiteout_of_which_no_record_tells(disk: Disk) -> None:
    disk.entries |= {"/motd": WHITEOUT, "/motd2": COPIED}
    assert disk.hears((1, IN_CREATE, 0, "motd"), (1, IN_MOVED_FROM, 31, "motd"), (1, IN_MOVED_TO, 31, "motd2")) == [
        ("copied_up", "/motd"),
        ("renamed", "/motd", "/motd2"),
        ("whiteout", "/motd"),
    ]


def test_the_two_records_of_a_rename_may_come_in_two_batches(disk: Disk) -> None:
    disk.entries["/b"] = FILE
    assert disk.hears((1, IN_MOVED_FROM, 32, "a")) == []
    assert disk.upper.pending
    assert disk.hears((1, IN_MOVED_TO, 32, "b")) == [("renamed", "/a", "/b")]


def test_what_leaves_for_where_nobody_looks_is_removed(disk: Disk) -> None:
    disk.directory("/d", 2)
    del disk.entries["/d"]
    assert disk.hears((1, IN_MOVED_FROM | IN_ISDIR, 33, "d")) == []
    assert disk.settle() == [("removed", "/d")]
    assert disk.unwatched == [2]


def test_a_file_written_beside_and_moved_into_place_is_told_by_what_it_is(disk: Disk) -> None:
    disk.entries["/f"] = FILE
    assert disk.hears(
        (1, IN_CREATE, 0, ".f.swp"), (1, IN_MODIFY, 0, ".f.swp"), (1, IN_MOVED_FROM, 34, ".f.swp"),
        (1, IN_MOVED_TO, 34, "f"),
    ) == [("created", "/.f.swp"), ("renamed", "/.f.swp", "/f")]  # fmt: skip


def test_what_lives_shorter_than_a_batch_is_told(disk: Disk) -> None:
    assert disk.hears((1, IN_CREATE, 0, "t"), (1, IN_DELETE, 0, "t")) == [("created", "/t"), ("removed", "/t")]


def test_removing_an_upper_directory_is_one_event_and_ends_its_watches(disk: Disk) -> None:
    disk.directory("/q", 2)
    disk.directory("/q/n", 3)
    del disk.entries["/q"]
    assert disk.hears(
        (3, IN_DELETE, 0, "a"), (2, IN_DELETE | IN_ISDIR, 0, "n"), (3, IN_IGNORED, 0, ""),
        (1, IN_DELETE | IN_ISDIR, 0, "q"), (2, IN_IGNORED, 0, ""),
    ) == [("removed", "/q")]  # fmt: skip
    assert sorted(disk.upper.nodes) == [1]
    assert disk.hears((3, IN_CREATE, 0, "late")) == []


def test_what_is_found_in_a_new_directory_is_told_once(disk: Disk) -> None:
    node = disk.directory("/n", 2)
    disk.entries |= {"/n/a": NEW_DIR, "/n/f": FILE, "/n/g": FILE}
    disk.upper.listed(node, [(b"a", True), (b"f", False)], news=True)
    assert disk.settle() == [("created", "/n/a"), ("created", "/n/f")]
    assert disk.hears((2, IN_CREATE | IN_ISDIR, 0, "a"), (2, IN_CREATE, 0, "f"), (2, IN_CREATE, 0, "g")) == [
        ("created", "/n/g")
    ]
    disk.upper.drained()
    assert disk.hears((2, IN_CREATE, 0, "f")) == [("created", "/n/f")]


def test_what_was_there_before_is_no_news(disk: Disk) -> None:
    disk.upper.listed(disk.root, [(b"a", True), (b"f", False)], news=False)
    assert disk.settle() == []
    assert disk.wants == [("/a", False)]


def test_directories_have_a_limit(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uppers, "MAX_DIRECTORIES", 3)
    disk.upper.listed(disk.root, [(b"a", True), (b"b", True), (b"c", True)], news=False)
    assert disk.wants == [("/a", False), ("/b", False)]
    assert disk.upper.cut


def test_beyond_so_many_a_second_files_are_counted_and_not_looked_at(disk: Disk) -> None:
    looked: list[bytes] = []

    def look(node: Node, name: bytes) -> Seen:
        looked.append(name)
        return FILE

    for number in range(uppers.LOOKS + 50):
        disk.upper.feed(inotify.Record(1, IN_CREATE, 0, b"%d" % number))
    assert len(disk.upper.settle(look, disk.now, lambda: False)) == uppers.LOOKS + 50
    assert len(looked) == uppers.LOOKS


def test_settling_stops_when_it_is_enough_and_goes_on_the_next_time(disk: Disk) -> None:
    disk.entries |= {"/a": FILE, "/b": FILE}
    turns = iter([False, True])
    for name in (b"a", b"b"):
        disk.upper.feed(inotify.Record(1, IN_CREATE, 0, name))
    first = disk.upper.settle(disk.look, disk.now, lambda: next(turns))
    assert [event.path for event in first] == ["/a"]
    assert disk.upper.backlog == 1
    assert disk.settle() == [("created", "/b")]


def test_names_that_are_no_text_are_escaped(disk: Disk) -> None:
    disk.upper.feed(inotify.Record(1, IN_CREATE, 0, b"\xff\n"))
    (told, *_) = disk.upper.settle(lambda _node, _name: FILE, disk.now, lambda: False)
    assert told.path == "/\\xff\n"


def _changes(**kinds: str) -> dict[str, Change]:
    def change(text: str) -> Change:
        kind, _, size = text.partition(" ")
        return Change(kind=kind, type="file", size_bytes=int(size or 0), blocks_bytes=0)  # type: ignore[arg-type]

    return {f"/{name}": change(text) for name, text in kinds.items()}


def _told(events: Iterable[object]) -> list[tuple[object, object]]:
    return [(event.kind, event.path) for event in events]  # type: ignore[attr-defined]


def test_two_walks_tell_what_came_between_them() -> None:
    before = _changes(same="created 1", more="created 1", gone="created", lower="copied_up")
    after = _changes(same="created 1", more="created 2", lower="deleted", new="copied_up")
    assert _told(compared(before, after, cut=False)) == [
        ("written", "/more"),
        ("whiteout", "/lower"),
        ("copied_up", "/new"),
        ("removed", "/gone"),
    ]
    assert ("removed", "/gone") not in _told(compared(before, after, cut=True))
