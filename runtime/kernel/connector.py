"""The kernel's own news of processes: fork, exec and exit, through netlink (connector.rst, linux/cn_proc.h).

All of the host's, by the initial pid namespace's numbers, and only to a socket of the initial network namespace, asked
for from the initial pid and user namespaces. A filter in the socket drops threads and whatever else is told.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import struct
from typing import Final, NamedTuple

FORK: Final = 0x0000_0001
EXEC: Final = 0x0000_0002
EXIT: Final = 0x8000_0000
ROOM = 4 * 1024 * 1024  # what may wait; the kernel doubles it, and charges 768 bytes for an event of 76

_NETLINK_CONNECTOR, _CN_IDX_PROC, _CN_VAL_PROC = 11, 1, 1
_LISTEN, _IGNORE = 1, 2
_NONE = 0
_NLMSG_DONE = 3
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_EVENT_AT = 36  # behind struct nlmsghdr and struct cn_msg
_EVENT = struct.Struct("=IIQIIIIII")  # what, cpu, timestamp_ns, and the longest that the union holds


class Happening(NamedTuple):
    """One process's news. Fork: `pid` is the child, `ppid` its parent. Exit: `status` as wait(2) has it.

    `at_ns`: nanoseconds of CLOCK_MONOTONIC. `what`: `FORK`, `EXEC`, `EXIT`.
    """

    what: int
    at_ns: int
    pid: int
    ppid: int = 0
    status: int = 0


class Connector:
    """One listening socket. Raises `OSError` where the kernel tells us nothing, `strerror` says why."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NETLINK_CONNECTOR)
        try:
            self._socket.setblocking(False)
            self._make_room()
            _attach(self._socket, _program())
            self._socket.bind((0, _CN_IDX_PROC))
            self._say(_LISTEN)
            self._expect_answer()
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self, most: int) -> tuple[list[Happening], bool]:
        """At most `most` of what waits, in order, and whether some was lost before it for want of room."""
        found: list[Happening] = []
        lost = False
        receive = self._socket.recv
        for _ in range(most):
            try:
                one = parse(receive(256))
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lost = True
                continue
            if one is not None:
                found.append(one)
        return found, lost

    def close(self) -> None:
        """Kernels before 6.6 count listeners, and go on telling nobody if one leaves without a word."""
        if self._socket.fileno() >= 0:
            with contextlib.suppress(OSError):
                self._say(_IGNORE)
            self._socket.close()

    def _say(self, operation: int) -> None:
        data = struct.pack("=I", operation)
        body = struct.pack("=IIIIHH", _CN_IDX_PROC, _CN_VAL_PROC, 0, 0, len(data), 0) + data
        self._socket.send(struct.pack("=IHHII", 16 + len(body), _NLMSG_DONE, 0, 0, 0) + body)

    def _expect_answer(self) -> None:
        """The kernel answers within the call, or not at all: a request from another namespace is ignored in silence."""
        for _ in range(64):
            try:
                raw = self._socket.recv(256)
            except BlockingIOError:
                break
            if len(raw) >= _EVENT_AT + 20 and struct.unpack_from("=I", raw, _EVENT_AT)[0] == _NONE:
                refused: int = struct.unpack_from("=I", raw, _EVENT_AT + 16)[0]
                if refused:
                    raise OSError(refused, os.strerror(refused).lower())
                return
        raise OSError(errno.ENODATA, "asked from outside the initial namespaces, the kernel does not answer")

    def _make_room(self) -> None:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, ROOM)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)


def parse(raw: bytes) -> Happening | None:
    """One datagram; None for what is not about the life of a whole process."""
    if len(raw) < _EVENT_AT + _EVENT.size:
        return None
    what, _, at_ns, first, second, third, fourth, _, sixth = _EVENT.unpack_from(raw, _EVENT_AT)
    if what == FORK:  # parent's pid and tgid, child's pid and tgid
        return Happening(FORK, at_ns, fourth, second) if third == fourth else None
    if first != second:
        return None
    if what == EXEC:
        return Happening(EXEC, at_ns, first)
    if what == EXIT:  # pid, tgid, exit_code, exit_signal, parent's pid and tgid (Linux 4.18)
        return Happening(EXIT, at_ns, first, sixth, third)
    return None


def _program() -> bytes:
    """A filter as bpf(4) has it: whole processes' forks, execs and exits, and the answer to our own request.

    It loads words as the network orders them, so what it compares with is turned as well.
    """
    load, jump, jump_x, keep_x, give = 0x20, 0x15, 0x1D, 0x07, 0x06
    steps = (
        (load, 0, 0, _EVENT_AT),
        (jump, 12, 0, socket.htonl(_NONE)),
        (jump, 3, 0, socket.htonl(EXEC)),
        (jump, 2, 0, socket.htonl(EXIT)),
        (jump, 5, 0, socket.htonl(FORK)),
        (give, 0, 0, 0),
        (load, 0, 0, _EVENT_AT + 16),
        (keep_x, 0, 0, 0),
        (load, 0, 0, _EVENT_AT + 20),
        (jump_x, 4, 5, 0),
        (load, 0, 0, _EVENT_AT + 24),
        (keep_x, 0, 0, 0),
        (load, 0, 0, _EVENT_AT + 28),
        (jump_x, 0, 1, 0),
        (give, 0, 0, 256),
        (give, 0, 0, 0),
    )
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _attach(sock: socket.socket, program: bytes) -> None:
    code = ctypes.create_string_buffer(program, len(program))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
