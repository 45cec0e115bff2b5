"""Programs of the host, run from the event loop: pipes read as they fill, the end told by a pidfd."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from runtime.errors import Code, Fault

_CHUNK = 65_536
_T = TypeVar("_T")
UMASK = 0o022
"""Not the worker's own: cgroups that the runtime makes under 077 cannot be read, or on v2 mounted, by the container."""

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class Finished:
    """How a program ended; `code` is negative for a signal, as in `subprocess`."""

    code: int
    stdout: bytes
    stderr: bytes


class Collector:
    """Reads a pipe to its end, keeps the first `limit` bytes and discards the rest. Owns the descriptor."""

    def __init__(self, fd: int, limit: int) -> None:
        self.data = bytearray()
        self.truncated = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fd = fd
        self._limit = limit
        os.set_blocking(fd, False)
        asyncio.get_running_loop().add_reader(fd, self._read)

    def _read(self) -> None:
        try:
            part = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self.close()
            return
        room = self._limit - len(self.data)
        self.data += part[:room]
        self.truncated = self.truncated or len(part) > room

    def drain(self) -> None:
        """Take what is in the pipe now, without waiting for its end."""
        for _ in range(32):  # a pipe holds at most 1 MiB for an unprivileged writer
            before = len(self.data)
            if not self.done.done():
                self._read()
            if self.done.done() or len(self.data) == before:
                return

    def close(self) -> None:
        """Stop reading; more than once is no error."""
        if not self.done.done():
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self.done.set_result(None)


async def ended(pidfd: int, seconds: float | None) -> bool:
    """Wait until the process has ended; False when `seconds` have passed. The descriptor stays the caller's."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not over.done():
            over.set_result(None)

    # A duplicate, because two may wait for the same process and a loop watches a descriptor once.
    watched = os.dup(pidfd)
    loop.add_reader(watched, tell)
    try:
        await asyncio.wait({over}, timeout=seconds)
        return over.done()
    finally:
        loop.remove_reader(watched)
        os.close(watched)


async def run(argv: list[str], *, seconds: float, limit: int = _CHUNK, null_stdin: bool = True) -> Finished:
    """Run a program to its end and give what it wrote. Raises `Fault`: `spawn-failed`, or `timeout` after a SIGKILL.

    A grandchild that keeps the pipes open is not waited for. `null_stdin` False gives it an empty pipe instead of
    /dev/null: some runtimes change the owner of what they are given.
    """
    child = _start(argv, null_stdin)
    if child.stdin is not None:
        child.stdin.close()
    out, err = (Collector(_taken(pipe), limit) for pipe in (child.stdout, child.stderr))
    pidfd = os.pidfd_open(child.pid)
    try:
        if not await ended(pidfd, seconds):
            raise Fault(Code.TIMEOUT, f"{os.path.basename(argv[0])} did not finish within {seconds:g} s", op=argv[0])
        out.drain()
        err.drain()
        return Finished(child.wait(), bytes(out.data), bytes(err.data))
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            child.wait()
        os.close(pidfd)
        out.close()
        err.close()


def _start(argv: list[str], null_stdin: bool) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL if null_stdin else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=ENVIRONMENT,
            umask=UMASK,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        raise Fault.from_os_error(error, op=f"run {argv[0]}", code=Code.SPAWN_FAILED) from error


def _taken(pipe: Any) -> int:
    """The descriptor of a pipe object, out of its hands."""
    fd = os.dup(pipe.fileno())
    pipe.close()
    return fd


async def to_the_end(act: Coroutine[Any, Any, _T], lost: Callable[[_T], None] | None = None) -> _T:
    """Await something that must not be left half done: a cancellation is passed on after it has finished.

    `lost` is then given its result, which the caller will not see.
    """
    task = asyncio.ensure_future(act)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if not cancelled:
        return task.result()
    error = None if task.cancelled() else task.exception()
    if lost is not None and error is None and not task.cancelled():
        lost(task.result())
    raise asyncio.CancelledError from error
