"""Files of a container's layers, read confined."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.server.context import Context


async def read_file(context: Context, request: messages.ReadFile) -> messages.FileSeen:
    context.owned(request.id, request.owner)
    raise Fault(Code.NOT_FOUND, f"no path {request.path[:64]!r}", field="path")


async def trace(context: Context, request: messages.Trace) -> messages.Traced:
    context.owned(request.id, request.owner)
    raise Fault(Code.NOT_FOUND, f"no path {request.path[:64]!r}", field="path")
