"""The network namespace of a container, beside the host's."""

from __future__ import annotations

from runtime.kernel.target import Target
from runtime.probes.gaps import Gaps
from runtime.protocol import xray


class Networks:
    """The network of one container, with what was read before."""

    def take(self, target: Target, directory: int, now: float) -> tuple[xray.Network | None, Gaps]:
        """The same object while nothing changed. `directory`: PID 1's /proc/PID, -1 without a process."""
        del target, directory, now
        return None, {}

    def close(self) -> None:
        """Let go of every descriptor."""
