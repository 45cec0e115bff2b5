"""The one door to the worker: calls, streams, and what may be told of its failures.

Only services, consumers, the terminal and the checks come in here; they hand over typed messages and get typed
replies. A node of many would be chosen here and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TypeVar

from django.conf import settings

from runtime.errors import Code, Fault
from runtime.protocol import client, messages

R = TypeVar("R", bound=messages.Reply)

log = logging.getLogger(__name__)


def call(request: messages.Request, expected: type[R], *, timeout: float = 30.0) -> R:
    """One request, one reply. Raises `Fault`, cleaned of what is the host's own business."""
    try:
        return client.call(settings.TERRARIUM_WORKER_SOCKET, request, expected, timeout=timeout)
    except Fault as fault:
        raise cleaned(fault) from fault


async def connect(request: messages.Request) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream and send its first frame; the caller reads with `read_frame` and closes the writer."""
    try:
        return await client.connect(settings.TERRARIUM_WORKER_SOCKET, request)
    except Fault as fault:
        raise cleaned(fault) from fault


read_frame = client.read_frame


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close at once. An ordinary close first waits for a worker that may not be reading to take what is left."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


def cleaned(fault: Fault) -> Fault:
    """The fault without paths, arguments or settings of the host: those go to the log only."""
    if fault.code is Code.WORKER_UNAVAILABLE:
        log.warning("%s", fault)
        return Fault(fault.code, "the worker does not answer")
    if fault.code in {Code.INTERNAL_ERROR, Code.PROTOCOL_ERROR}:
        log.error("%s (op=%s errno=%s)", fault, fault.op, fault.errno)
        return Fault(fault.code, "the worker failed", op=fault.op, errno=fault.errno)
    if fault.errno is not None:  # written from an OSError, whose text names a path
        log.warning("%s (op=%s errno=%s)", fault, fault.op, fault.errno)
        text = f"{fault.op or 'a step'} failed with {fault.errno}"
        return Fault(fault.code, text, field=fault.field, hint=fault.hint, op=fault.op, errno=fault.errno)
    return fault
