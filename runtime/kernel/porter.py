"""The program that carries one file into a container or out of it: started by `runtime.engine.transfers`, run inside.

    python -c "from runtime.kernel.porter import main; main()"

Frames on its pipes, both ways: u32 length, then a letter and a body of that many bytes in all (big-endian).

| to it | body | from it |
|---|---|---|
| `O` order | JSON: `{"pidfd", "cgroups", "what": "put" or "get", "path": hex, "replace", "most"}` | `K` u64 size |
| `D` data | bytes to append | `K` u64 size so far |
| `E` end | none: give the file its name | `K` u64 size |
| `R` read | u64 offset, u32 how many at most | any number of `B` bytes, then `K` u64 size of the file |

Instead of `K` may come `F`: u32 errno (0: none), then one of the words below; then it ends. It also ends when its
pipe or its container does, and leaves no half-written file: until the end the file has no name at all (O_TMPFILE).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import stat
import struct
from collections.abc import Iterator
from typing import Any, NoReturn

from runtime.kernel import confined, inside, libc

CHUNK = 64 * 1024
"""All that it holds at a time: its memory is the container's, which may have little."""

WORDS = (
    "enter", "directory", "taken", "is-directory", "is-link", "is-special", "write", "too-big", "publish", "open",
    "kernel", "changed", "read", "protocol",
)  # fmt: skip
ORDER_BYTES = 64 * 1024
_U64 = struct.Struct("!Q")
_READ = struct.Struct("!QI")


class Refusal(Exception):
    """One of `WORDS`, with the kernel's number where it gave one."""

    def __init__(self, word: str, number: int = 0) -> None:
        super().__init__(word)
        self.word, self.number = word, number


class Ended(Exception):
    """The pipe or the container has."""


def main() -> NoReturn:
    """Until the pipe ends. Ends without Python's own farewell, which would look for modules."""
    try:
        _serve()
    except (Ended, BrokenPipeError):
        pass
    except Refusal as refusal:
        with contextlib.suppress(OSError):
            _say(b"F", struct.pack("!I", refusal.number) + refusal.word.encode())
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, repr(error).encode(errors="backslashreplace")[:512])
    os._exit(0)


def _serve() -> None:
    letter, length = _head(None)
    if letter != b"O" or length > ORDER_BYTES:
        raise Refusal("protocol")
    order = json.loads(_exactly(length))
    pidfd = int(order["pidfd"])
    with _doing("enter"):
        root = inside.enter(pidfd, order["cgroups"], file_bytes=int(order["most"]))
    path = bytes.fromhex(order["path"])
    if order["what"] == "put":
        _Put(root, path, order).serve(pidfd)
    else:
        _get(root, path, pidfd)


# --- in --------------------------------------------------------------------------------------------------------------


class _Put:
    def __init__(self, root: int, path: bytes, order: dict[str, Any]) -> None:
        self._replace = bool(order["replace"])
        self._most = int(order["most"])
        way, _, self._name = path.rpartition(b"/")
        if self._name in (b"", b".", b".."):
            raise Refusal("is-directory")
        with _doing("directory"):
            self._directory = confined.inside(root, way, os.O_PATH | os.O_DIRECTORY)
        self._look()
        self._staging = b""
        with _doing("write"):
            self._fd = self._open()
        self._size = 0

    def serve(self, pidfd: int) -> None:
        try:
            _say(b"K", _U64.pack(0))
            while True:
                letter, length = _head(pidfd)
                if letter == b"D":
                    self._append(length)
                elif letter == b"E" and not length:
                    with _doing("publish"):
                        self._give_name()
                else:
                    raise Refusal("protocol")
                _say(b"K", _U64.pack(self._size))
        finally:
            if self._staging:
                with contextlib.suppress(OSError):
                    os.unlink(self._staging, dir_fd=self._directory)

    def _look(self) -> None:
        """What the name is taken by, if it is. It may be another thing by the end: then `_give_name` decides."""
        try:
            found = os.stat(self._name, dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Refusal("directory", error.errno or 0) from None
        if stat.S_ISDIR(found.st_mode):
            raise Refusal("is-directory")
        if stat.S_ISLNK(found.st_mode):
            raise Refusal("is-link")
        if not stat.S_ISREG(found.st_mode):
            raise Refusal("is-special")
        if not self._replace:
            raise Refusal("taken")

    def _open(self) -> int:
        """A file without a name, where the kernel will give it one later; else under a name nobody asks for."""
        with contextlib.suppress(OSError):  # overlayfs before Linux 6.1 has no such files
            fd = os.open(b".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=self._directory)
            try:
                # Whether we may name it is asked with a name that is taken for certain; a refusal is another error.
                libc.link_open(fd, self._directory, b".")
            except FileExistsError:
                return fd
            except OSError:
                os.close(fd)
        self._staging = self._other_name()
        flags = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC
        return os.open(self._staging, flags, 0o600, dir_fd=self._directory)

    def _append(self, length: int) -> None:
        if self._size + length > self._most:
            raise Refusal("too-big")
        for chunk in _chunks(length):
            view = memoryview(chunk)
            while view:
                with _doing("write"):
                    written = os.write(self._fd, view)
                view = view[written:]
                self._size += written

    def _give_name(self) -> None:
        os.fchown(self._fd, 0, 0)  # a directory with the set-group-ID bit gave it another group
        os.fchmod(self._fd, 0o644)
        where = self._directory
        if self._staging and self._replace:
            os.rename(self._staging, self._name, src_dir_fd=where, dst_dir_fd=where)
            self._staging = b""
        elif self._staging:
            os.link(self._staging, self._name, src_dir_fd=where, dst_dir_fd=where)  # refuses a name that is taken
        elif not self._replace:
            libc.link_open(self._fd, where, self._name)
        else:
            self._staging = self._other_name()
            libc.link_open(self._fd, where, self._staging)
            os.rename(self._staging, self._name, src_dir_fd=where, dst_dir_fd=where)
            self._staging = b""

    @staticmethod
    def _other_name() -> bytes:
        return b".upload-" + os.urandom(8).hex().encode()


# --- out -------------------------------------------------------------------------------------------------------------


def _get(root: int, path: bytes, pidfd: int) -> None:
    """One descriptor for all parts, so never bytes of two files; what was changed meanwhile is told."""
    with _doing("open"):
        fd, first = _open_regular(root, path)
    _say(b"K", _U64.pack(first.st_size))
    while True:
        letter, length = _head(pidfd)
        if letter != b"R" or length != _READ.size:
            raise Refusal("protocol")
        offset, most = _READ.unpack(_exactly(length))
        if _stamp(os.fstat(fd)) != _stamp(first):
            raise Refusal("changed")
        end = min(offset + most, first.st_size)
        while offset < end:
            with _doing("read"):
                part = os.pread(fd, min(CHUNK, end - offset), offset)
            if not part:
                raise Refusal("changed")
            _say(b"B", part)
            offset += len(part)
        _say(b"K", _U64.pack(first.st_size))


def _open_regular(root: int, path: bytes) -> tuple[int, os.stat_result]:
    """Looked at before it is opened, as to open a fifo or a device may do something; then looked at again."""
    looked = confined.inside(root, path, os.O_PATH)
    try:
        _regular(os.fstat(looked))
    finally:
        os.close(looked)
    fd = confined.inside(root, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    found = os.fstat(fd)
    _regular(found)
    if found.st_size == 0 and os.pread(fd, 1, 0):
        raise Refusal("kernel")  # /proc, /sys: made as it is read, and as long as it likes
    return fd, found


def _regular(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise Refusal("is-directory")
    if not stat.S_ISREG(found.st_mode):
        raise Refusal("is-special")


def _stamp(found: os.stat_result) -> tuple[int, int]:
    """Another name, or none, changes only the time of the inode: it is the same file."""
    return found.st_size, found.st_mtime_ns


# --- frames ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _doing(word: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refusal(word, error.errno or 0) from None


def _head(pidfd: int | None) -> tuple[bytes, int]:
    """The next frame's letter and how much of it follows. Raises `Ended`, also with the container of `pidfd`."""
    if pidfd is not None:
        poll = select.poll()
        for fd in (0, pidfd):
            poll.register(fd, select.POLLIN)
        if any(fd == pidfd for fd, _ in poll.poll()):
            raise Ended
    length = int.from_bytes(_exactly(4), "big")
    if length < 1:
        raise Refusal("protocol", errno.EBADMSG)
    return _exactly(1), length - 1


def _exactly(count: int) -> bytes:
    return b"".join(_chunks(count))


def _chunks(count: int) -> Iterator[bytes]:
    while count:
        part = os.read(0, min(count, CHUNK))
        if not part:
            raise Ended
        count -= len(part)
        yield part


def _say(letter: bytes, body: bytes) -> None:
    view = memoryview((1 + len(body)).to_bytes(4, "big") + letter + body)
    while view:
        view = view[os.write(1, view) :]
