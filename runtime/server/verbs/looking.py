"""Looking at a container: a snapshot, and where one of its figures comes from."""

from __future__ import annotations

from functools import partial

from runtime.probes import source as sources
from runtime.protocol import messages
from runtime.server.aside import aside
from runtime.server.context import Context


async def snapshot(context: Context, request: messages.TakeSnapshot) -> messages.Watched:
    context.owned(request.id, request.owner)
    return messages.Watched(seq=0, snapshot=await context.sampler.take_aside(request.id))


async def source(context: Context, request: messages.Source) -> messages.Sourced:
    context.owned(request.id, request.owner)
    target = context.target(request.id)
    # in a thread: the listing of a large upper layer takes its time, and a process may keep its readers waiting
    read = partial(sources.read, target, request.side, request.panel, request.key)
    found = await aside(read, request.id, 10.0)
    return messages.Sourced(source=found)
