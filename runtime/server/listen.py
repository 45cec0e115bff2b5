"""The worker's socket: who can reach it by its modes, who may speak by the kernel's word."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass

from runtime.config import RuntimeConfig

BACKLOG = 1024
_UCRED = struct.Struct("3i")


@dataclass(frozen=True)
class Peer:
    """Who connected, as the kernel saw it at that moment (unix(7), SO_PEERCRED)."""

    pid: int
    uid: int
    gid: int


def peer_of(sock: socket.socket) -> Peer:
    return Peer(*_UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)))


def bind(config: RuntimeConfig) -> socket.socket:
    """A listening socket at `config.socket`, put there whole: nobody meets it half made.

    One web user: the socket is that user's, `0600`. Several: any user can reach it, and all but those are turned away
    at the door. The directory can be passed through by all, as the containers' roots lie below it, and listed by none.
    """
    config.run_dir.mkdir(parents=True, exist_ok=True)
    os.chmod(config.run_dir, 0o711)  # noqa: S103
    users = sorted(config.web_uids - {0})
    staging = f"{config.socket}.new"
    if os.path.lexists(staging):
        os.unlink(staging)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            sock.bind(staging)
        finally:
            os.umask(before)
        if len(users) == 1:
            os.chown(staging, users[0], 0)
        elif users:
            os.chmod(staging, 0o666)  # noqa: S103
        sock.listen(BACKLOG)
        sock.setblocking(False)
        os.rename(staging, config.socket)
    except BaseException:
        sock.close()
        raise
    return sock
