"""The datagrams between keeper and worker: one JSON object each, with descriptors beside it (unix(7), SCM_RIGHTS).

| worker → keeper | answer |
|---|---|
| `{"op":"hold","seq","key","meta"}` + descriptors | `{"re":seq}`; without descriptors it only renews the meta |
| `{"op":"drop","seq","key"}` | `{"re":seq}`, also when nothing was held |
| `{"op":"list","seq"}` | `{"re":seq,"key","meta"}` + descriptors for each entry, then `{"re":seq,"end":true}` |
| `{"op":"exits","seq"}` | `{"re":seq,"exits":[[pid,starttime,status,at],…]}` in pages, then `{"re":seq,"end":true}` |

On its own the keeper sends `{"exited":[pid,starttime,status,at]}`: `status` as wait(2) gives it, `starttime` in clock
ticks since boot (field 22 of proc_pid_stat(5)), `at` in seconds since the epoch. A refusal is `{"re":seq,"fault":why}`.
"""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Sequence
from typing import Any

MAX_DATAGRAM = 64 * 1024
MAX_FDS = 8
EXITS_A_PAGE = 512

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """Raises `ValueError` when the message is too large to be carried."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > MAX_DATAGRAM:
        raise ValueError(f"datagram of {len(data)} bytes, at most {MAX_DATAGRAM}")
    return data


def send(sock: socket.socket, data: bytes, fds: Sequence[int] = ()) -> None:
    """One datagram, whole or not at all. Raises `BlockingIOError` when there is no room now."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([data], rights, socket.MSG_NOSIGNAL)


def receive(sock: socket.socket) -> tuple[Message, list[int]] | None:
    """One datagram, or None when the other side is gone.

    Raises `BlockingIOError` when none is waiting, `ValueError` for one that cannot be read; its descriptors are
    closed then.
    """
    fds = array.array("i")
    data, ancillary, flags, _ = sock.recvmsg(
        MAX_DATAGRAM + 1, socket.CMSG_SPACE(MAX_FDS * fds.itemsize), socket.MSG_CMSG_CLOEXEC
    )
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    if not data and not fds:
        return None
    try:
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise ValueError("datagram cut short")
        message = json.loads(data)
        if not isinstance(message, dict):
            raise ValueError("datagram is not an object")
    except (ValueError, RecursionError) as error:
        for fd in fds:
            os.close(fd)
        raise ValueError(str(error)) from None
    return message, list(fds)
