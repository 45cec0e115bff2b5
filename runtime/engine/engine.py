"""The containers of this host: made, run, entered, stopped and removed."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.config import RuntimeConfig
from runtime.engine.exits import ExitBook
from runtime.engine.record import Birth, Record
from runtime.images.store import ImageStore
from runtime.kernel.target import Target
from runtime.protocol import messages, model


class Engine:
    """All verbs raise `Fault`. One lock a container; no lock is held across two containers."""

    def __init__(self, config: RuntimeConfig, images: ImageStore, exits: ExitBook | None = None) -> None:
        """Makes nothing. `exits`: the keeper's book; without one, exit statuses come from the kernel alone."""
        raise NotImplementedError

    async def reconcile(self) -> list[Record]:
        """At start: undo what was half made, finish deletes, adopt what lives, sweep what is nobody's.

        Returns the containers that are alive (created or running), whose terminals the caller may take up again.
        """
        raise NotImplementedError

    async def create(self, launch: messages.Launch) -> Birth | None:
        """Make the container up to OCI `created`: PID 1 is there, its program is not loaded yet.

        None: a container of this id and owner was there before; `record` tells of it. Raises `invalid-spec`,
        `not-found` or `image-invalid` (the image), `no-capacity`, `already-exists` (someone else's id),
        `unsupported-kernel`, `spawn-failed`. On any of them nothing is left.
        """
        raise NotImplementedError

    async def start(self, id: str) -> Record:
        """Let the created PID 1 run its command."""
        raise NotImplementedError

    async def recreate(self, id: str, cols: int, rows: int) -> Birth:
        """A new PID 1, OCI `created`, for a stopped container; the files it wrote are still there."""
        raise NotImplementedError

    async def stop(self, id: str, grace_seconds: float = 2.0) -> Record:
        """SIGTERM and SIGHUP to PID 1, SIGKILL after the grace. Returns when it is dead; stopped already: no error."""
        raise NotImplementedError

    async def delete(self, id: str) -> None:
        """Kill it and remove all of it. Nothing there: no error."""
        raise NotImplementedError

    async def exec(self, request: messages.Exec) -> model.ExecResult:
        """Run a command inside, no terminal. Raises `not-found`, `wrong-state`, `invalid-spec`, `spawn-failed`."""
        raise NotImplementedError

    async def exec_tty(self, id: str, argv: list[str], cols: int, rows: int) -> Birth:
        """Run a command inside on a new pty. Empty `argv`: the image's command."""
        raise NotImplementedError

    def exited(self, id: str, exit: model.Exit) -> Record:
        """PID 1 ended: the caller saw it. Told twice, or of a container that is gone: no error."""
        raise NotImplementedError

    def autopsy(self, id: str, status: int | None) -> model.Exit:
        """The `Exit` of PID 1 from its raw wait status (None: unknown) and what its cgroup counted. Call it at once."""
        raise NotImplementedError

    def records(self) -> list[Record]:
        """All containers, oldest first."""
        raise NotImplementedError

    def record(self, id: str) -> Record:
        """Raises `not-found`."""
        raise NotImplementedError

    def target(self, id: str, *, terminals: Sequence[model.Terminal] = (), keeper_pid: int | None = None) -> Target:
        """What the probes look at. Raises `not-found`."""
        raise NotImplementedError
