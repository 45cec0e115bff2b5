"""What every source is made of: a file read now, PID 1 if it still is the process it was, and the refusal of a key."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.protocol.model import SourceText

MAX_BYTES = 64 * 1024


def file_text(path: str, man: str, inside: str | None) -> SourceText:
    try:
        raw = procfs.read(path, limit=MAX_BYTES + 1)
    except OSError as error:
        error.filename = path  # a read that fails does not name what was read
        raise
    return SourceText(
        path=path,
        raw=procfs.text(raw[:MAX_BYTES]),
        truncated=len(raw) > MAX_BYTES,
        man=man,
        command_host=f"cat {path}",
        command_container=f"cat {inside}" if inside else None,
    )


def init_pid(target: Target) -> int:
    """PID 1, if that number still is the process it was."""
    if target.pid is None:
        raise Fault(
            Code.WRONG_STATE,
            f"container {target.container.id} has no process",
            hint="It is stopped: start it to look at its process.",
        )
    stat = procfs.Proc().stat(target.pid)
    if target.starttime not in (0, stat.starttime):
        raise Fault(Code.VANISHED, f"PID 1 of container {target.container.id} has ended")
    return target.pid


def unknown(what: str, key: str, target: Target) -> Fault:
    return Fault(Code.NOT_FOUND, f"no {what} {key[:64]!r} in container {target.container.id}", field="key")
