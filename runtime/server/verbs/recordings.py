"""Recordings of terminals: begin, end, list, read, delete."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.server.context import Context


async def start(context: Context, request: messages.StartRecording) -> messages.RecordingSeen:
    record = context.owned(request.id, request.owner)
    session = context.terminals.session(request.id, request.terminal)
    terminal = next(found for found in context.terminals.of(request.id) if found.id == request.terminal)
    recording = await context.recordings.start(record, terminal, session, by=request.by, title=request.title)
    return messages.RecordingSeen(recording=recording)


async def stop(context: Context, request: messages.StopRecording) -> messages.RecordingSeen:
    return messages.RecordingSeen(recording=await context.recordings.stop(request.owner, request.recording))


async def list_(context: Context, request: messages.ListRecordings) -> messages.Recordings:
    config, mine = context.config, context.recordings.of(request.owner)
    return messages.Recordings(
        recordings=[each for each in mine if request.container in (None, each.container)],
        bytes_used=sum(each.bytes for each in mine),
        bytes_allowed=config.recording_owner_bytes,
        recording_bytes=config.recording_bytes,
        days=config.recording_days or None,
    )


async def read(context: Context, request: messages.ReadRecording) -> messages.Part:
    if request.offset < 0:
        raise Fault(Code.INVALID_SPEC, "offset must not be below 0", field="offset")
    data, size = await context.recordings.read(request.owner, request.recording, request.offset)
    return messages.Part(data=data, size=size, end=request.offset + len(data) >= size)


async def delete(context: Context, request: messages.DeleteRecording) -> messages.Done:
    await context.recordings.delete(request.owner, request.recording)
    return messages.Done()
