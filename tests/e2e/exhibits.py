"""Containers with something in them to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.stack import Stack
from tests.support.visitor import Visitor

# A job, a pipeline, a zombie; a file created, one copied up, one deleted, a directory made opaque.
SCRIPTS = (
    "sleep 3000 & true",
    "sh -c 'sleep 2000 | cat' & true",
    "clear; echo hello >> /etc/profile; rm /etc/group; mkdir -p /root/work; echo notes > /root/work/notes.txt",
)


@dataclass(frozen=True)
class Exhibits:
    """Ids of a running container and of one that has stopped."""

    lively: str
    stopped: str


@contextmanager
def exhibits(stack: Stack) -> Iterator[Exhibits]:
    """Two containers of the local user; deleted in the end."""
    visitor = Visitor(stack, stack.login())
    made = [visitor.call("POST", "/containers", {"image": "busybox", "name": name}).body for name in ("glass", "over")]
    lively, stopped = (one["id"] for one in made)
    try:
        console = next(one["id"] for one in made[0]["terminals"] if one["console"])
        shell = visitor.attach(lively, console, cols=80, rows=24)
        for script in SCRIPTS:
            shell.run(script)
        shell.close()
        assert visitor.call("POST", f"/containers/{stopped}/stop", {"grace_seconds": 0}).status == 200
        yield Exhibits(lively, stopped)
    finally:
        for ident in (lively, stopped):
            visitor.call("DELETE", f"/containers/{ident}")
