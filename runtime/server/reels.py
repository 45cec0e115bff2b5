"""A recording on disk: an asciicast file, and beside it what is known of it. Touched by the scribe's thread only.

While it goes on, whole lines are appended to `ID.cast`, then `ID.json` is replaced: how long the file is, and up to
which offset of the terminal's ring it has the output. Whoever finds the two after a crash cuts the file to that length
and goes on at that offset. Nothing is synced meanwhile: the worker's death it survives, and with a loss of power the
terminal is gone too. Once ended it is kept as `ID.cast.gz`, in pieces that can be read from the middle.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from runtime.kernel import files
from runtime.protocol.terminals import MAX_PART, Recording
from runtime.terminal.cast import Cast, Happened, header

BLOCK = MAX_PART  # bytes of asciicast in one gzip member
Why = Literal["stopped", "exit", "quota", "lost"]
_ID = re.compile(r"[0-9a-f]{24}")
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """`at`: the offset up to which the file has what `epoch`'s ring had; `size`: the terminal's, as last recorded.

    `blocks`: where in the compressed file each mebibyte begins; null while it is not compressed.
    """

    recording: Recording
    by: str
    epoch: str
    at: int
    size: str
    blocks: list[int] | None = None


class Ledger:
    """Bytes of asciicast that each owner has; `one` recording and all of an owner may have so many.

    Any thread may ask; only the scribe's adds, once it is at work.
    """

    def __init__(self, one: int, all: int) -> None:
        self.one, self.all = one, all
        self._used: Counter[str] = Counter()

    def add(self, owner: str, count: int) -> None:
        if not count:
            return
        self._used[owner] += count
        if not self._used[owner]:
            del self._used[owner]

    def room(self, recording: Recording) -> int:
        """By how many bytes it may grow."""
        return max(0, min(self.one - recording.bytes, self.all - self._used[recording.owner]))


class Reel:
    """`kept` is replaced as a whole, and may be read by any thread."""

    def __init__(self, directory: str, kept: Kept, ledger: Ledger) -> None:
        self.kept = kept
        self.removed = False
        self._ledger = ledger
        self._ledger.add(kept.recording.owner, kept.recording.bytes)
        self._fd = -1
        self._path = os.path.join(directory, f"{kept.recording.id}.cast")
        self._notes = os.path.join(directory, f"{kept.recording.id}.json")
        self._cast = Cast(kept.recording.started_at, round(kept.recording.seconds * 1000))

    @property
    def recording(self) -> Recording:
        return self.kept.recording

    @property
    def ended(self) -> bool:
        return self.recording.ended is not None

    def create(self) -> None:
        """The file with its first line. Raises `OSError`; nothing is left then."""
        self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
        try:
            first = header(self.recording)
            _write(self._fd, first)
            self._save(replace(self.kept, recording=replace(self.recording, bytes=len(first))))
        except BaseException:
            self.remove()
            raise

    def resume(self) -> None:
        """Go on: cut what was written and not noted. What cannot be gone on with is lost."""
        try:
            self._fd = os.open(self._path, os.O_RDWR | _FLAGS)
            os.ftruncate(self._fd, self.recording.bytes)
            os.lseek(self._fd, 0, os.SEEK_END)
        except OSError:
            self.lose()

    def write(self, events: list[Happened]) -> None:
        """Append, then note it. What does not fit ends it. Raises `OSError`; the file is then as it was noted last."""
        recording, at, size = self.recording, self.kept.at, self.kept.size
        room, out, elapsed = self._ledger.room(recording), bytearray(), self._cast.elapsed
        why: str | None = None
        for event in events:
            lines = self._cast.lines(event)
            if len(out) + len(lines) > room:
                why = "quota"
                break
            out += lines
            at, elapsed = event.offset - self._cast.held, self._cast.elapsed
            if event.kind == "size":
                size = str(event.what)
            elif event.kind == "end":
                why = str(event.what)
                break
        try:
            _write(self._fd, out)
        except OSError:
            os.ftruncate(self._fd, recording.bytes)
            raise
        recording = replace(recording, bytes=recording.bytes + len(out), seconds=elapsed / 1000)
        if why is None:
            self._save(replace(self.kept, recording=recording, at=at, size=size))
        else:
            self._end(recording, msgspec.convert(why, Why), event.at)

    def lose(self) -> None:
        """Its terminal is gone, or its disk is full: it ends with the last whole line that is there."""
        length = 0
        with contextlib.suppress(OSError):
            length = _whole_lines(self._path, self.recording.bytes)
            os.truncate(self._path, length)
        if not length:
            self.remove()
            return
        end = self.recording.started_at + self.recording.seconds
        ended = replace(self.recording, bytes=length, ended="lost", ended_at=end)
        with contextlib.suppress(OSError):  # if it cannot be noted, the next worker finds it lost again
            files.replace(self._notes, msgspec.json.encode(replace(self.kept, recording=ended)))
        self._know(replace(self.kept, recording=ended))
        self._close()

    def compress(self) -> Iterator[None]:
        """A piece at each step. Begun again, it begins anew."""
        packed, blocks, done = f"{self._path}.gz", [], 0
        with open(self._path, "rb") as source, open(os.open(f"{packed}.new", _NEW, 0o600), "wb") as target:
            while not self.removed and (block := source.read(BLOCK)):
                blocks.append(done)
                done += target.write(gzip.compress(block, 6, mtime=0))
                yield
            target.flush()
            os.fsync(target.fileno())
        if self.removed:
            return
        os.rename(f"{packed}.new", packed)
        self._save(replace(self.kept, blocks=blocks))
        os.unlink(self._path)

    def remove(self) -> None:
        """Its notes first: a file without them is nobody's, and swept away."""
        if not self.removed:
            self._ledger.add(self.recording.owner, -self.recording.bytes)
        self.removed = True
        self._close()
        for path in (self._notes, f"{self._notes}.new", self._path, f"{self._path}.gz", f"{self._path}.gz.new"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def read(self, offset: int, most: int) -> tuple[bytes, int]:
        """Bytes of the asciicast, and its length now; in any thread. Raises `FileNotFoundError` for a removed one."""
        kept = self.kept
        try:
            return _read(self._path, kept, offset, most), kept.recording.bytes
        except FileNotFoundError:
            if kept is self.kept:
                raise
            return self.read(offset, most)  # it was compressed meanwhile

    def _end(self, recording: Recording, why: Why, at: float) -> None:
        os.fsync(self._fd)
        self._save(replace(self.kept, recording=replace(recording, ended=why, ended_at=at)))
        self._close()

    def _save(self, kept: Kept) -> None:
        files.replace(self._notes, msgspec.json.encode(kept))
        self._know(kept)

    def _know(self, kept: Kept) -> None:
        self._ledger.add(kept.recording.owner, kept.recording.bytes - self.recording.bytes)
        self.kept = kept

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def is_id(text: str) -> bool:
    """Whether it can be a recording's: then it is no path either."""
    return _ID.fullmatch(text) is not None


def load(directory: str, ledger: Ledger) -> list[Reel]:
    """What is there; what belongs to none of it is removed, notes that cannot be read are left for a person to see."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    os.chmod(directory, 0o700)
    found: list[Reel] = []
    names = {entry.name for entry in os.scandir(directory)}
    for name in sorted(names):
        id, _, kind = name.partition(".")
        if not is_id(id):
            continue
        if kind == "json":
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                kept = msgspec.json.decode(files.read_text(os.path.join(directory, name)), type=Kept)
                if kept.recording.id == id:
                    found.append(Reel(directory, kept, ledger))
        elif f"{id}.json" not in names or kind.endswith(".new"):
            os.unlink(os.path.join(directory, name))
    for reel in found:
        if reel.kept.blocks is not None:  # it died before the last step
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(directory, f"{reel.recording.id}.cast"))
    return found


def _read(path: str, kept: Kept, offset: int, most: int) -> bytes:
    most = min(most, kept.recording.bytes - offset)
    if most <= 0:
        return b""
    if kept.blocks is None:
        with open(path, "rb") as file:
            return os.pread(file.fileno(), most, offset)
    number = offset // BLOCK
    start, end = [*kept.blocks, -1][number : number + 2]
    with open(f"{path}.gz", "rb") as file:
        file.seek(start)
        block = gzip.decompress(file.read(end - start if end >= 0 else -1))
    return block[offset - number * BLOCK :][:most]


def _whole_lines(path: str, most: int) -> int:
    """The length of what is whole of the first `most` bytes: after a loss of power a file can be shorter than noted."""
    with open(path, "rb") as file:
        return file.read(most).rfind(b"\n") + 1


def _write(fd: int, data: bytes | bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
