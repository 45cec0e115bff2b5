"""A container that stops or starts is told of, once for each picture that shows it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from runtime.probes.snapshot import Camera, Host
from runtime.protocol.model import Snapshot, State
from runtime.protocol.xray import Event
from runtime.server.observers.states import StateObserver
from tests.support.proc_tree import world


def test_what_it_is_now(tmp_path: Path) -> None:
    here = world(tmp_path)
    told: list[tuple[str, Event]] = []
    observer = StateObserver(lambda id, event: told.append((id, event)))
    host = Host(here.tree.proc)
    camera = Camera(host)
    running = camera.take(here.target)
    camera.close()
    host.close()

    def at(state: State, generation: int) -> Snapshot:
        return replace(running, info=replace(running.info, state=state, generation=generation))

    first = at(State.RUNNING, 1)
    pictures = [first, first, at(State.STOPPED, 1), at(State.RUNNING, 2), at(State.RUNNING, 3)]
    observer.looked(here.target, None, first)
    for before, after in pairwise(pictures):
        observer.looked(here.target, before, after)
    assert [(id, event.kind, event.reason) for id, event in told] == [
        (here.target.container.id, "state", word) for word in ("stopped", "running", "running")
    ]
