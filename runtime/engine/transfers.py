"""One file into a container or out of it, carried by a process of its own that is confined there.

Why not the OCI runtime's exec, which confines just so: it loads a program of the image, and an image need not have one,
nor one that can be trusted to tell what it did. So the program is ours, `runtime.kernel.porter`, loaded on the host
before it goes in; see `runtime.kernel.inside` for what it then can do and what can be done to it. What it answers is
still read as if it were a stranger's: it lives on what strangers wrote.

One process a file, for all its parts: a name is looked up once, and what is uploaded has none until it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from runtime.engine import spawn
from runtime.engine.ground import Ground
from runtime.engine.record import Record
from runtime.errors import Code, Fault
from runtime.kernel import pidfd
from runtime.kernel.porter import WORDS
from runtime.protocol.terminals import MAX_FILE, MAX_PART

SECONDS = 15.0
"""For one part, going in included. A busy container's processor time is what it runs on."""

FAREWELL, KILLED = 0.5, 5.0  # seconds that it may take to end by itself; and when it was killed

_PROGRAM = [sys.executable, "-S", "-P", "-c", "from runtime.kernel.porter import main; main()"]
_ROOT = str(Path(__file__).resolve().parents[2])
_MAX_FRAME = 65 * 1024
_U64 = struct.Struct("!Q")

log = structlog.get_logger()


class Porter:
    """A file under way. After any exception it is of no more use but to be closed; `size` as of the last answer."""

    def __init__(self, ground: Ground, record: Record, process: asyncio.subprocess.Process) -> None:
        self.container = record.id
        self.size = 0
        self._ground, self._record, self._process = ground, record, process
        self._turn = asyncio.Lock()
        self._closed = False

    @classmethod
    async def begin(
        cls, ground: Ground, record: Record, what: Literal["put", "get"], path: str, *, replace: bool = False
    ) -> Porter:
        """Ready to append to what will be at `path`, or to read what is there, with its `size`. Raises `Fault`."""
        first = pidfd.open_pidfd(record.pid, record.starttime) if record.pid else None
        if first is None:
            raise _ended(record)
        try:
            process = await asyncio.create_subprocess_exec(
                *_PROGRAM,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(first,),
                cwd="/",
                env={**spawn.ENVIRONMENT, "PYTHONPATH": _ROOT, "PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,
            )
        except OSError as error:
            raise Fault.from_os_error(error, op="carry a file", code=Code.SPAWN_FAILED) from error
        finally:
            os.close(first)
        porter = cls(ground, record, process)
        order = {
            "pidfd": first,  # inherited under the same number
            "cgroups": _cgroups(ground, record),
            "what": what,
            "path": path.encode("utf-8", "surrogateescape").hex(),
            "replace": replace,
            "most": MAX_FILE,
        }
        try:
            await porter._ask(b"O", json.dumps(order).encode())
        except BaseException:
            await porter.close()
            raise
        return porter

    async def append(self, data: bytes) -> int:
        """The size so far."""
        await self._ask(b"D", data)
        return self.size

    async def publish(self) -> None:
        """Let it be there, whole, under its name."""
        await self._ask(b"E", b"")

    async def read(self, offset: int) -> bytes:
        """At most `MAX_PART` bytes from there. Raises `Fault`: `vanished` when the file changed since it was opened."""
        return await self._ask(b"R", struct.pack("!QI", offset, MAX_PART))

    async def close(self) -> None:
        """End it now, and all that it has not given a name. More than once is no error."""
        if self._closed:
            return
        self._closed = True
        if self._process.stdin:
            self._process.stdin.close()  # it ends by itself, and takes a staging name of an old kernel with it
        try:
            async with asyncio.timeout(FAREWELL):
                await self._process.wait()
        except TimeoutError:  # frozen, or in the kernel
            self._kill()
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(KILLED):
                await self._process.wait()
                for pipe in (self._process.stdout, self._process.stderr):
                    if pipe:
                        await pipe.read()  # to the end, or its descriptor stays
                if self._process.stdin:
                    await self._process.stdin.wait_closed()  # an error nobody asks for would be told as unheard

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    # --- the conversation ------------------------------------------------------------------------------------------

    async def _ask(self, letter: bytes, body: bytes) -> bytes:
        """What came before its `K`. Raises `Fault`."""
        async with self._turn:
            try:
                async with asyncio.timeout(SECONDS):
                    return await self._exchange(letter, body)
            except TimeoutError:
                frozen = self._ground.group(self.container).frozen()
                self._kill()  # after the look: while one dies in a frozen group, the kernel says that it is not frozen
                if frozen:
                    raise Fault(
                        Code.WRONG_STATE,
                        f"container {self.container} was frozen meanwhile",
                        hint="Thaw it first.",
                        op="carry a file",
                    ) from None
                raise Fault(
                    Code.TIMEOUT, f"container {self.container} took more than {SECONDS:g} s", op="carry a file"
                ) from None

    async def _exchange(self, letter: bytes, body: bytes) -> bytes:
        writer, reader = self._process.stdin, self._process.stdout
        if writer is None or reader is None or self._closed:
            raise Fault(Code.VANISHED, "the transfer was ended", op="carry a file")
        answering = asyncio.ensure_future(self._answer(reader))
        try:
            with contextlib.suppress(ConnectionError):  # it may have said why before it ended
                writer.write((1 + len(body)).to_bytes(4, "big") + letter)
                writer.write(body)
                await writer.drain()
            return await answering
        finally:
            answering.cancel()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        found: list[bytes] = []
        room = MAX_PART
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4), "big")
                if not 1 <= length <= _MAX_FRAME:
                    raise _nonsense(f"a frame of {length} bytes")
                frame = await reader.readexactly(length)
                letter, body = frame[:1], frame[1:]
                if letter == b"B" and len(body) <= room:
                    room -= len(body)
                    found.append(body)
                elif letter == b"K" and len(body) == _U64.size:
                    (self.size,) = _U64.unpack(body)
                    return b"".join(found)
                elif letter == b"F" and len(body) >= 4:
                    word = body[4:].decode("ascii", "replace")
                    raise self._fault(word, int.from_bytes(body[:4], "big"))
                else:
                    raise _nonsense(f"a frame {letter!r} of {length} bytes")
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._death() from None

    async def _death(self) -> Fault:
        """It ended without a word."""
        code = await self._process.wait()
        said = await self._process.stderr.read(1024) if self._process.stderr else b""
        if not pidfd.alive(self._record.pid, self._record.starttime):
            return _ended(self._record)
        if code == -9 and not self._closed:
            # The kernel's choice where the container's memory is full; what is written to its files lies there too.
            return Fault(Code.LIMIT_REACHED, f"container {self.container} has no memory left for it", hint=_MEMORY)
        if said:
            log.warning("porter", container=self.container, code=code, said=said.decode(errors="backslashreplace"))
        return Fault(Code.VANISHED, "the transfer was ended", op="carry a file")

    def _fault(self, word: str, number: int) -> Fault:
        if word not in WORDS:
            return _nonsense(f"a word {word[:32]!r}")
        return _refused(self.container, word, errno.errorcode.get(number))


_MEMORY = "End processes or delete files of the container, which lie in memory too, or ask for more."
_FULL = "Delete files of the container, or ask for more."


@dataclass(frozen=True)
class _Why:
    code: Code
    text: str
    hint: str


_ABOUT_PATH = {
    "taken": _Why(
        Code.ALREADY_EXISTS, "there is a file of this name", hint="Choose another name, or replace the file."
    ),
    "is-directory": _Why(Code.INVALID_SPEC, "the path is a directory's", hint="Name a file."),
    "is-link": _Why(Code.INVALID_SPEC, "there is a symbolic link of this name", hint="Name the file that it leads to."),
    "is-special": _Why(
        Code.INVALID_SPEC, "it is no ordinary file but a device, a pipe or a socket", hint="Name a file."
    ),
    "kernel": _Why(
        Code.INVALID_SPEC,
        "it is the kernel's, which makes it as it is read",
        hint="Copy it to a file of the container first.",
    ),
    "changed": _Why(
        Code.VANISHED, "the file was changed while it was read", hint="Copy it to a file of the container first."
    ),
    "too-big": _Why(Code.INVALID_SPEC, f"a file may have {MAX_FILE} bytes", hint="Pack it, or split it."),
}
_FORBIDDEN = _Why(
    Code.ACCESS_DENIED, "not even the container's root may do that there", hint="Choose another directory."
)
_ASTRAY = _Why(Code.INVALID_SPEC, "its links lead nowhere", hint="Check the path.")
_ABOUT_ERRNO = {
    "ENOENT": _Why(Code.NOT_FOUND, "there is no such file or directory", hint="Check the path."),
    "ENOTDIR": _Why(Code.NOT_FOUND, "there is no such directory", hint="Check the path."),
    "EEXIST": _ABOUT_PATH["taken"],
    "EISDIR": _ABOUT_PATH["is-directory"],
    "ELOOP": _ASTRAY,
    "EXDEV": _ASTRAY,
    "ENAMETOOLONG": _Why(Code.INVALID_SPEC, "the path is too long", hint="Choose another name."),
    "EROFS": _Why(
        Code.ACCESS_DENIED,
        "nothing can be written there, it is mounted read-only",
        hint="Choose another directory.",
    ),
    "EBUSY": _Why(Code.ACCESS_DENIED, "something is mounted there", hint="Choose another name."),
    "EACCES": _FORBIDDEN,
    "EPERM": _FORBIDDEN,
    "EOPNOTSUPP": _FORBIDDEN,
}


def _refused(container: str, word: str, name: str | None) -> Fault:
    """In words, with no `errno`: the web side takes a text that has one for the host's own."""
    if word in _ABOUT_PATH:
        return _about(_ABOUT_PATH[word])
    if name in {"ENOSPC", "EDQUOT", "EFBIG"}:
        text = f"the disk of container {container} is full"
        return Fault(Code.LIMIT_REACHED, text, hint=_FULL, op="carry a file")
    if name == "ENOMEM":
        text = f"container {container} has no memory left for it"
        return Fault(Code.LIMIT_REACHED, text, hint=_MEMORY, op="carry a file")
    if word != "enter" and name in _ABOUT_ERRNO:
        return _about(_ABOUT_ERRNO[name])
    if word == "enter" and name in {"ESRCH", "ENOENT", "ENODEV"}:
        return Fault(Code.VANISHED, f"container {container} ended", op="carry a file")
    return Fault(Code.INTERNAL_ERROR, f"container {container}: {word} failed with {name}", op="carry a file")


def _about(why: _Why) -> Fault:
    return Fault(why.code, why.text, field="path", hint=why.hint, op="carry a file")


def _nonsense(what: str) -> Fault:
    return Fault(Code.INTERNAL_ERROR, f"the porter sent {what}", op="carry a file")


def _ended(record: Record) -> Fault:
    return Fault(Code.VANISHED, f"container {record.id} ended", op="carry a file")


def _cgroups(ground: Ground, record: Record) -> list[str]:
    """All but v1's freezer: what that holds does not even hear SIGKILL, and this process must be one to be ended."""
    paths = ground.group(record.id).paths
    frozen = paths.get("freezer")
    return [path for path in dict.fromkeys(paths.values()) if path != frozen and os.path.isdir(path)]
