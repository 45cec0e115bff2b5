"""Acts that are journaled before they are done, and undone in reverse when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from runtime.engine.ground import Ground
from runtime.engine.record import Record
from runtime.engine.spawn import to_the_end


@dataclass(frozen=True)
class Step:
    """`ensure` brings it about, `undo` takes it back whole or half done; both may be called again."""

    name: str
    ensure: Callable[[], Coroutine[Any, Any, None]]
    undo: Callable[[], Coroutine[Any, Any, None]]


async def perform(ground: Ground, record: Record, steps: list[Step]) -> None:
    """Do all steps, or none: what fails, or is cancelled, takes back what was done and is raised again.

    An undo that fails is a note on the error and leaves the record's intent in the journal for the reconciler.
    Returns, or raises, with the journal's last word being the last step begun.
    """
    begun: list[Step] = []
    try:
        for step in steps:
            ground.journal.write(replace(record, step=step.name))
            begun.append(step)
            await to_the_end(step.ensure())
            ground.failpoint(step.name)
        await asyncio.sleep(0)  # the last moment a cancellation can be met: after it the caller has what was made
    except BaseException as error:
        for step in reversed(begun):
            await _undo(step.undo, f"undo {step.name}", error)
        raise


async def _undo(undo: Callable[[], Coroutine[Any, Any, None]], name: str, error: BaseException) -> None:
    try:
        await to_the_end(undo())
    except BaseException as failure:
        error.add_note(f"{name}: {failure}")
