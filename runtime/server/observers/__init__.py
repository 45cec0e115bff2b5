"""Who looks for events while a container is watched: one file a source of the kernel, one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from runtime.kernel.target import Target
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event
from runtime.server.observers.cgroup import CgroupObserver
from runtime.server.observers.mounts import MountObserver
from runtime.server.observers.namespaces import NamespaceObserver
from runtime.server.observers.oom import OomObserver
from runtime.server.observers.overlay import OverlayObserver
from runtime.server.observers.processes import ProcessObserver
from runtime.server.observers.states import StateObserver

Tell = Callable[[str, Event], None]
"""(container's id, event with `seq` 0; `at` 0 is now). Call it in the event loop's thread."""

Poke = Callable[[str], None]
"""Ask for a picture soon: something happened that figures will show."""


class Observer(Protocol):
    """Called in the event loop's thread. None of these may block or raise for a container that vanishes."""

    def start(self, target: Target) -> None:
        """Somebody watches this container from now on, or its PID 1 is another one now. May be called again."""

    def looked(self, target: Target, before: Snapshot | None, after: Snapshot) -> None:
        """A picture was taken; `before` is the one before it, the same object parts where nothing changed."""

    def gaps_of(self, id: str) -> dict[str, str]:
        """What it cannot hear of this container now, `events.…` → why."""

    def stop(self, id: str) -> None:
        """Nobody watches it any more, or it is gone."""

    def close(self) -> None:
        """The worker ends: let go of every descriptor."""


def observers(tell: Tell, poke: Poke) -> list[Observer]:
    """All of them."""
    processes = ProcessObserver(tell)
    return [
        processes,
        OomObserver(tell, poke, processes.lives),
        CgroupObserver(tell, poke),
        MountObserver(tell, poke),
        NamespaceObserver(tell, poke),
        OverlayObserver(tell, poke),
        StateObserver(tell),
    ]
