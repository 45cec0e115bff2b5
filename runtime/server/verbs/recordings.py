"""Recordings of terminals: begin, end, list, read, delete."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.server.context import Context


async def start(context: Context, request: messages.StartRecording) -> messages.RecordingSeen:
    raise Fault(Code.INTERNAL_ERROR, "not yet")


async def stop(context: Context, request: messages.StopRecording) -> messages.RecordingSeen:
    raise Fault(Code.INTERNAL_ERROR, "not yet")


async def list_(context: Context, request: messages.ListRecordings) -> messages.Recordings:
    raise Fault(Code.INTERNAL_ERROR, "not yet")


async def read(context: Context, request: messages.ReadRecording) -> messages.Part:
    raise Fault(Code.INTERNAL_ERROR, "not yet")


async def delete(context: Context, request: messages.DeleteRecording) -> messages.Done:
    raise Fault(Code.INTERNAL_ERROR, "not yet")
