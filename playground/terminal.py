"""A terminal's WebSocket, `pty.v1`: a pump between the browser and the worker that reads none of what it carries.

The first frame must be the browser's HELLO; before it goes to the worker, the connection tells the worker who the
browser's person is. Upwards nothing ever waits: a paste that the worker does not take fast enough closes the socket
instead of holding up an acknowledgement or a Ctrl-C. Downwards the worker's credit bounds what is under way, for not
every ASGI server lets `send` wait for a slow browser.
"""

from __future__ import annotations

import asyncio
import time

import msgspec

from playground import errors, worker
from playground.services.visits import admit, carry
from runtime.errors import Code, Fault
from runtime.protocol import messages, pty
from runtime.protocol.framing import MAX_PTY_FRAME, framed
from webapp.asgi_types import Receive, Scope, Send

HELLO_SECONDS = 5.0
RETRY_MS = 1000


async def terminal(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of `/ws/terminal/<container>/<terminal>`. Accepts first: a browser sees no code otherwise."""
    if (await receive())["type"] != "websocket.connect":
        return
    spoken = pty.SUBPROTOCOL in scope.get("subprotocols", [])
    await send({"type": "websocket.accept", "subprotocol": pty.SUBPROTOCOL if spoken else None})
    try:
        if not spoken:
            raise Fault(Code.PROTOCOL_ERROR, f"this address speaks {pty.SUBPROTOCOL}")
        visit = await admit(scope, scope["url_route"]["kwargs"]["container"])
        if visit is None:
            await _end(send, Fault(Code.ACCESS_DENIED, "not logged in"), pty.Close.TICKET)
            return
        hello = await _hello(receive)
        if hello is None:
            return
        reader, writer = await worker.connect(messages.Attach(user=str(visit.user.pk)))
        writer.write(framed(hello))
    except Fault as fault:
        await _end(send, fault, errors.row(fault.code).close)
        return
    try:
        close = await carry(visit, _up(receive, writer), _down(reader, send))
    finally:
        await worker.hang_up(writer)
    if close is not None:
        await send({"type": "websocket.close", "code": int(close)})


async def _hello(receive: Receive) -> bytes | None:
    """The first frame, as it came; None when the browser went. Raises `Fault(protocol-error)`."""
    try:
        message = await asyncio.wait_for(receive(), HELLO_SECONDS)
    except TimeoutError:
        raise Fault(Code.PROTOCOL_ERROR, f"no HELLO within {HELLO_SECONDS:g} seconds") from None
    if message["type"] == "websocket.disconnect":
        return None
    frame: bytes = message.get("bytes") or b""
    pty.hello(frame)
    return frame


async def _up(receive: Receive, writer: asyncio.StreamWriter) -> pty.Close | None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return None
        frame = message.get("bytes")
        if not frame or len(frame) > MAX_PTY_FRAME:
            return pty.Close.PROTOCOL
        if writer.transport.get_write_buffer_size() > pty.MAX_INPUT_UNACKED:
            return pty.Close.INPUT_QUOTA
        if frame[0] == pty.Kind.PING:
            frame = pty.stamp_ping(frame, time.monotonic_ns() // 1000)
        writer.write(framed(frame))


async def _down(reader: asyncio.StreamReader, send: Send) -> pty.Close:
    """An ERROR names the code to close with, EXIT is the proper end, anything else means that the worker went."""
    close = pty.Close.WORKER_AWAY
    while (frame := await worker.read_frame(reader)) is not None:
        await send({"type": "websocket.send", "bytes": frame})
        if frame[0] == pty.Kind.EXIT:
            close = pty.Close.ENDED
        elif frame[0] == pty.Kind.ERROR:
            close = _named(frame)
    return close


def _named(frame: bytes) -> pty.Close:
    try:
        return pty.Close(msgspec.json.decode(frame[1:], type=pty.ErrorBody).close)
    except (msgspec.MsgspecError, ValueError):
        return pty.Close.PROTOCOL


async def _end(send: Send, fault: Fault, close: pty.Close) -> None:
    """Say why in a frame, since not every server passes a close reason on; then close."""
    retry = RETRY_MS if close is pty.Close.WORKER_AWAY else None
    body = pty.ErrorBody(code=str(fault.code), msg=fault.message, close=int(close), retry_ms=retry)
    await send({"type": "websocket.send", "bytes": pty.json_frame(pty.Kind.ERROR, body)})
    await send({"type": "websocket.close", "code": int(close)})
