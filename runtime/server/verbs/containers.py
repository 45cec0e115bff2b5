"""Containers: launch, start, stop, delete, get, list, exec."""

from __future__ import annotations

import contextlib
import math
import time

from msgspec.structs import replace

from runtime.engine.record import Birth, Record
from runtime.errors import Code, Fault
from runtime.protocol import messages, model, pty
from runtime.server.context import Context
from runtime.server.terminals import CONSOLE

MAX_GRACE = 30.0


async def launch(context: Context, request: messages.Launch) -> messages.Launched:
    """Create, hand the terminal to the keeper, start. The same id and owner again: the same container."""
    cols, rows = pty.clamp(request.cols, pty.COLS), pty.clamp(request.rows, pty.ROWS)
    async with context.processes.turn(request.id):
        birth = await context.engine.create(replace(request, cols=cols, rows=rows))
        record = context.owned(request.id, request.owner)
        if birth is not None:
            try:
                await _bring_up(context, record, birth)
            except BaseException:
                await context.engine.delete(request.id)
                await context.terminals.forget(request.id)
                raise
        elif record.state is model.State.CREATED:
            await context.engine.start(request.id)
        context.deadlines.set(request.id, record.deadline_at)
    return _launched(context, request.id)


async def start(context: Context, request: messages.Start) -> messages.Launched:
    """A new PID 1 on the files of before; a running one is left alone."""
    async with context.processes.turn(request.id):
        record = context.owned(request.id, request.owner)
        if record.state is not model.State.RUNNING:
            if record.deadline_at is not None and record.deadline_at <= time.time():
                raise Fault(
                    Code.WRONG_STATE,
                    f"the time of container {request.id} is over",
                    hint="Launch a new one; the files of this one go when it is deleted.",
                )
            cols, rows = pty.clamp(request.cols, pty.COLS), pty.clamp(request.rows, pty.ROWS)
            birth = await context.engine.recreate(request.id, cols, rows)
            try:
                await _bring_up(context, context.engine.record(request.id), birth)
            except BaseException:
                with contextlib.suppress(Fault):
                    await context.engine.stop(request.id, 0)
                raise
            context.deadlines.set(request.id, record.deadline_at)
    return _launched(context, request.id)


async def stop(context: Context, request: messages.Stop) -> messages.One:
    context.owned(request.id, request.owner)
    if not 0 <= request.grace_seconds <= MAX_GRACE:  # false for NaN as well
        raise Fault(Code.INVALID_SPEC, f"grace_seconds must be from 0 to {MAX_GRACE:g}", field="grace_seconds")
    await context.engine.stop(request.id, request.grace_seconds)
    await context.terminals.settled(request.id)
    context.sampler.poke(request.id)
    return messages.One(container=context.shown(request.id))


async def delete(context: Context, request: messages.Delete) -> messages.Done:
    try:
        context.owned(request.id, request.owner)
    except Fault:
        if request.id in {record.id for record in context.engine.records()}:
            raise
        return messages.Done()
    await remove(context, request.id)
    return messages.Done()


async def get(context: Context, request: messages.Get) -> messages.One:
    context.owned(request.id, request.owner)
    return messages.One(container=context.shown(request.id))


async def list_(context: Context, request: messages.List) -> messages.Many:
    records = [record for record in context.engine.records() if request.owner in (None, record.owner)]
    return messages.Many(containers=[context.shown(record.id) for record in records])


async def exec_(context: Context, request: messages.Exec) -> messages.Executed:
    context.owned(request.id, request.owner)
    if not math.isfinite(request.timeout_seconds):
        raise Fault(Code.INVALID_SPEC, "timeout_seconds must be a number", field="timeout_seconds")
    return messages.Executed(result=await context.engine.exec(request))


async def remove(context: Context, id: str) -> None:
    """All of it: processes, files, terminals, whoever watches."""
    context.deadlines.forget(id)
    await context.engine.delete(id)
    await context.terminals.forget(id)
    context.sampler.gone(id)


async def _bring_up(context: Context, record: Record, birth: Birth) -> None:
    """The order matters: a program whose terminal the keeper has not got yet is not started."""
    await context.terminals.open(record.id, birth, record.command, generation=record.generation, console=True)
    await context.engine.start(record.id)


def _launched(context: Context, id: str) -> messages.Launched:
    context.sampler.poke(id)
    snapshot = context.sampler.take(id, whole=False)
    return messages.Launched(container=context.shown(id), terminal=CONSOLE, snapshot=snapshot)
