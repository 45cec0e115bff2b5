"""Netlink, as much of it as looking at a network namespace takes: dumps of rtnetlink(7) and sock_diag(7).

A socket belongs to the namespace it was made in for as long as it lives, so one is made inside by a thread that enters
and dies there, and is kept: no other thread of this process is ever anywhere but at home.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from runtime.kernel import libc

T = TypeVar("T")

ROUTE, SOCK_DIAG = 0, 4  # netlink families (linux/netlink.h)
RTM_NEWLINK, RTM_GETLINK = 16, 18
RTM_NEWADDR, RTM_GETADDR = 20, 22
RTM_NEWROUTE, RTM_GETROUTE = 24, 26
SOCK_DIAG_BY_FAMILY = 20
GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE

_REQUEST_DUMP = 0x1 | 0x300
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")
_BYTES = 256 * 1024
_SECONDS = 2.0  # a dump is answered while it is asked for; this is for a kernel that does not


def within(netns: int, make: Callable[[], T]) -> T:
    """What `make` returns, called in the network namespace of that descriptor. Raises what it raises, and `OSError`."""
    made: list[T] = []
    failed: list[BaseException] = []

    def enter() -> None:
        try:
            libc.setns(netns, libc.CLONE_NEWNET)
            made.append(make())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=enter, name="netns")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


class Netlink:
    """One netlink socket. All methods raise `OSError`."""

    def __init__(self, family: int, groups: int = 0) -> None:
        """`groups`: what to be told of unasked."""
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
        try:
            self._socket.bind((0, groups))
            self._socket.setblocking(False)
        except BaseException:
            self._socket.close()
            raise
        self._sequence = 0
        self._news = False
        self.cut = False

    def dump(self, kind: int, body: bytes, limit: int = 256 * 1024) -> bytes:
        """All answers to a request, as they came: equal bytes tell the same. `messages` takes them apart.

        Not many more than `limit` bytes: a process inside can make more than there is time to read. `cut` says so, and
        the socket is then good for nothing more.
        """
        self._sequence += 1
        self._socket.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST_DUMP, self._sequence, 0) + body)
        parts: list[bytes] = []
        while not self.cut:
            for type_, sequence, payload in _messages(self._receive()):
                if sequence != self._sequence:
                    self._news = True
                elif type_ == _DONE:
                    return b"".join(parts)
                elif type_ == _ERROR:
                    code = -struct.unpack_from("=i", payload)[0]
                    raise OSError(code, os.strerror(code), "netlink")
                else:
                    parts.append(_HEADER.pack(_HEADER.size + len(payload), type_, 0, 0, 0))
                    parts.append(payload.ljust((len(payload) + 3) & ~3, b"\0"))
            self.cut = sum(map(len, parts)) > limit
        return b"".join(parts)

    def news(self) -> bool:
        """Whether anything of its groups has happened since it was last asked."""
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    self._socket.recv(_BYTES)
                except OSError as error:
                    if error.errno != errno.ENOBUFS:  # so much that some was lost: news all the same
                        raise
                self._news = True
        news, self._news = self._news, False
        return news

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> bytes:
        while True:
            try:
                return self._socket.recv(_BYTES)
            except BlockingIOError:
                if not _readable(self._socket):
                    raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), "netlink") from None
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._news = True


def messages(dump: bytes) -> Iterator[tuple[int, bytes]]:
    """Each answer's type and payload."""
    for type_, _, payload in _messages(dump):
        yield type_, payload


def _messages(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(raw):
        length, type_, _, sequence, _ = _HEADER.unpack_from(raw, at)
        if length < _HEADER.size:
            return
        yield type_, sequence, raw[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def attributes(payload: bytes, start: int) -> dict[int, bytes]:
    """Type → bytes, of the attributes from `start` on; of two of one type the last."""
    found = {}
    at = start
    while at + _ATTRIBUTE.size <= len(payload):
        length, type_ = _ATTRIBUTE.unpack_from(payload, at)
        if length < _ATTRIBUTE.size:
            break
        found[type_ & 0x3FFF] = payload[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return found


def _readable(sock: socket.socket) -> bool:
    poll = select.poll()  # select(2) ends at descriptor 1023
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(_SECONDS * 1000))
