"""A container's cgroup under our hand: freeze, thaw, other limits; and its counters for a scrape."""

from __future__ import annotations

import asyncio

from runtime.engine import control
from runtime.probes import meters
from runtime.protocol import messages, model
from runtime.protocol.xray import Event
from runtime.server.context import Context
from runtime.server.observers.cgroup import CgroupObserver
from runtime.terminal.meters import METERS


async def freeze(context: Context, request: messages.Freeze) -> messages.One:
    context.owned(request.id, request.owner)
    if await context.engine.freeze(request.id, request.frozen):
        watching = [each for each in context.sampler.observers if isinstance(each, CgroupObserver)]
        if all(each.told(request.id, frozen=request.frozen) for each in watching):
            context.happenings.tell(request.id, Event(seq=0, at=0.0, kind="frozen" if request.frozen else "thawed"))
        context.sampler.poke(request.id)
    return messages.One(container=context.shown(request.id))


async def set_limits(context: Context, request: messages.SetLimits) -> messages.One:
    before = context.owned(request.id, request.owner).limits
    after = (await context.engine.set_limits(request.id, request.limits)).limits
    if reason := control.changes(before, after):
        context.happenings.tell(request.id, Event(seq=0, at=0.0, kind="limits", reason=reason))
        context.sampler.poke(request.id)
    return messages.One(container=context.shown(request.id))


async def measure(context: Context, request: messages.Measure) -> messages.Measured:
    """In a thread: some thirty files a container, read anew, as most are looked at by nobody between two scrapes."""
    del request
    running = [record.id for record in context.engine.records() if record.state is model.State.RUNNING]
    targets = [context.target(id) for id in running]
    told = METERS.told(context.terminals.sessions())
    return messages.Measured(meters=await asyncio.to_thread(meters.read, targets), terminals=told)
