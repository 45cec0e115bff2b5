"""Files of a container's layers, and where a path comes from, read confined."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from runtime.errors import Code, Fault
from runtime.probes import layer_files, provenance
from runtime.protocol import messages
from runtime.server.context import Context

SECONDS = 5.0
MAX_PATH = 4096  # characters; the kernel takes as many bytes
THREADS = 2  # of their own: a disk that does not answer must not take those that pictures are taken in

T = TypeVar("T")


async def read_file(context: Context, request: messages.ReadFile) -> messages.FileSeen:
    context.owned(request.id, request.owner)
    target = context.target(request.id)
    path = _checked(request.path)
    return messages.FileSeen(file=await _apart(lambda: layer_files.read(target, path, request.layer)))


async def trace(context: Context, request: messages.Trace) -> messages.Traced:
    context.owned(request.id, request.owner)
    target = context.target(request.id)
    path = _checked(request.path)
    return messages.Traced(provenance=await _apart(lambda: provenance.trace(target, path)))


def _checked(path: str) -> str:
    """Raises `invalid-spec` for what cannot be an absolute path."""
    if not path.startswith("/") or "\0" in path or len(path) > MAX_PATH:
        raise Fault(Code.INVALID_SPEC, f"path must begin with / and have at most {MAX_PATH} characters", field="path")
    return path


async def _apart(work: Callable[[], T]) -> T:
    """In a thread, as long as anybody would wait. Raises `timeout`; the thread goes on until the kernel lets it."""
    waiting = asyncio.get_running_loop().run_in_executor(_threads(), work)
    try:
        return await asyncio.wait_for(waiting, SECONDS)
    except TimeoutError:
        raise Fault(Code.TIMEOUT, f"the layer did not answer within {SECONDS:.0f} s", op="read a layer") from None


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="layers")
