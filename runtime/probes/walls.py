"""What seldom moves, in one picture: mounts, devices, identity, network."""

from __future__ import annotations

from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.probes.gaps import Gaps
from runtime.protocol import xray


class WallSurvey:
    """The walls of one container, with what was read before; a part is read again when it may have changed."""

    def __init__(self, proc: procfs.Proc) -> None:
        self._proc = proc

    def take(self, target: Target, directory: int, now: float) -> tuple[xray.Walls | None, Gaps]:
        """The same object while nothing changed. `directory`: PID 1's /proc/PID, -1 without a process.

        Called on each close look; a close look at a quiet container comes every few seconds and must cost little.
        """
        del target, directory, now
        return None, {}

    def close(self) -> None:
        """Let go of every descriptor."""
