"""Who knows how a process ended that is not our child."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Protocol

from runtime.protocol import model


class ExitBook(Protocol):
    """The keeper's book of exits, as the engine needs it: containers' processes are the keeper's children."""

    async def status(self, pid: int, starttime: int, timeout: float) -> int | None:
        """The raw wait status (`os.waitstatus_to_exitcode` reads it), waiting for it at most `timeout` seconds.

        `starttime` 0: the process was gone before it could be read; the last one of that pid is meant.
        None: nobody knows.
        """
        ...


def exit_of(status: int | None) -> model.Exit:
    """What a raw wait status says; None: nobody knows."""
    if status is None:
        return model.Exit(at=time.time(), reason="its exit status is not known")
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return model.Exit(at=time.time(), code=code)
    return model.Exit(at=time.time(), signal=-code, reason=f"killed by {signal_name(-code)}")


def signal_name(number: int) -> str:
    """`SIGKILL`, or `signal 34` for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class OwnChildren:
    """The book of an engine without a keeper: knows only processes that are children of this one, and reaps them."""

    async def status(self, pid: int, starttime: int, timeout: float) -> int | None:  # noqa: ARG002
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        # Polled: a child that is another's to wait for tells nobody, and this is for tools and tests.
        while (status := _reap(pid)) is None and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return status if status != _STRANGER else None


_STRANGER = -1


def _reap(pid: int) -> int | None:
    """The wait status of a child that has ended, None while it lives, `_STRANGER` for what is no child."""
    try:
        reaped, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return _STRANGER
    return status if reaped else None
