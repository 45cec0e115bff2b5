"""Who knows how a process ended that is not our child."""

from __future__ import annotations

from typing import Protocol


class ExitBook(Protocol):
    """The keeper's book of exits, as the engine needs it: containers' processes are the keeper's children."""

    async def status(self, pid: int, starttime: int, timeout: float) -> int | None:
        """The raw wait status (`os.waitstatus_to_exitcode` reads it), waiting for it at most `timeout` seconds.

        `starttime` 0: the process was gone before it could be read; the last one of that pid is meant.
        None: nobody knows.
        """
        ...
