"""The directories of one container's upper layer, and what inotify's records about them mean. It holds no descriptor.

What overlayfs does in the upper (measured on Linux 6.18, the upper on tmpfs):

* a new file: CREATE; a write to it: MODIFY (not one through a memory map, which shows in the next walk);
* copy-up of a file: the copy is made in `work/` and linked, CREATE in the upper; the inode has an origin;
* copy-up of a directory, `mkdir` over a whiteout: made in `work/`, then MOVED_TO without a MOVED_FROM in the upper;
* removal of a lower file: a whiteout, MOVED_TO from `work/`; of a lower directory: copy-up, whiteouts for what is in
  it, an exchange for an empty opaque one, at last one for a whiteout, each MOVED_TO, then MOVED_FROM of that name;
* rename within the upper: MOVED_FROM and MOVED_TO of one cookie; if a lower layer has the old name, a whiteout stays
  there, of which no record tells;
* rename of a directory with parts below: EXDEV, as the mount has `redirect_dir=off`; mv(1) then copies and removes, so
  it is told as directories and files created, and a whiteout.

So a record says that a name came, went or was written; *what* it is now is looked up after a batch, which also makes
one event of a removal's many steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from runtime.kernel import inotify, procfs
from runtime.protocol.xray import Event, EventKind

MAX_DIRECTORIES = 1024
MAX_DEPTH = 48
WRITTEN_SECONDS = 1.0  # between two `written` of one file
LOOKS = 250  # entries looked up in one second; more events than that are only counted, whoever tells them
REMEMBERED = 4096
MASK = (
    inotify.IN_CREATE | inotify.IN_DELETE | inotify.IN_MODIFY | inotify.IN_MOVED_FROM | inotify.IN_MOVED_TO
    | inotify.IN_ONLYDIR | inotify.IN_EXCL_UNLINK
)  # fmt: skip
WORK_MASK = inotify.IN_MOVED_TO | inotify.IN_ONLYDIR


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry of the upper as it is now. `type` of a whiteout: of what it hides. `layer`: index of the first lower
    layer that has the name, top first."""

    kind: EventKind
    type: str | None
    size: int = 0
    layer: str | None = None

    @property
    def is_dir(self) -> bool:
        return self.type == "dir" and self.kind != "whiteout"


@dataclass(eq=False, slots=True)
class Node:
    """A directory that is watched."""

    wd: int
    parent: Node | None
    name: bytes
    children: dict[bytes, Node] = field(default_factory=dict)
    dead: bool = False

    @property
    def path(self) -> bytes:
        """From the upper's root on, empty for that."""
        return b"" if self.parent is None else self.parent.path + b"/" + self.name

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1


@dataclass(slots=True)
class _Touch:
    """What records say of one name since the batch began. `to`: it came, and was renamed to that since. `moved`: it
    was renamed, and that is told."""

    node: Node
    name: bytes
    to: tuple[Node, bytes] | None = None
    came: bool = False
    went: bool = False
    moved: bool = False
    written: bool = False
    is_dir: bool = False


@dataclass(frozen=True, slots=True)
class _Rename:
    before: bytes
    node: Node
    name: bytes


Look = Callable[[Node, bytes], Seen | None]
"""(a directory, a name in it) → what is there now, None for nothing."""


class Upper:
    """One container's. `unwatch` ends a watch by its number."""

    def __init__(self, unwatch: Callable[[int], None]) -> None:
        self._unwatch = unwatch
        self.nodes: dict[int, Node] = {}
        self.work = -1  # number of the watch on `work/`
        self.wanted: deque[tuple[Node | None, bytes, bool]] = deque([(None, b"", False)])
        """Directories to watch: (parent, name, whether what is found in it is news)."""
        self.cut = False  # there were more directories than are watched
        self.told: set[str] = set()  # paths, since the owner last emptied it
        self._steps: deque[_Touch | _Rename] = deque()
        self._touched: dict[tuple[Node, bytes], _Touch] = {}
        self._moves: dict[int, tuple[_Touch, bool]] = {}  # cookie → who left, and whether a batch ago
        self._listed: set[tuple[Node, bytes]] = set()
        self._wrote: dict[tuple[Node, bytes], float] = {}
        self._later: dict[tuple[Node, bytes], None] = {}
        self._looks = (0, 0)

    @property
    def backlog(self) -> int:
        """Steps that are still to be settled."""
        return len(self._steps)

    @property
    def pending(self) -> bool:
        """Whether there is something to settle, now or later."""
        return bool(self._steps or self._moves or self._later)

    def watched(self, wd: int, parent: Node | None, name: bytes) -> Node:
        """A directory is watched now."""
        node = self.nodes.get(wd)
        if node is None:
            node = self.nodes[wd] = Node(wd, parent, name)
        else:  # the same inode under another name: a rename whose records we have not read yet
            self._detach(node)
            node.parent, node.name = parent, name
        if parent is not None:
            parent.children[name] = node
        return node

    def listed(self, node: Node, names: Iterable[tuple[bytes, bool]], *, news: bool) -> None:
        """What was found in a directory once it was watched: (name, is a directory)."""
        for name, is_dir in names:
            if news:
                self._listed.add((node, name))
                self._touch(node, name, is_dir=is_dir).came = True
            elif is_dir and name not in node.children:
                self.want(node, name, news=False)

    def want(self, parent: Node, name: bytes, *, news: bool) -> None:
        """Watch a directory, as long as there is room."""
        if len(self.nodes) + len(self.wanted) >= MAX_DIRECTORIES or parent.depth >= MAX_DEPTH:
            self.cut = True
        else:
            self.wanted.append((parent, name, news))

    def feed(self, record: inotify.Record) -> None:
        """Take in one record of a watch of ours."""
        mask, name = record.mask, record.name
        if record.wd == self.work:
            if left := self._moves.pop(record.cookie, None):
                self._gone(left[0])
            return
        node = self.nodes.get(record.wd)
        if node is None:
            return
        if mask & (inotify.IN_IGNORED | inotify.IN_UNMOUNT):
            self.drop(node)
            return
        is_dir = bool(mask & inotify.IN_ISDIR)
        if mask & inotify.IN_MODIFY:
            self._touch(node, name).written = True
        elif mask & inotify.IN_MOVED_FROM:
            self._moves[record.cookie] = _Touch(node, name, is_dir=is_dir), False
        elif mask & inotify.IN_MOVED_TO and record.cookie in self._moves:
            self._renamed(self._moves.pop(record.cookie)[0], node, name)
        elif mask & (inotify.IN_CREATE | inotify.IN_MOVED_TO):
            self._came(node, name, is_dir)
        elif mask & inotify.IN_DELETE:
            self._gone(_Touch(node, name, is_dir=is_dir))

    def drained(self) -> None:
        """Nothing waits: whatever was queued before a directory was listed has been read."""
        self._listed.clear()

    def settle(self, look: Look, now: float, enough: Callable[[], bool]) -> list[Event]:
        """What the records since the last time add up to. Stops at `enough()`; the rest is settled the next time."""
        events: list[Event] = []
        for cookie, (left, old) in list(self._moves.items()):
            if old:
                del self._moves[cookie]
                self._gone(left)
            else:
                self._moves[cookie] = left, True
        while self._steps and not enough():
            step = self._steps.popleft()
            if isinstance(step, _Rename):
                events += self._tell_rename(step, look, now)
            else:
                if self._touched.get((step.node, step.name)) is step:
                    del self._touched[step.node, step.name]
                events += self._tell(step, look, now)
        for key in [key for key in self._later if now - self._wrote.get(key, 0.0) >= WRITTEN_SECONDS]:
            del self._later[key]
            events += self._written(*key, None if key[0].dead else look(*key), now)
        if len(self._wrote) > REMEMBERED:
            self._wrote = {key: at for key, at in self._wrote.items() if now - at < WRITTEN_SECONDS}
        if len(self.told) < REMEMBERED:
            self.told.update(path for event in events for path in (event.path, event.to) if path)
        return events

    def drop(self, node: Node) -> None:
        """A directory and those in it are not watched any more."""
        self._detach(node)
        queue = [node]
        while queue:
            one = queue.pop()
            one.dead = True
            if self.nodes.get(one.wd) is one:
                del self.nodes[one.wd]
                self._unwatch(one.wd)
            queue += one.children.values()
            one.children.clear()

    def begin(self) -> None:
        """Watch all of it anew; what is there is no news."""
        self.drop_all()
        self.cut = False
        self.wanted.append((None, b"", False))

    def drop_all(self) -> None:
        """No directory is watched any more, and what was read of them is forgotten."""
        for node in [node for node in self.nodes.values() if node.parent is None]:
            self.drop(node)
        self.wanted.clear()
        self._steps.clear()
        for known in (self._touched, self._moves, self._listed, self._wrote, self._later):
            known.clear()

    def _detach(self, node: Node) -> None:
        if node.parent is not None and node.parent.children.get(node.name) is node:
            del node.parent.children[node.name]

    def _touch(self, node: Node, name: bytes, *, is_dir: bool = False) -> _Touch:
        touch = self._touched.get((node, name))
        if touch is None:
            touch = self._touched[node, name] = _Touch(node, name)
            self._steps.append(touch)
        touch.is_dir = touch.is_dir or is_dir
        return touch

    def _came(self, node: Node, name: bytes, is_dir: bool) -> None:
        if (node, name) in self._listed:  # found when its directory was listed, and told
            self._listed.discard((node, name))
            return
        if child := node.children.get(name):  # it has taken the name of another, which leaves in its next record
            self.drop(child)
        self._touch(node, name, is_dir=is_dir).came = True

    def _gone(self, left: _Touch) -> None:
        if child := left.node.children.get(left.name):
            self.drop(child)
        self._touch(left.node, left.name, is_dir=left.is_dir).went = True

    def _renamed(self, left: _Touch, node: Node, name: bytes) -> None:
        before = left.node.path + b"/" + left.name
        child = left.node.children.pop(left.name, None)
        if replaced := node.children.get(name):
            self.drop(replaced)
        if child is not None:
            child.parent, child.name = node, name
            node.children[name] = child
        if came := self._touched.pop((left.node, left.name), None):
            came.to = node, name  # it is told by what it is there; what its name is now is another thing
        self._steps.append(_Rename(before, node, name))
        self._touch(left.node, left.name).moved = True

    def _tell_rename(self, step: _Rename, look: Look, now: float) -> list[Event]:
        if step.node.dead:
            return []
        seen = look(step.node, step.name)
        if seen is not None and seen.is_dir and step.name not in step.node.children:
            self.want(step.node, step.name, news=False)
        self._wrote[step.node, step.name] = now
        to = step.node.path + b"/" + step.name
        return [_event("renamed", step.before, type=seen and seen.type, to=procfs.text(to))]

    def _tell(self, touch: _Touch, look: Look, now: float) -> list[Event]:
        node, name = touch.node, touch.name
        if node.dead:
            return []
        path = node.path + b"/" + name
        kind = "dir" if touch.is_dir else None
        if not touch.is_dir and not self._may_look(now):
            bare: EventKind | None = "created" if touch.came else "removed" if touch.went else None
            return [_event(bare, path)] if bare else []
        if touch.to is not None:
            seen = None if touch.to[0].dead else look(*touch.to)
            return [_told(seen, path) if seen else _event("created", path, type=kind)] if touch.came else []
        seen = look(node, name)
        if seen is not None and seen.is_dir:
            if name not in node.children:
                self.want(node, name, news=touch.came)
        elif child := node.children.get(name):
            self.drop(child)
        if touch.came and seen is None:  # gone again, or renamed since, which is told next
            gone = [_event("removed", path, type=kind)] if touch.went else []
            return [_event("created", path, type=kind), *gone]
        if seen is not None and (touch.came or ((touch.went or touch.moved) and seen.kind == "whiteout")):
            self._wrote[node, name] = now
            return [_told(seen, path)]
        if touch.went and seen is None and not touch.moved:
            return [_event("removed", path, type=kind)]
        return self._written(node, name, seen, now) if touch.written else []

    def _written(self, node: Node, name: bytes, seen: Seen | None, now: float) -> list[Event]:
        if seen is None or seen.type != "file":
            return []
        if now - self._wrote.get((node, name), -WRITTEN_SECONDS) < WRITTEN_SECONDS:
            self._later[node, name] = None
            return []
        self._wrote[node, name] = now
        return [_event("written", node.path + b"/" + name, type="file", bytes=seen.size)]

    def _may_look(self, now: float) -> bool:
        second, looks = self._looks
        if second != int(now):
            second, looks = int(now), 0
        self._looks = second, looks + 1
        return looks < LOOKS


def _told(seen: Seen, path: bytes) -> Event:
    size = seen.size if seen.type == "file" and seen.kind != "whiteout" else None
    return _event(seen.kind, path, type=seen.type, bytes=size, layer=seen.layer)


def _event(kind: EventKind, path: bytes, **more: object) -> Event:
    return Event(seq=0, at=0.0, kind=kind, path=procfs.text(path), **more)  # type: ignore[arg-type]
