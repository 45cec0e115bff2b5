"""A container's cgroup under our hand: freeze, thaw, other limits; and its counters for a scrape."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.server.context import Context


async def freeze(context: Context, request: messages.Freeze) -> messages.One:
    context.owned(request.id, request.owner)
    raise Fault(Code.WRONG_STATE, f"container {request.id} cannot be frozen")


async def set_limits(context: Context, request: messages.SetLimits) -> messages.One:
    context.owned(request.id, request.owner)
    raise Fault(Code.WRONG_STATE, f"the limits of container {request.id} cannot be changed")


async def measure(context: Context, request: messages.Measure) -> messages.Measured:
    del context, request
    return messages.Measured(meters=[])
