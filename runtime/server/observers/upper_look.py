"""A look at entries of an upper layer as they are now, for the observer of its events."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat

from runtime.kernel import confined, overlayfs
from runtime.kernel.target import Target
from runtime.protocol.xray import EventKind
from runtime.server.observers.upper import Node, Seen

MAX_NAMES = 2000  # of one directory
MAX_OPEN = 64


class Eyes:
    """For the length of a batch: opened with `with`, which raises `OSError` when the upper is not there."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._files = contextlib.ExitStack()
        self._directories: dict[Node, int] = {}
        self._lowers: list[int] | None = None
        self._top = -1

    def __enter__(self) -> Eyes:
        self._top = self._root(self._target.upperdir or "")
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()
        self._files.close()

    def open(self, path: bytes) -> int:
        """A directory of the upper, for reading; the caller's to close. Raises `OSError`."""
        return confined.beneath(self._top, path, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK)

    def names(self, directory: int) -> list[tuple[bytes, bool]]:
        """Of an open directory: (name, is a directory). Raises `OSError`."""
        with os.scandir(directory) as found:
            some = itertools.islice(found, MAX_NAMES)
            return [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in some]

    def look(self, node: Node, name: bytes) -> Seen | None:
        """What is at a name of a directory now."""
        try:
            directory = self._directory(node)
            info = os.stat(name, dir_fd=directory, follow_symlinks=False)
            marks = overlayfs.marks(overlayfs.at(directory, name), info)
            path = node.path + b"/" + name
            if marks.whiteout:
                hidden = self._below(path)
                return Seen("whiteout", *hidden[:1], layer=hidden[1])
            kind: EventKind = "copied_up" if marks.origin else "created"
            layer = None
            if marks.origin or marks.opaque == "y":
                hidden = self._below(path)
                layer = hidden[1]
                # A new directory is marked opaque as well, to save look-ups: it is one only if it hides something
                if marks.opaque == "y" and not marks.origin and layer is not None:
                    kind = "opaque"
            return Seen(kind, overlayfs.entry_type(info.st_mode), info.st_size, layer)
        except OSError:  # gone, or its directory is
            return None

    def _directory(self, node: Node) -> int:
        fd = self._directories.get(node)
        if fd is None:
            if len(self._directories) >= MAX_OPEN:
                self._forget()
            fd = self._directories[node] = confined.beneath(self._top, node.path, os.O_PATH | os.O_DIRECTORY)
        return fd

    def _below(self, path: bytes) -> tuple[str | None, str | None]:
        """(type, index) of what the first lower layer that knows the name has; nothing of a whiteout there."""
        if self._lowers is None:
            self._lowers = [self._root(lower) for lower in self._target.lowerdir]
        for index, root in enumerate(self._lowers):
            try:
                fd = confined.beneath(root, path, os.O_PATH)
            except OSError:
                continue
            try:
                info = os.fstat(fd)
            finally:
                os.close(fd)
            whiteout = stat.S_ISCHR(info.st_mode) and info.st_rdev == 0
            return (None, None) if whiteout else (overlayfs.entry_type(info.st_mode), str(index))
        return None, None

    def _root(self, path: str) -> int:
        fd = confined.root(path)
        self._files.callback(os.close, fd)
        return fd

    def _forget(self) -> None:
        for fd in self._directories.values():
            os.close(fd)
        self._directories.clear()
