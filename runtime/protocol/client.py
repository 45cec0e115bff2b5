"""Clients of the worker's socket: one that blocks, for services and the command line, one for asyncio streams."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.protocol.framing import HEADER, MAX_FRAME, framed

R = TypeVar("R", bound=messages.Reply)


def away(path: Path | str, error: OSError | EOFError) -> Fault:
    """The one fault for a worker that does not answer."""
    reason = getattr(error, "strerror", None) or "the connection ended"
    return Fault(
        Code.WORKER_UNAVAILABLE,
        f"no answer from the worker at {path}: {reason.lower()}",
        hint="The worker may be restarting: try again in a moment. On your own machine, run ./dev status.",
    )


def decode(payload: bytes, expected: type[R]) -> R:
    """The reply, or the fault it carries, raised."""
    try:
        reply = messages.reply_decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise Fault(Code.PROTOCOL_ERROR, f"the worker's reply could not be read: {error}") from None
    if isinstance(reply, messages.Refused):
        raise Fault(reply.code, reply.message, field=reply.field, hint=reply.hint, op=reply.op, errno=reply.errno)
    if not isinstance(reply, expected):
        raise Fault(Code.PROTOCOL_ERROR, f"expected {expected.__name__}, the worker sent {type(reply).__name__}")
    return reply


def call(path: Path | str, request: messages.Request, expected: type[R], *, timeout: float = 30.0) -> R:
    """One request, one reply. Raises `Fault`: the worker's own, `timeout`, or `worker-unavailable`."""
    with _connection(path, timeout) as sock:
        try:
            sock.sendall(framed(messages.encode(request)))
            return decode(_frame(sock), expected)
        except TimeoutError:
            raise Fault(Code.TIMEOUT, f"the worker did not answer within {timeout:g} seconds") from None
        except (OSError, EOFError) as error:
            raise away(path, error) from error


def stream(path: Path | str, request: messages.Request, *, timeout: float | None = None) -> Iterator[messages.Reply]:
    """The replies of `Watch`, until the worker closes."""
    with _connection(path, timeout) as sock:
        sock.sendall(framed(messages.encode(request)))
        while True:
            try:
                yield decode(_frame(sock), messages.Reply)
            except EOFError:
                return


async def connect(path: Path | str, request: messages.Request) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream and send its first frame; the caller reads with `read_frame` and closes the writer."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(path), limit=128 * 1024)
    except OSError as error:
        raise away(path, error) from error
    writer.write(framed(messages.encode(request)))
    return reader, writer


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next payload, or None when the worker closed the stream."""
    try:
        length = int.from_bytes(await reader.readexactly(HEADER), "big")
        if not 0 < length <= MAX_FRAME:
            raise Fault(Code.PROTOCOL_ERROR, f"frame of {length} bytes from the worker")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


@contextmanager
def _connection(path: Path | str, timeout: float | None) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect(str(path))
        except OSError as error:
            raise away(path, error) from error
        yield sock


def _frame(sock: socket.socket) -> bytes:
    length = int.from_bytes(_exactly(sock, HEADER), "big")
    if not 0 < length <= MAX_FRAME:
        raise Fault(Code.PROTOCOL_ERROR, f"frame of {length} bytes from the worker")
    return _exactly(sock, length)


def _exactly(sock: socket.socket, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
