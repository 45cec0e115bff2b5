"""Files of one layer, or of the merged root, as they lie there.

Names and bytes were made by someone who may wish us ill, and we look as root. The kernel keeps the way inside the
layer (`confined`), nothing is opened before it is known to be a directory or a regular file, and what is shown has an
end in entries, bytes and time. The merged root is an overlay and its layers are local disks and memory: none of them
can keep us waiting, as a file system served by a process could; those are in the container's mount namespace alone.
"""

from __future__ import annotations

import codecs
import errno
import itertools
import os
import re
import stat
import time
from typing import Literal

from runtime.config import IDS_PER_CONTAINER
from runtime.errors import Code, Fault
from runtime.kernel import confined, overlayfs, procfs
from runtime.kernel.target import Target
from runtime.protocol.xray import Entry, FileView

MAX_ENTRIES = 1000
MAX_NAMES = 16 * MAX_ENTRIES  # read and sorted, so that what is shown is the first of them
MAX_ROOM = 256 * 1024  # characters of all names and targets together
MAX_BYTES = 64 * 1024
SECONDS = 0.2  # of this thread's own time
_LAYER = re.compile(r"merged|upper|0|[1-9][0-9]{0,2}")
_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV, errno.ENAMETOOLONG, errno.EINVAL})
_ASCII = bytes(byte if 0x20 <= byte < 0x7F else 0x2E for byte in range(256))
_TEXT_CONTROLS = frozenset(b"\t\n\v\f\r\b\x1b\x0e\x0f")

Mark = Literal["created", "copied_up", "whiteout", "opaque"]


def read(target: Target, path: str, layer: str) -> FileView:
    """What lies at `path` of a layer: `merged`, `upper`, or the index of a lower one, top first.

    Links on the way are followed in `merged` alone, and lead back into it; the last one never. Raises `Fault`:
    `not-found` (field `path` or `layer`), `wrong-state` when the container has no files now, `vanished`.
    """
    top = _top(target, layer)
    try:
        try:
            for raw in confined.spellings(path):
                try:
                    return _look(target, layer, top, raw)
                except FileNotFoundError:
                    continue
        finally:
            os.close(top)
    except BlockingIOError as error:  # O_NONBLOCK: a process inside holds a lease on it (fcntl(2))
        raise Fault(Code.TIMEOUT, f"{path[:64]!r} is held by a lease", field="path") from error
    except OSError as error:
        if error.errno not in _NOWHERE:
            raise Fault.from_os_error(error, op="read a layer") from error
        raise _nowhere(path, layer, error.errno) from error
    raise _nowhere(path, layer, errno.ENOENT)


def _nowhere(path: str, layer: str, code: int | None) -> Fault:
    hint = None
    if code in (errno.ELOOP, errno.ENOTDIR) and layer != "merged":
        hint = "A link or a file is on the way. In a single layer links are not followed: open what the link points to."
    return Fault(Code.NOT_FOUND, f"no path {path[:64]!r} in {layer}", field="path", hint=hint)


def _top(target: Target, layer: str) -> int:
    """A descriptor of the layer's root. Raises `Fault`."""
    if _LAYER.fullmatch(layer) is None or (layer.isdigit() and int(layer) >= len(target.lowerdir)):
        raise Fault(Code.NOT_FOUND, f"no layer {layer[:32]!r} in container {target.container.id}", field="layer")
    where = {"merged": target.merged, "upper": target.upperdir}.get(layer)
    if layer.isdigit():
        where = target.lowerdir[int(layer)]
    # All of them are mounted together, and empty directories without
    if where and os.path.ismount(target.merged):
        try:
            return confined.root(where)
        except FileNotFoundError:
            pass
    raise Fault(
        Code.WRONG_STATE,
        f"the files of container {target.container.id} are not there",
        field="layer",
        hint="Start the container: its root is mounted again then.",
    )


def _look(target: Target, layer: str, top: int, raw: bytes) -> FileView:
    directory, way, name = confined.parent(top, raw, links=layer == "merged")
    try:
        fd = confined.beneath(directory, name, os.O_PATH)
    finally:
        os.close(directory)
    try:
        info = os.fstat(fd)
        reader = _Reader(target, layer)
        path = way + b"/" + name if name else way or b"/"
        entry = reader.entry(procfs.text(name) or "/", path, fd, info, in_x=False)
        view = FileView(path=procfs.text(path), layer=layer, entry=entry)
        if stat.S_ISDIR(info.st_mode):
            return reader.directory(view, path, fd)
        if stat.S_ISREG(info.st_mode) and entry.mark != "whiteout":
            return _file(view, fd)
        return view
    finally:
        os.close(fd)


class _Reader:
    """Looks at entries of one layer."""

    def __init__(self, target: Target, layer: str) -> None:
        self._layer = layer
        self._first_id = target.container.host_id
        below = {"merged": len(target.lowerdir), "upper": 0}.get(layer)
        self._below = target.lowerdir[int(layer) + 1 if below is None else below :]
        self._deadline = time.thread_time() + SECONDS

    def directory(self, view: FileView, path: bytes, fd: int) -> FileView:
        """Its entries, by name. One that vanishes while we look is left out."""
        listing = confined.reopen(fd, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.scandir(listing) as found:
                names = [os.fsencode(one.name) for one in itertools.islice(found, MAX_NAMES + 1)]
            truncated = len(names) > MAX_ENTRIES
            in_x = self._marks(listing, os.fstat(listing), in_x=False).opaque == "x"
            entries: list[Entry] = []
            room = MAX_ROOM
            for name in sorted(names)[:MAX_ENTRIES]:
                if room < 0 or time.thread_time() > self._deadline:
                    truncated = True
                    break
                try:
                    info = os.stat(name, dir_fd=listing, follow_symlinks=False)
                    below = path.rstrip(b"/") + b"/" + name
                    entry = self.entry(procfs.text(name), below, overlayfs.at(listing, name), info, in_x=in_x)
                except OSError as error:
                    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EINVAL):  # removed or replaced just now
                        continue
                    raise
                room -= len(entry.name) + len(entry.target or "")
                entries.append(entry)
        finally:
            os.close(listing)
        return FileView(path=view.path, layer=view.layer, entry=view.entry, entries=entries, truncated=truncated)

    def entry(self, name: str, path: bytes, where: int | bytes, info: os.stat_result, *, in_x: bool) -> Entry:
        """`path` from the layer's root; `where` a descriptor, or a path whose last component is not followed."""
        marks = self._marks(where, info, in_x=in_x)
        target = None
        if stat.S_ISLNK(info.st_mode):
            target = os.readlink(b"", dir_fd=where) if isinstance(where, int) else os.readlink(where)
        return Entry(
            name=name,
            type=overlayfs.entry_type(info.st_mode),
            mode=stat.S_IMODE(info.st_mode),
            uid=self._inside(info.st_uid),
            gid=self._inside(info.st_gid),
            size_bytes=info.st_size,
            blocks_bytes=info.st_blocks * 512,
            modified_at=info.st_mtime,
            target=None if target is None else procfs.text(target),
            mark=self._mark(path, marks),
            redirect=None if marks.redirect is None else procfs.text(marks.redirect),
            metacopy=marks.metacopy,
        )

    def _marks(self, where: int | bytes, info: os.stat_result, *, in_x: bool) -> overlayfs.Marks:
        return overlayfs.NONE if self._layer == "merged" else overlayfs.marks(where, info, in_x=in_x)

    def _mark(self, path: bytes, marks: overlayfs.Marks) -> Mark | None:
        if self._layer == "merged" or path == b"/":
            return None
        if marks.whiteout:
            return "whiteout"
        # A new directory is marked opaque as well, to save look-ups: it is one only if it hides something
        if marks.opaque == "y" and any(_lies(layer, path) for layer in self._below):
            return "opaque"
        if self._layer != "upper":  # nothing is copied up into an image's layer
            return None
        return "copied_up" if marks.origin else "created"

    def _inside(self, id: int) -> int:
        """An id as the container counts it; layers are mounted through its id map, so all are in its range."""
        return id - self._first_id if 0 <= id - self._first_id < IDS_PER_CONTAINER else procfs.NOBODY


def _lies(layer: str, path: bytes) -> bool:
    try:
        top = confined.root(layer)
        try:
            os.close(confined.beneath(top, path, os.O_PATH))
        finally:
            os.close(top)
    except OSError:
        return False
    return True


def _file(view: FileView, fd: int) -> FileView:
    """Its first bytes. `fd` is known to be a regular file, and is what is opened, whatever its name is by now."""
    try:
        opened = confined.reopen(fd, os.O_RDONLY | os.O_NOATIME)
    except PermissionError:  # O_NOATIME is for the owner
        opened = confined.reopen(fd, os.O_RDONLY)
    try:
        data = b""
        while len(data) <= MAX_BYTES and (part := os.read(opened, MAX_BYTES + 1 - len(data))):
            data += part
    finally:
        os.close(opened)
    truncated = len(data) > MAX_BYTES
    data = data[:MAX_BYTES]
    binary = _is_binary(data)
    if binary:
        text = _xxd(data)
    else:
        text = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode(data, not truncated)
    return FileView(path=view.path, layer=view.layer, entry=view.entry, text=text, binary=binary, truncated=truncated)


def _is_binary(data: bytes) -> bool:
    """A zero byte, or more than a tenth that is no text."""
    if b"\0" in data:
        return True
    controls = sum(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in data[:4096])
    broken = data[:4096].decode("utf-8", "replace").count("\ufffd")
    return (controls + broken) * 10 > min(len(data), 4096)


def _xxd(data: bytes) -> str:
    """As xxd(1) prints it."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        lines.append(f"{at:08x}: {row.hex(' ', -2):<39}  {row.translate(_ASCII).decode('ascii')}\n")
    return "".join(lines)
