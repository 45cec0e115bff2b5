"""What never changes of a namespace: who owns it, and what it lies in (ioctl_nsfs(2)).

Asked once of each, by a descriptor of it, and then of those it names, up to the host's. No descriptor is kept.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container
from dataclasses import dataclass

from runtime.kernel import nsfs

MAX_DEPTH = 33  # user and pid namespaces nest 32 deep (pid_namespaces(7))
MAX_OBJECTS = 1024


@dataclass(frozen=True, slots=True)
class Fact:
    """Keys of the owning user namespace and of the parent; `owner_uid` as the host counts it."""

    owner: str | None = None
    owner_uid: int | None = None
    parent: str | None = None


class Facts:
    """Of the namespaces of one container, by key; without the host's, which are known."""

    def __init__(self, host: Container[str]) -> None:
        self._host = host
        self.known: dict[str, Fact] = {}

    def heard_of(self, id: str) -> None:
        """It is there, and that is all that is known."""
        if self._is_new(id):
            self.known[id] = Fact()

    def examine(self, link: str, id: str, directory: int) -> None:
        """Ask the namespace that `link` names below `directory`, a descriptor of /proc/PID/ns.

        `id` is what the link said before. If it says another thing by now, that one is learned as well.
        """
        if not self._is_new(id):
            return
        try:
            fd = nsfs.open_file(link, dir_fd=directory)
        except OSError:
            self.heard_of(id)
            return
        try:
            kind = nsfs.kind_of(id)
            self._learn(kind, nsfs.key(kind, fd), fd, MAX_DEPTH)
        finally:
            os.close(fd)
        self.heard_of(id)

    def examine_mount(self, id: str, root: str, point: str) -> None:
        """Ask the namespace whose file is mounted at `point` below `root`, a process's.

        Only where no file system can keep us waiting. No link is followed: the path is the container's choice, and what
        stands there by now need not be what the table said.
        """
        if not self._is_new(id):
            return
        with contextlib.suppress(OSError):
            fd = _open_below(root, point)
            try:
                kind = nsfs.kind_of(id)
                if os.fstat(fd).st_dev == os.stat("/proc/self/ns/net").st_dev and nsfs.key(kind, fd) == id:
                    opened = nsfs.open_file(f"/proc/self/fd/{fd}")
                    try:
                        self._learn(kind, id, opened, MAX_DEPTH)
                    finally:
                        os.close(opened)
            finally:
                os.close(fd)
        self.heard_of(id)

    def _is_new(self, id: str) -> bool:
        return id not in self.known and id not in self._host and len(self.known) < MAX_OBJECTS

    def _learn(self, kind: str, id: str, fd: int, depth: int) -> None:
        if depth == 0 or not self._is_new(id):
            return
        owner = self._related("user", nsfs.owner(fd), depth)
        parent = owner if kind == "user" else self._related(kind, nsfs.parent(fd), depth) if kind == "pid" else None
        self.known[id] = Fact(owner, nsfs.owner_uid(fd) if kind == "user" else None, parent)

    def _related(self, kind: str, fd: int | None, depth: int) -> str | None:
        if fd is None:
            return None
        try:
            id = nsfs.key(kind, fd)
            self._learn(kind, id, fd, depth - 1)
            return id
        finally:
            os.close(fd)


def _open_below(root: str, point: str) -> int:
    """A descriptor that names a file and opens nothing (O_PATH), found name by name. Raises `OSError`."""
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in point.split("/"):
        if name in ("", ".", ".."):
            continue
        try:
            below = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd
