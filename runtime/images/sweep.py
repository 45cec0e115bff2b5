"""Removing images, and the layers that nothing needs any more."""

from __future__ import annotations

import fcntl
import glob
import re
import shutil

from runtime.images import tree
from runtime.images.layout import Layout
from runtime.images.store import ImageStore
from runtime.images.workshop import locked

_HEX = re.compile(r"/layers/([0-9a-f]{64})(?= |/|:|,|$)")


def remove(store: ImageStore, name: str) -> int:
    """Remove the image, then sweep; returns the bytes freed. Raises `Fault(not-found)`.

    A container that runs from the image goes on: its layers stay until it is gone and the next sweep comes.
    """
    store.find(name)
    store.layout.entry(name).unlink()
    return sweep(store)


def sweep(store: ImageStore) -> int:
    """Remove layers that no image names and no mount holds; returns the bytes freed."""
    layout = store.layout
    layout.ensure()
    freed = 0
    with locked(layout.lock, fcntl.LOCK_EX):
        needed = store.digests() | mounted(layout)
        for directory in layout.layers.iterdir():
            if directory.name in needed:
                continue
            freed += tree.size(directory)
            # First away from its name: a sweep cut short must not leave half a layer under a good digest.
            doomed = layout.building / f"doomed-{directory.name}"
            directory.rename(doomed)
        for doomed in layout.building.glob("doomed-*"):
            shutil.rmtree(doomed)
    return freed


def mounted(layout: Layout) -> set[str]:
    """Layers (hex) that are mounted anywhere, by the kernel's word.

    Containers' mounts live in the keeper's mount namespace, so each process's mountinfo is read; the fourth field
    of a bind mount names the directory it shows (proc_pid_mountinfo(5)).
    """
    found: set[str] = set()
    seen: set[bytes] = set()
    for path in glob.glob("/proc/[0-9]*/mountinfo"):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            continue  # gone, or a zombie
        if data not in seen:
            seen.add(data)
            found.update(_HEX.findall(data.decode(errors="replace")))
    return found & {directory.name for directory in layout.layers.iterdir()}
