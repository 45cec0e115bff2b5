"""Files of a container, whole: in, and out."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.server.context import Context


async def put(context: Context, request: messages.PutFile) -> messages.FilePut:
    raise Fault(Code.INTERNAL_ERROR, "not yet")


async def fetch(context: Context, request: messages.FetchFile) -> messages.Part:
    raise Fault(Code.INTERNAL_ERROR, "not yet")
