"""Where a layer or an image is made: apart, under a lock, and put in place by one rename.

An interrupted build leaves a directory under `building/`, which nothing reads and the next build of that name
removes. Two builders of one image wait for each other; builders of different images do not.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from runtime.errors import Fault
from runtime.images import tree
from runtime.images.layout import Layout
from runtime.protocol import model


@dataclass(frozen=True)
class Workshop:
    """An open place to build in.

    `directory` is empty at first and on the layers' own file system; `lock_fd` goes to child processes, so that
    the lock lasts as long as any of them still writes.
    """

    layout: Layout
    directory: Path
    lock_fd: int

    def adopt(self, built: Path, title: str) -> model.Layer:
        """Move the tree `built` to its place among the layers; one that is there already is kept instead."""
        built.chmod(0o755)
        digest = tree.digest(built)
        place = self.layout.layer(digest)
        size, blocks = tree.size(built), tree.blocks(built)
        layer = model.Layer(digest=digest, title=title, size_bytes=size, blocks_bytes=blocks)
        if place.is_dir():
            shutil.rmtree(built)
            return layer
        try:
            built.rename(place)
        except OSError as error:
            if not place.is_dir():
                raise Fault.from_os_error(error, op="rename a layer into place") from error
            shutil.rmtree(built)  # someone else finished the same layer in between
        return layer

    def publish(self, name: str, *, title: str, command: list[str], layers: list[model.Layer]) -> model.Image:
        """Write the image's index entry; from here on it can be launched. `layers`: top first."""
        image = model.Image(
            name=name,
            title=title,
            command=command,
            layers=layers,
            size_bytes=sum(layer.size_bytes for layer in layers),
            created_at=time.time(),
        )
        replace(self.layout.entry(name), msgspec.json.format(msgspec.json.encode(image)) + b"\n")
        return image


@contextmanager
def workshop(layout: Layout, name: str, *, waits: Callable[[], None] = lambda: None) -> Iterator[Workshop]:
    """Lock the name and give an empty directory; `waits` is called before waiting for another builder."""
    layout.ensure()
    with locked(layout.lock, fcntl.LOCK_SH), locked(layout.building / f"{name}.lock", fcntl.LOCK_EX, waits=waits) as fd:
        directory = layout.building / name
        _clear(directory)
        directory.mkdir(mode=0o700)
        try:
            yield Workshop(layout, directory, fd)
        finally:
            _clear(directory)


@contextmanager
def locked(path: Path, how: int, *, waits: Callable[[], None] = lambda: None) -> Iterator[int]:
    """flock(2) on a file of its own; yields the descriptor."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, how | fcntl.LOCK_NB)
        except BlockingIOError:
            waits()
            fcntl.flock(fd, how)
        yield fd
    finally:
        os.close(fd)


def replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a power cut, sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(fresh, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _clear(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory)
