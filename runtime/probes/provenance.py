"""Where a path comes from: the layers asked one after the other, top first, as overlayfs does when it looks up a name
(Documentation/filesystems/overlayfs.rst; `ovl_lookup` of the kernel).

It goes name by name, as each directory on the way is a stack of its own: a whiteout ends it, an opaque directory ends
it below, a redirect sends it elsewhere. So a path that was deleted, or whose directory was, is told as well.

**Directories that were renamed.** Our root is mounted with `redirect_dir=off`: rename(2) of a directory that has parts
in a lower layer answers EXDEV, upon which mv(1) copies the tree and removes the old one. What is seen then is the
truth: a directory and files that were created, and a whiteout where it was. One that lies in the upper alone is renamed
as such. Redirects are followed here for layers and mounts made with `redirect_dir=on`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass, field
from typing import Literal

from runtime.errors import Code, Fault
from runtime.kernel import confined, overlayfs, procfs
from runtime.kernel.target import Target
from runtime.protocol.xray import Provenance, Sighting

UPPER = "upper"
_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV, errno.ENAMETOOLONG})

Found = Literal["hit", "hidden", "merged", "whiteout", "opaque", "absent", "covered"]
Verdict = Literal["created", "copied_up", "lower", "deleted", "absent"]


@dataclass(frozen=True, slots=True)
class _Layer:
    """`name` as in `FileView.layer`; `root` a descriptor."""

    name: str
    title: str
    root: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one layer has at `path`."""

    path: bytes
    info: os.stat_result
    marks: overlayfs.Marks

    @property
    def is_dir(self) -> bool:
        return stat.S_ISDIR(self.info.st_mode)

    @property
    def is_opaque(self) -> bool:
        return self.is_dir and self.marks.opaque == "y"


@dataclass(frozen=True, slots=True)
class _Stop:
    """Nothing is looked up below layer `index`, because of what it has."""

    index: int
    seen: _Seen


@dataclass(slots=True)
class _Search:
    """`stack`: layers that have the directory reached so far, and where; `x`: those where it is opaque of kind `x`."""

    layers: list[_Layer]
    stack: dict[int, bytes]
    x: frozenset[int] = frozenset()
    stop: _Stop | None = None
    found: dict[int, _Seen] = field(default_factory=dict)
    shows: set[int] = field(default_factory=set)  # of `found`, what `/` is made of


def trace(target: Target, path: str) -> Provenance:
    """The provenance of a path inside, its last component not followed.

    Raises `Fault`: `not-found` (field `path`) for what is no path, `wrong-state` when the container has no files now.
    """
    if target.upperdir is None or not os.path.ismount(target.merged):
        raise Fault(
            Code.WRONG_STATE,
            f"the files of container {target.container.id} are not there",
            hint="Start the container: its root is mounted again then.",
        )
    try:
        with contextlib.ExitStack() as open_files:
            merged = _root(target.merged, open_files)
            titles = [UPPER, *(layer.title for layer in target.layers)]
            names = [UPPER, *map(str, range(len(target.lowerdir)))]
            roots = [_root(where, open_files) for where in (target.upperdir, *target.lowerdir)]
            layers = [_Layer(*parts) for parts in zip(names, titles, roots, strict=True)]
            answers = (_trace(layers, merged, path, raw) for raw in confined.spellings(path))
            first = next(answers)
            return first if first.verdict != "absent" else next(answers, first)
    except OSError as error:
        code = Code.NOT_FOUND if error.errno in (errno.ENAMETOOLONG, errno.EINVAL) else None
        raise Fault.from_os_error(error, op="look a path up in the layers", code=code) from error


def _root(where: str, open_files: contextlib.ExitStack) -> int:
    fd = confined.root(where)
    open_files.callback(os.close, fd)
    return fd


def _trace(layers: list[_Layer], merged: int, asked: str, raw: bytes) -> Provenance:
    names = _resolve(merged, raw)
    search = _Search(layers, dict.fromkeys(range(len(layers)), b""))
    if not names:
        search.found = {index: _look(layer, b"", in_x=False) for index, layer in enumerate(layers)}  # type: ignore[misc]
        search.shows = set(search.found)
    for depth, name in enumerate(names, 1):
        _step(search, name, last=depth == len(names))
    resolved = b"/" + b"/".join(names)
    sightings = [_sighting(search, index, resolved) for index in range(len(layers))]
    return Provenance(
        path=asked, resolved=procfs.text(resolved), verdict=_verdict(search, sightings, names), sightings=sightings
    )


def _resolve(merged: int, raw: bytes) -> list[bytes]:
    """The names of the path once links on the way are followed, as far as it is there; the rest as it was asked for."""
    rest: list[bytes] = []
    way = raw
    while True:
        try:
            fd, parent, name = confined.parent(merged, way, links=True)
        except OSError as error:
            if error.errno not in _NOWHERE or error.errno == errno.ENAMETOOLONG:
                raise
            *before, name = confined.components(way)
            rest.insert(0, name)
            way = b"/".join(before)
            continue
        os.close(fd)
        names = confined.components(parent)
        for part in (name, *rest):
            if part == b"..":
                names = names[:-1]
            elif part:
                names.append(part)
        return names


def _step(search: _Search, name: bytes, *, last: bool) -> None:
    """Look `name` up in the directory that `search` has reached: `ovl_lookup` for one name."""
    below: dict[int, bytes] = {}
    x: set[int] = set()
    away: bytes | None = None  # an absolute redirect holds for all layers below, whoever has the parent
    top: _Seen | None = None
    for index, layer in enumerate(search.layers):
        if search.stop is not None and index > search.stop.index:
            break
        if away is None and index not in search.stack:
            continue
        path = away if away is not None else search.stack[index] + b"/" + name
        seen = _look(layer, path, in_x=index in search.x)
        if seen is None:
            continue
        if last:
            search.found[index] = seen
        if seen.marks.whiteout or (top is not None and top.is_dir and not seen.is_dir):
            search.stop = _Stop(index, seen)
            break
        if top is None or (top.is_dir and seen.is_dir) or (top.marks.metacopy and not seen.is_dir):
            search.shows |= {index} if last else set()
        top = top or seen
        if seen.is_dir:
            below[index] = path
            x |= {index} if seen.marks.opaque == "x" else set()
        if seen.is_opaque or not (seen.is_dir or seen.marks.metacopy):
            if (
                search.stop is None or index < search.stop.index
            ):  # else a directory on the way has ended it here already
                search.stop = _Stop(index, seen)
            break
        if seen.marks.redirect:
            away, name = (seen.marks.redirect, name) if seen.marks.redirect[:1] == b"/" else (None, seen.marks.redirect)
    if not last:
        search.stack, search.x = below, frozenset(x)


def _look(layer: _Layer, path: bytes, *, in_x: bool) -> _Seen | None:
    try:
        fd = confined.beneath(layer.root, path, os.O_PATH)
    except OSError as error:
        if error.errno in _NOWHERE:
            return None
        raise
    try:
        info = os.fstat(fd)
        return _Seen(path, info, overlayfs.marks(fd, info, in_x=in_x))
    finally:
        os.close(fd)


def _sighting(search: _Search, index: int, resolved: bytes) -> Sighting:
    layer, stop = search.layers[index], search.stop
    seen = search.found.get(index)
    found: Found
    if seen is not None and seen.marks.whiteout:
        found = "whiteout"
    elif seen is not None and index in search.shows:
        opaque = seen.is_opaque and _hides(search, index, seen.path)
        found = "opaque" if opaque else "hit" if index == min(search.shows) else "merged"
    elif seen is not None:
        found = "hidden"
    elif stop is None or index < stop.index:
        found = "absent"
    elif index == stop.index:  # it is a directory on the way that ends it here
        hides = stop.seen.marks.whiteout or (stop.seen.is_opaque and _hides(search, index, stop.seen.path))
        found = ("whiteout" if stop.seen.marks.whiteout else "opaque") if hides else "absent"
        seen = stop.seen if hides else None
    else:
        seen = _look(layer, resolved, in_x=False)
        if seen is not None and seen.marks.whiteout:
            seen = None
        ends = stop.seen.marks.whiteout or (stop.seen.is_opaque and _hides(search, stop.index, stop.seen.path))
        found = "hidden" if seen is not None else "covered" if ends else "absent"
    elsewhere = seen is not None and (seen.path or b"/") != resolved
    return Sighting(
        layer=layer.name,
        title=layer.title,
        found=found,
        type=None if seen is None else overlayfs.entry_type(seen.info.st_mode),
        size_bytes=None if seen is None else seen.info.st_size,
        blocks_bytes=None if seen is None else seen.info.st_blocks * 512,
        path=procfs.text(seen.path) if seen is not None and elsewhere else None,
        metacopy=seen is not None and seen.marks.metacopy,
    )


def _hides(search: _Search, index: int, path: bytes) -> bool:
    """Whether a layer below has something at `path`. A new directory is opaque as well, to save look-ups."""
    for layer in search.layers[index + 1 :]:
        seen = _look(layer, path, in_x=False)
        if seen is not None:
            return not seen.marks.whiteout
    return False


def _verdict(search: _Search, sightings: list[Sighting], names: list[bytes]) -> Verdict:
    if not names:
        return "lower"  # the root is everybody's
    if search.shows:
        index = min(search.shows)
        marks = search.found[index].marks
        if search.layers[index].name != UPPER:
            return "lower"
        return "copied_up" if marks.origin or marks.metacopy else "created"
    there = any(one.found == "hidden" for one in sightings)
    itself = any(seen.marks.whiteout for seen in search.found.values())
    return "deleted" if there or itself else "absent"
