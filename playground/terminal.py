"""A terminal's WebSocket, `pty.v1`: a pump between the browser and the worker that reads none of what it carries.

The first frame must be the browser's HELLO; before it goes to the worker, the connection tells the worker who the
browser's person is and which terminal it addressed. Upwards nothing ever waits: a paste that the worker does not take
fast enough closes the socket instead of holding up an acknowledgement or a Ctrl-C. Downwards the worker's credit bounds
what is under way, for not every ASGI server lets `send` wait for a slow browser.
"""

from __future__ import annotations

import asyncio
import time

import msgspec

from playground import errors, worker
from playground.services import tally
from playground.services.sockets import serve
from playground.services.visits import Ending, Visit, admit, admit_guest, carry
from runtime.errors import Code, Fault
from runtime.protocol import messages, pty
from runtime.protocol.framing import MAX_PTY_FRAME, framed
from webapp.asgi_types import Receive, Scope, Send

HELLO_SECONDS = 5.0
RETRY_MS = 1000
FRAMES_A_SECOND = 200  # for long; acknowledgements, as many as there is output, do not count
FRAMES_AT_ONCE = 2000  # before that: a long paste, a mouse that is dragged about


async def terminal(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of `/ws/terminal/<container>/<terminal>`, for the container's owner."""
    await _serve(scope, receive, send, "terminal")


async def shared(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of `/ws/shared/<share>`, for its guests."""
    await _serve(scope, receive, send, "shared")


async def _serve(scope: Scope, receive: Receive, send: Send, kind: tally.Kind) -> None:
    await serve(
        scope,
        receive,
        send,
        kind=kind,
        subprotocol=pty.SUBPROTOCOL,
        carried=lambda spoken: _carried(scope, receive, send, spoken),
        told=_told,
    )


async def _carried(scope: Scope, receive: Receive, send: Send, spoken: bool) -> Ending | None:
    """From the handshake to the end; None when the browser went."""
    try:
        if not spoken:
            raise Fault(Code.PROTOCOL_ERROR, f"this address speaks {pty.SUBPROTOCOL}")
        visit = await _visit(scope)
        if visit is None:
            return Ending(pty.Close.TICKET, Fault(Code.ACCESS_DENIED, "not logged in"))
        hello = await _hello(receive)
        if hello is None:
            return None
        request = messages.Attach(user=str(visit.user.pk), id=visit.container, terminal=visit.terminal)
        reader, writer = await worker.connect(request)
        writer.write(framed(hello))
    except Fault as fault:
        return Ending(errors.row(fault.code).close, fault)
    try:
        return await carry(visit, _up(receive, writer), _down(reader, send))
    finally:
        await worker.hang_up(writer)


async def _visit(scope: Scope) -> Visit | None:
    """Raises `Fault(not-found)`."""
    asked = scope["url_route"]["kwargs"]
    if "share" in asked:
        return await admit_guest(scope, asked["share"])
    return await admit(scope, asked["container"], asked["terminal"])


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


async def _up(receive: Receive, writer: asyncio.StreamWriter) -> Ending | None:
    left, then = float(FRAMES_AT_ONCE), time.monotonic()
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return None
        frame = message.get("bytes")
        if not frame:
            return _protocol("a frame of this protocol is binary and not empty")
        if len(frame) > MAX_PTY_FRAME:
            return _protocol(f"a frame of {len(frame)} bytes; the most are {MAX_PTY_FRAME}")
        if frame[0] != pty.Kind.ACK:
            now = time.monotonic()
            left, then = min(FRAMES_AT_ONCE, left + (now - then) * FRAMES_A_SECOND) - 1, now
            if left < 0:
                text = f"more than {FRAMES_A_SECOND} frames a second"
                return Ending(pty.Close.RATE, Fault(Code.LIMIT_REACHED, text))
        if writer.transport.get_write_buffer_size() > pty.MAX_INPUT_UNACKED:
            text = f"more than {pty.MAX_INPUT_UNACKED} bytes wait to be taken"
            return Ending(pty.Close.INPUT_QUOTA, Fault(Code.LIMIT_REACHED, text))
        if frame[0] == pty.Kind.PING:
            frame = pty.stamp_ping(frame, time.monotonic_ns() // 1000)
        writer.write(framed(frame))


def _protocol(text: str) -> Ending:
    return Ending(pty.Close.PROTOCOL, Fault(Code.PROTOCOL_ERROR, text))


async def _down(reader: asyncio.StreamReader, send: Send) -> Ending:
    """An ERROR names the code to close with, EXIT is the proper end, anything else means that the worker went."""
    close = pty.Close.WORKER_AWAY
    while (frame := await worker.read_frame(reader)) is not None:
        await send({"type": "websocket.send", "bytes": frame})
        if frame[0] == pty.Kind.EXIT:
            close = pty.Close.ENDED
        elif frame[0] == pty.Kind.ERROR:
            close = _named(frame)
    return Ending(close)


def _named(frame: bytes) -> pty.Close:
    try:
        return pty.Close(msgspec.json.decode(frame[1:], type=pty.ErrorBody).close)
    except (msgspec.MsgspecError, ValueError):
        return pty.Close.PROTOCOL


def _told(close: pty.Close, why: Fault) -> dict[str, bytes]:
    """Say why in a frame, since not every server passes a close reason on."""
    retry = RETRY_MS if close is pty.Close.WORKER_AWAY else None
    body = pty.ErrorBody(code=str(why.code), msg=why.message, close=int(close), retry_ms=retry)
    return {"bytes": pty.json_frame(pty.Kind.ERROR, body)}
