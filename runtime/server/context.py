"""What every verb stands on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from runtime.config import RuntimeConfig
from runtime.engine.engine import Engine
from runtime.engine.record import Record
from runtime.engine.turns import Turns
from runtime.errors import Code, Fault
from runtime.images.store import ImageStore
from runtime.kernel.target import Target
from runtime.protocol import model
from runtime.server.deadlines import Deadlines
from runtime.server.happenings import Happenings
from runtime.server.recordings import Recordings
from runtime.server.sampler import Sampler
from runtime.server.terminals import Terminals
from runtime.server.tickets import Tickets
from runtime.server.transfers import Transfers


@dataclass(kw_only=True)
class Context:
    """The worker's parts. `keeper_pid` is our parent's.

    `processes`: what gives a container a process and a terminal waits its turn there. Two launches of one id, as of a
    client that tried again; a hundred terminals asked for at once, where there is room for sixteen.
    """

    config: RuntimeConfig
    images: ImageStore
    engine: Engine
    terminals: Terminals
    recordings: Recordings
    sampler: Sampler
    deadlines: Deadlines
    keeper_pid: int
    happenings: Happenings
    tickets: Tickets = field(default_factory=Tickets)
    started_at: float = field(default_factory=time.time)
    processes: Turns = field(default_factory=Turns)
    transfers: Transfers = field(default_factory=Transfers)
    host_views: dict[str, tuple[float, model.HostView]] = field(default_factory=dict)  # sight → when taken, and what

    def owned(self, id: str, owner: str | None) -> Record:
        """The record, if `owner` may know of it. None is the operator.

        Raises `not-found` for somebody else's, in the words used when there is none.
        """
        record = self.engine.record(id)
        if owner is not None and record.owner != owner:
            raise Fault(Code.NOT_FOUND, f"there is no container {id}")
        return record

    def shown(self, id: str) -> model.Container:
        """The container as replies carry it."""
        return self.engine.container(id, self.terminals.of(id))

    def target(self, id: str) -> Target:
        """What the probes look at."""
        return self.engine.target(id, terminals=self.terminals.of(id), keeper_pid=self.keeper_pid)
