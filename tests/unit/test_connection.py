"""One client's share of the worker's time."""

from __future__ import annotations

import asyncio
import os
import socket
from types import SimpleNamespace
from typing import Any

from runtime.protocol import pty
from runtime.protocol.framing import framed
from runtime.server.connection import TURN, Connection, Connections
from tests.support.pty_viewer import until


async def test_of_many_small_frames_few_are_taken_in_a_turn() -> None:
    context: Any = SimpleNamespace(config=SimpleNamespace(web_uids={os.getuid()}))
    ours, theirs = socket.socketpair()
    frame = framed(pty.byte_frame(pty.Kind.VISIBILITY, 0))
    theirs.setblocking(False)
    sent = theirs.send(frame * (4 * TURN // len(frame)))
    connection: Any = Connection(Connections(context))
    turns = [0]
    connection._viewer = SimpleNamespace()

    def receive(_viewer: object, _frame: bytes) -> None:
        turns[-1] += 1

    connection._session = SimpleNamespace(receive=receive, detach=lambda _viewer: None)
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, ours)

    loop = asyncio.get_running_loop()

    def turn() -> None:
        if sum(turns) < sent // len(frame):
            turns.append(0)
            loop.call_soon(turn)

    loop.call_soon(turn)
    await until(lambda: sum(turns) >= sent // len(frame), "all frames")
    assert max(turns) <= TURN // len(frame) + 1
    transport.close()
    theirs.close()
