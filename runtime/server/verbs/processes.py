"""Processes closely: one of a container, and those of the host as far as the viewer may see them."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.server.context import Context


async def inspect(context: Context, request: messages.Inspect) -> messages.Inspected:
    context.owned(request.id, request.owner)
    raise Fault(Code.NOT_FOUND, f"no process {request.pid} in container {request.id}", field="pid")


async def look_at_host(_context: Context, _request: messages.LookAtHost) -> messages.HostSeen:
    raise Fault(Code.NOT_FOUND, "not to be seen yet")
