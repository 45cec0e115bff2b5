"""Files of a container, whole: in, and out."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.protocol.terminals import MAX_FILE, MAX_PART
from runtime.server.context import Context

TOO_BIG = "Pack it, or split it."
MAX_PATH = 4095  # bytes: PATH_MAX, less the one that ends it


async def put(context: Context, request: messages.PutFile) -> messages.FilePut:
    context.owned(request.id, request.owner)
    path = _checked(request.path)
    if len(request.data) > MAX_PART:
        raise Fault(Code.INVALID_SPEC, f"a part may have {MAX_PART} bytes", field="data")
    if request.upload is None and request.offset != 0:
        raise Fault(Code.INVALID_SPEC, "an upload begins at 0", field="offset")
    async with context.transfers.part(
        context.engine, "put", request.id, path, known=request.upload, replace=request.replace
    ) as transfer:
        porter = transfer.porter
        if request.offset != porter.size:
            raise Fault(Code.INVALID_SPEC, f"the next part begins at {porter.size}", field="offset")
        if porter.size + len(request.data) > MAX_FILE:
            raise Fault(Code.INVALID_SPEC, f"a file may have {MAX_FILE} bytes", field="data", hint=TOO_BIG)
        if request.data:
            await porter.append(request.data)
        if request.last:
            await porter.publish()
            await context.transfers.end(transfer)
        answer = messages.FilePut(upload=transfer.id, size=porter.size)
    if request.last:
        context.sampler.poke(request.id)
    return answer


async def fetch(context: Context, request: messages.FetchFile) -> messages.Part:
    context.owned(request.id, request.owner)
    path = _checked(request.path)
    if request.offset < 0:
        raise Fault(Code.INVALID_SPEC, "offset must not be negative", field="offset")
    async with context.transfers.part(context.engine, "get", request.id, path, known=request.download) as transfer:
        porter = transfer.porter
        if porter.size > MAX_FILE:
            text = f"the file has {porter.size} bytes, at most {MAX_FILE} are carried"
            raise Fault(Code.INVALID_SPEC, text, field="path", hint=TOO_BIG)
        data = await porter.read(request.offset)
        end = request.offset + len(data) >= porter.size
        if end:
            await context.transfers.end(transfer)
        return messages.Part(data=data, size=porter.size, end=end, download=None if end else transfer.id)


def _checked(path: str) -> str:
    """Raises `invalid-spec` for what cannot be an absolute path of a file."""
    size = len(path.encode("utf-8", "surrogateescape"))
    if not path.startswith("/") or "\0" in path or size > MAX_PATH:
        raise Fault(Code.INVALID_SPEC, f"path must begin with / and have at most {MAX_PATH} bytes", field="path")
    if path.endswith("/"):
        raise Fault(Code.INVALID_SPEC, "the path is a directory's", field="path", hint="Name a file.")
    return path
