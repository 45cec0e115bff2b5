"""The few programs that the fake worker's containers have."""

from __future__ import annotations

import asyncio
import time

from runtime.protocol import messages, model
from tests.support.fake_world import World

PROGRAMS = {"true", "false", "echo", "cat", "printf", "touch", "rm", "sh", "yes", "sleep"}


async def execute(world: World, request: messages.Exec) -> model.ExecResult:
    """A program that is not there gives no exit code, but a reason."""
    began = time.monotonic()
    out, err, late = b"", b"", False
    code: int | None = 0
    reason: str | None = None
    killed: int | None = None
    pid = world.spawn(request.argv) if request.argv[0] in PROGRAMS else None
    match request.argv:
        case ["true"]:
            pass
        case ["false"]:
            code = 1
        case ["echo", *words]:
            out = " ".join(words).encode() + b"\n"
        case ["cat"]:
            out = request.stdin
        case ["cat", "/proc/1/comm"]:
            out = world.processes[1][0].encode() + b"\n"
        case ["cat", path] if (text := world.layers.read(path)) is not None:
            out = text.encode()
        case ["cat", path]:
            err, code = f"cat: can't open '{path}': No such file or directory\n".encode(), 1
        case ["printf", text]:
            out = text.encode().decode("unicode_escape").encode("latin-1")
        case ["touch", path]:
            world.write(path)
        case ["rm", path]:
            if not world.remove(path):
                err, code = f"rm: can't remove '{path}': No such file or directory\n".encode(), 1
        case ["hog"]:
            world.oom(request.argv)
            code, killed = None, 9
        case ["sh", "-c", script] if script.startswith("exit "):
            code = int(script.removeprefix("exit "))
        case ["yes"]:
            out, late = b"y\n" * messages.MAX_OUTPUT, True
        case ["sleep", seconds]:
            late = float(seconds) > request.timeout_seconds
            await asyncio.sleep(min(float(seconds), request.timeout_seconds))
        case [name, *_]:
            code, reason = None, f"no program {name} in the container"
    if pid is not None:
        world.end(pid, None if late else code, 9 if late else None)
    return model.ExecResult(
        exit_code=None if late else code,
        signal=9 if late else killed,
        reason=f"timed out after {request.timeout_seconds:g} s" if late else reason,
        stdout=out[: request.output_bytes],
        stderr=err[: request.output_bytes],
        truncated=len(out) > request.output_bytes,
        timed_out=late,
        duration_ms=int((time.monotonic() - began) * 1000),
    )
