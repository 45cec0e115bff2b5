"""The socket through which the OCI runtime hands over a pty's master (`--console-socket`)."""

from __future__ import annotations

import array
import os
import socket
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errors import Code, Fault

MAX_SIDE = 1000  # no terminal is larger


class Console:
    """A listening socket at `path`; the runtime connects and sends one descriptor before it ends."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(path)
            self._socket.listen(1)
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise

    def take(self, cols: int, rows: int) -> int:
        """The master that was sent, close-on-exec, its window size set. Raises `Fault(spawn-failed)` when none was."""
        try:
            peer, _ = self._socket.accept()
        except BlockingIOError:
            raise Fault(Code.SPAWN_FAILED, "the runtime sent no terminal", op="console") from None
        with peer:
            peer.setblocking(False)
            fds = _received(peer)
        if len(fds) != 1:
            for fd in fds:
                os.close(fd)
            raise Fault(Code.SPAWN_FAILED, "the runtime sent no terminal", op="console")
        try:
            termios.tcsetwinsize(fds[0], (clamp(rows), clamp(cols)))
        except OSError:
            os.close(fds[0])
            raise
        return fds[0]

    def close(self) -> None:
        self._socket.close()


def _received(peer: socket.socket) -> list[int]:
    """Descriptors in the first message. `socket.recv_fds` drops its flags, and with them close-on-exec."""
    fds = array.array("i")
    try:
        _, ancillary, _, _ = peer.recvmsg(4096, socket.CMSG_SPACE(4 * fds.itemsize), socket.MSG_CMSG_CLOEXEC)
    except BlockingIOError:
        return []
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return list(fds)


@contextmanager
def listening(path: str) -> Iterator[Console]:
    """A console socket that is gone afterwards; one left by a crash is replaced."""
    if os.path.lexists(path):
        os.unlink(path)
    console = Console(path)
    try:
        yield console
    finally:
        console.close()
        if os.path.lexists(path):
            os.unlink(path)


def clamp(side: int) -> int:
    """A number of columns or rows that a terminal can have."""
    return max(1, min(side, MAX_SIDE))
