"""The overlay that is a container's `/`: its directories, and what the upper layer holds
(Documentation/filesystems/overlayfs.rst).

Names in the upper were made by someone who may wish us ill, and we look as root: every step goes by descriptor, no
symbolic link is followed, nothing is opened but directories, and both entries and time have an end.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from runtime.kernel import mountinfo, overlayfs, procfs
from runtime.kernel.target import Target
from runtime.probes.gaps import Gaps, why
from runtime.protocol.model import Change, Overlay

MAX_CHANGES = 500
MAX_PATHS = 128 * 1024  # characters of all paths together: names may be long, and the picture is sent and kept
MAX_DEPTH = 48
WALK_SECONDS = 0.010
REST = 50  # after a walk of t, none for 50 t: walking never takes more than 2 % of a core
SETTLE_SECONDS = 2.0  # a rename, or a write within a block, takes no room: found by then

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Changes = dict[str, Change]
Mounts = tuple[mountinfo.Mount, ...]
_Signal = tuple[int, ...]


@dataclass(slots=True)
class _Walk:
    """One walk of an upper. `deadline` in this thread's own time: a busy host must not cut the list short."""

    deadline: float
    lowerdir: list[str]
    hides: dict[str, bool]  # path → whether a layer below has something there; layers do not change
    changes: Changes = field(default_factory=dict)
    room: int = MAX_PATHS
    truncated: str = ""

    def show(self, path: str, change: Change) -> None:
        text = procfs.text(os.fsencode(path))
        self.room -= len(text)
        self.changes[text] = change


@dataclass(frozen=True, slots=True)
class _Room:
    """statvfs(3) of the upper's file system."""

    used_bytes: int | None = None
    limit_bytes: int | None = None
    used_inodes: int | None = None
    limit_inodes: int | None = None


class Overlays:
    """The overlay of one container, with the walk before."""

    def __init__(self) -> None:
        self._walk: _Walk | None = None
        self._walk_gaps: Gaps = {}
        self._signal: _Signal | None = None
        self._hides: dict[str, bool] = {}
        self._walked_at = 0.0
        self._rest_until = 0.0
        self._last: tuple[Overlay, Overlay, Gaps] | None = None

    def take(
        self, target: Target, mounts: Mounts | None, now: float, *, closely: bool = False
    ) -> tuple[Overlay, Overlay, Gaps]:
        """Inside, outside, and what is missing. `mounts`: PID 1's, None without one; `now`: seconds, monotonic.

        `closely`: something happened, so that the walk before is not good any more, though nothing took room.
        """
        gaps: Gaps = {}
        options = self._options(mounts, gaps)
        room, signal = self._usage(target, gaps)
        changes, truncated = self._changes(target, None if closely else signal, signal, now, gaps)
        host = Overlay(
            lowerdir=target.lowerdir,
            upperdir=target.upperdir,
            workdir=target.workdir,
            merged=target.merged,
            options=options,
            layers=target.layers,
            changes=changes,
            changes_truncated=truncated,
            upper_used_bytes=room.used_bytes,
            upper_limit_bytes=room.limit_bytes,
            upper_used_inodes=room.used_inodes,
            upper_limit_inodes=room.limit_inodes,
        )
        if self._last and self._last[1] == host and self._last[2] == gaps:
            return self._last
        inside = replace(host, merged="/")
        self._last = inside, host, gaps
        return self._last

    def _options(self, mounts: Mounts | None, gaps: Gaps) -> str | None:
        if mounts is None:
            gaps["overlay.options"] = "no process is left whose mount table could be read"
            return None
        root = mountinfo.at_root(mounts)
        if root is None or root.fstype != "overlay":
            gaps["overlay.options"] = f"the container stands on {root.fstype if root else 'nothing'}, not on an overlay"
            return None
        return root.super_options

    def _usage(self, target: Target, gaps: Gaps) -> tuple[_Room, _Signal | None]:
        """The upper's file system is the container's own: what it holds is what the container wrote."""
        if target.upperdir is None:
            return _Room(), None
        try:
            room = os.statvfs(target.upperdir)
        except OSError as error:
            reason = why(error, target.upperdir)
            for figure in ("used_bytes", "limit_bytes", "used_inodes", "limit_inodes"):
                gaps[f"overlay.upper_{figure}"] = reason
            return _Room(), None
        signal = (room.f_blocks, room.f_bfree, room.f_ffree)  # any new name, byte or whiteout takes one of them
        return _Room(
            (room.f_blocks - room.f_bfree) * room.f_frsize,
            room.f_blocks * room.f_frsize,
            room.f_files - room.f_ffree,
            room.f_files,
        ), signal

    def _changes(
        self, target: Target, expected: _Signal | None, signal: _Signal | None, now: float, gaps: Gaps
    ) -> tuple[Changes, bool]:
        """`expected`: the signal with which the walk before is still good, None when it is not."""
        if target.upperdir is None:
            gaps["overlay.changes"] = "the container has no upper layer"
            return {}, False
        known = self._walk
        settled = expected is not None and expected == self._signal and now - self._walked_at < SETTLE_SECONDS
        if known is None or not (settled or now < self._rest_until):
            started = time.thread_time()
            walk = _Walk(started + WALK_SECONDS, target.lowerdir, self._hides)
            self._walk_gaps = {}
            try:
                _walk(target.upperdir, walk)
            except OSError as error:
                self._walk_gaps["overlay.changes"] = why(error, target.upperdir)
            if walk.truncated:
                self._walk_gaps["overlay.changes"] = walk.truncated
            if known is not None and known.changes == walk.changes:
                walk.changes = known.changes
            self._walk = known = walk
            self._walked_at = now
            self._rest_until = now + REST * (time.thread_time() - started)
            self._signal = signal
        gaps.update(self._walk_gaps)
        return known.changes, bool(known.truncated)


def _walk(upperdir: str, walk: _Walk) -> None:
    """Fill `walk` from the upper at `upperdir`, whose own path is ours and may be trusted."""
    top = os.open(upperdir, _FLAGS)
    try:
        _walk_directory(top, "", 0, walk, in_x=False)
    finally:
        os.close(top)


def _walk_directory(directory: int, path: str, depth: int, walk: _Walk, *, in_x: bool) -> None:
    with os.scandir(directory) as entries:
        names = sorted(entry.name for entry in _some(entries))
    for name in names:
        if len(walk.changes) >= MAX_CHANGES:
            walk.truncated = f"more than {MAX_CHANGES} entries: the rest is not shown"
            return
        if walk.room <= 0:
            walk.truncated = f"paths of more than {MAX_PATHS // 1024} KiB: the rest is not shown"
            return
        if time.thread_time() > walk.deadline:
            walk.truncated = f"the walk took more than {WALK_SECONDS * 1000:.0f} ms: the rest is not shown"
            return
        try:
            info = os.stat(name, dir_fd=directory, follow_symlinks=False)
            below = f"{path}/{name}"
            if stat.S_ISDIR(info.st_mode):
                _enter(directory, name, below, depth, info, walk)
            else:
                marks = overlayfs.marks(overlayfs.at(directory, name), info, in_x=in_x)
                kind = "deleted" if marks.whiteout else "copied_up" if marks.origin else "created"
                walk.show(below, _change(kind, info, marks))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):  # removed or replaced under our eyes
                raise


def _some(entries: Iterator[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """A directory of a million names is not sorted, nor kept: its first few are enough to say that it is large."""
    return [entry for entry, _ in zip(entries, range(MAX_CHANGES + 1), strict=False)]


def _enter(directory: int, name: str, path: str, depth: int, info: os.stat_result, walk: _Walk) -> None:
    inner = os.open(name, _FLAGS, dir_fd=directory)
    try:
        marks = overlayfs.marks(inner, info)
        # A new directory is marked opaque as well, to save look-ups: it is one only if it hides something
        opaque = marks.opaque == "y" and _hides(path, walk)
        kind = "opaque" if opaque else "copied_up" if marks.origin else "created"
        walk.show(path, _change(kind, info, marks))
        if depth < MAX_DEPTH:
            _walk_directory(inner, path, depth + 1, walk, in_x=marks.opaque == "x")
        else:
            walk.truncated = f"deeper than {MAX_DEPTH} directories: the rest is not shown"
    finally:
        os.close(inner)


def _hides(path: str, walk: _Walk) -> bool:
    """Whether a lower layer has something at `path`, looked for layer by layer, top first."""
    known = walk.hides.get(path)
    if known is None:
        known = False
        for layer in walk.lowerdir:
            mode = _lower(layer, path)
            if mode is not None:
                known = not stat.S_ISCHR(mode[0]) or mode[1] != 0  # a whiteout there hid it before us
                break
        if len(walk.hides) < MAX_CHANGES:
            walk.hides[path] = known
    return known


def _lower(layer: str, path: str) -> tuple[int, int] | None:
    """(mode, device number) of `path` in a layer; images are strangers' work too, so no link is followed on the way."""
    *parents, name = path.strip("/").split("/")
    directory = -1
    try:
        directory = os.open(layer, _FLAGS)
        for parent in parents:
            below = os.open(parent, _FLAGS, dir_fd=directory)
            os.close(directory)
            directory = below
        info = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return None
    else:
        return info.st_mode, info.st_rdev
    finally:
        if directory >= 0:
            os.close(directory)


def _change(kind: str, info: os.stat_result, marks: overlayfs.Marks) -> Change:
    return Change(
        kind=kind,  # type: ignore[arg-type]
        type=overlayfs.entry_type(info.st_mode),
        size_bytes=info.st_size,
        blocks_bytes=info.st_blocks * 512,
        redirect=None if marks.redirect is None else procfs.text(marks.redirect),
        metacopy=marks.metacopy or None,
    )
