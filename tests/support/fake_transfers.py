"""Files in and out of the fake worker's containers, and its terminals looked at and named."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.protocol.terminals import MAX_FILE, MAX_NAME, MAX_PART, Job, TerminalView
from tests.support.fake_layers import FILES, LINKS, Layers
from tests.support.fake_verbs import Held, Store

DIRECTORIES = {"/", "/root", "/tmp", "/home"}
RESTLESS = "/root/restless"  # a file that is always changed while it is read
CODEC = "latin-1"  # the layers hold text; one character a byte


@dataclass
class Upload:
    container: str
    path: str
    data: bytearray = field(default_factory=bytearray)


async def put(store: Store, request: messages.PutFile) -> messages.Reply:
    held = _enterable(store, request)
    layers = held.world.layers
    path = _checked(request.path)
    if len(request.data) > MAX_PART:
        raise Fault(Code.INVALID_SPEC, f"a part may have {MAX_PART} bytes", field="data")
    if request.upload is None:
        if request.offset:
            raise Fault(Code.INVALID_SPEC, "an upload begins at 0", field="offset")
        _may_be_put(layers, path, replace=request.replace)
        name, upload = secrets.token_hex(8), Upload(request.id, path)
    else:
        name, found = request.upload, store.uploads.get(request.upload)
        if found is None or (found.container, found.path) != (request.id, path):
            raise _over()
        upload = found
    if request.offset != len(upload.data) or len(upload.data) + len(request.data) > MAX_FILE:
        store.uploads.pop(name, None)
        raise Fault(Code.INVALID_SPEC, f"the next part begins at {len(upload.data)}", field="offset")
    store.uploads[name] = upload
    upload.data += request.data
    if request.last:
        del store.uploads[name]
        _may_be_put(layers, path, replace=request.replace)
        held.world.write(path, bytes(upload.data).decode(CODEC))
        store.changed(held)
    return messages.FilePut(upload=name, size=len(upload.data))


async def fetch(store: Store, request: messages.FetchFile) -> messages.Reply:
    layers = _enterable(store, request).world.layers
    path = _checked(request.path)
    if request.download is not None and request.download not in store.downloads:
        raise _over()
    if _is_directory(layers, path):
        raise Fault(Code.INVALID_SPEC, "the path is a directory's", field="path", hint="Name a file.")
    text = layers.read(path)
    if text is None:
        raise Fault(Code.NOT_FOUND, "there is no such file or directory", field="path", hint="Check the path.")
    if request.download is not None and (path == RESTLESS or store.downloads[request.download] != text):
        raise Fault(Code.VANISHED, "the file was changed while it was read")
    data = text.encode(CODEC, "replace")
    part = data[request.offset : request.offset + MAX_PART]
    end = request.offset + len(part) >= len(data)
    name = request.download or secrets.token_hex(8)
    store.downloads[name] = text
    if end:
        del store.downloads[name]
    return messages.Part(data=part, size=len(data), end=end, download=None if end else name)


async def look(store: Store, request: messages.LookAtTerminal) -> messages.Reply:
    """What the shell's `sleep` and its like would be is not there: only a `yes` under way is a job."""
    held = store.find(request.id, request.owner)
    shell = held.shells.get(request.terminal)
    if shell is None:
        raise Fault(Code.NOT_FOUND, f"no terminal {request.terminal}", field="terminal")
    terminal = next(each for each in held.world.info.terminals if each.id == request.terminal)
    jobs = (
        [] if terminal.exit or not store.jobs else [Job(pid=4300 + at, name=name) for at, name in enumerate(store.jobs)]
    )
    view = TerminalView(
        terminal=terminal,
        busy=bool(jobs),
        jobs=jobs,
        cols=shell.cols,
        rows=shell.rows,
        viewers=len(shell.viewers),
        echo=True,
    )
    return messages.TerminalSeen(view=view)


async def rename(store: Store, request: messages.RenameTerminal) -> messages.Reply:
    held = store.find(request.id, request.owner)
    if request.terminal not in held.shells:
        raise Fault(Code.NOT_FOUND, f"no terminal {request.terminal}", field="terminal")
    name = request.name.strip()
    if len(name) > MAX_NAME or not name.isprintable():
        raise Fault(Code.INVALID_SPEC, f"a name has at most {MAX_NAME} characters", field="name")
    terminals = [
        msgspec.structs.replace(each, name=name) if each.id == request.terminal else each
        for each in held.world.info.terminals
    ]
    held.world.info = msgspec.structs.replace(held.world.info, terminals=terminals)
    store.changed(held)
    return messages.Opened(terminal=next(each for each in terminals if each.id == request.terminal))


def _enterable(store: Store, request: messages.PutFile | messages.FetchFile) -> Held:
    held = store.running(request.id, request.owner)
    if held.world.info.frozen:
        text = f"container {request.id} is frozen and cannot be entered"
        raise Fault(Code.WRONG_STATE, text, hint="Thaw it first.")
    return held


def _checked(path: str) -> str:
    if not path.startswith("/") or "\0" in path or len(path.encode("utf-8", "surrogateescape")) > 4095:
        raise Fault(Code.INVALID_SPEC, "path must begin with /", field="path")
    if path.endswith("/"):
        raise Fault(Code.INVALID_SPEC, "the path is a directory's", field="path", hint="Name a file.")
    return path


def _may_be_put(layers: Layers, path: str, *, replace: bool) -> None:
    if _is_directory(layers, path):
        raise Fault(Code.INVALID_SPEC, "the path is a directory's", field="path", hint="Name a file.")
    if path in LINKS:
        raise Fault(Code.INVALID_SPEC, "there is a symbolic link of this name", field="path")
    if not _is_directory(layers, path.rpartition("/")[0] or "/"):
        raise Fault(Code.NOT_FOUND, "there is no such file or directory", field="path", hint="Check the path.")
    if layers.read(path) is not None and not replace:
        hint = "Choose another name, or replace the file."
        raise Fault(Code.ALREADY_EXISTS, "there is a file of this name", field="path", hint=hint)


def _is_directory(layers: Layers, path: str) -> bool:
    return path in DIRECTORIES or any(each.startswith(f"{path}/") for each in (*FILES, *LINKS, *layers.upper))


def _over() -> Fault:
    return Fault(Code.VANISHED, "no such transfer is under way", hint="Begin again.")


TRANSFERS: dict[type[messages.Request], Callable[[Store, Any], Awaitable[messages.Reply]]] = {
    messages.PutFile: put,
    messages.FetchFile: fetch,
    messages.LookAtTerminal: look,
    messages.RenameTerminal: rename,
}
