"""A container that stopped, or runs again: told from two pictures, whoever did it, or whatever befell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.kernel.target import Target
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event

if TYPE_CHECKING:
    from runtime.server.observers import Tell


class StateObserver:
    """As `Observer`. A start between two pictures, after a stop that neither shows, has its news too: `generation`."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def start(self, target: Target) -> None:
        """Nothing to open."""

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        if before is None:
            return
        was, now = before.info, after.info
        if (was.state, was.generation) != (now.state, now.generation):
            self._tell(target.container.id, Event(seq=0, at=0.0, kind="state", reason=str(now.state)))

    def gaps_of(self, _id: str) -> dict[str, str]:
        return {}  # what it looks at is in every picture

    def stop(self, id: str) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""
