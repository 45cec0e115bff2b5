"""What the engine keeps of a container: in memory, and as its journal on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct, json

from runtime.protocol import model

SHOWN_ARGV = 1024
"""Bytes of JSON: a command may have 64 KiB, and replies carry those of all containers and terminals."""


def shown(argv: Sequence[str]) -> list[str]:
    """A command as people are shown it: its first words, then `…`."""
    found: list[str] = []
    room = SHOWN_ARGV
    for word in argv:
        room -= len(json.encode(word)) + 1
        if room < 0:
            return [*found, "…"]
        found.append(word)
    return found


class Birth(NamedTuple):
    """A process that was just made, and its terminal.

    `pid` as the host counts it and `starttime` (clock ticks since boot, 0 when the process ended before it could be
    read) are its identity; `master` is the pty's master, close-on-exec, the window size already set. Whoever gets a
    Birth owns the descriptor.
    """

    pid: int
    starttime: int
    master: int


class Record(Struct, frozen=True, kw_only=True):
    """One container. Every change is a new Record with a higher or equal `generation` (one for each PID 1).

    `intent` names the act under way, written before its first step: what a worker that finds it at start undoes
    (`create`, `revive`) or completes (`delete`). `boot_id` is the boot in which `pid` and `starttime` mean something.
    `slot` is the range of user ids, `host_id` its first id. `kept_bytes`: memory that its files took when PID 1 ended;
    `files_kept`: they are there at all. `wanted`: limits that are being set; found at start, they are taken back.
    """

    id: str
    owner: str
    name: str
    image: str
    command: list[str]
    limits: model.Limits
    wanted: model.Limits | None = None
    slot: int
    host_id: int
    state: model.State
    created_at: float
    pid: int | None = None
    starttime: int = 0
    boot_id: str = ""
    started_at: float | None = None
    exit: model.Exit | None = None
    kept_bytes: int = 0
    files_kept: bool = True
    generation: int = 1
    deadline_at: float | None = None
    tier: str = "T1"
    layers: list[model.Layer] = []
    intent: Literal["create", "revive", "delete"] | None = None
    step: str | None = None

    def container(
        self, terminals: Sequence[model.Terminal] = (), node: str = "local", *, frozen: bool = False
    ) -> model.Container:
        """The record as the protocol shows it."""
        return model.Container(
            id=self.id,
            name=self.name,
            owner=self.owner,
            image=self.image,
            command=shown(self.command),
            state=self.state,
            pid=self.pid,
            created_at=self.created_at,
            started_at=self.started_at,
            limits=self.limits,
            exit=self.exit,
            files_kept=self.files_kept,
            frozen=frozen,
            terminals=list(terminals),
            host_id=self.host_id,
            generation=self.generation,
            node=node,
            tier=self.tier,
        )
