"""What seldom moves, in one picture: mounts, devices, identity, network."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from runtime.kernel import mountinfo, procfs
from runtime.kernel.target import Target
from runtime.probes import devices, identity, mounts, network
from runtime.probes.gaps import NO_PROCESS, Gaps
from runtime.protocol import xray

READ_SECONDS = 30.0
"""After which walls are read again though nothing told of a change: a node made in /dev, a right given up."""

Part = TypeVar("Part")


class HostSide:
    """What all containers' walls stand against, read once for all of them."""

    def __init__(self, proc: procfs.Proc, dev: str = "/dev") -> None:
        self.mounts = mounts.HostMounts(proc)
        self.modules = identity.Modules()
        self._dev = dev
        self._devices: tuple[dict[str, xray.Device], Gaps] | None = None
        self._devices_at = 0.0

    def devices(self, now: float) -> tuple[dict[str, xray.Device], Gaps]:
        """The host's nodes; the same object while they are the same."""
        if self._devices is None or now >= self._devices_at + READ_SECONDS:
            found = devices.of_host(self._dev)
            self._devices = self._devices if found == self._devices else found
            self._devices_at = now
        assert self._devices is not None  # noqa: S101 -- just read
        return self._devices

    def close(self) -> None:
        """Let go of every descriptor."""
        self.mounts.close()


class WallSurvey:
    """The walls of one container, with what was read before; a part is read again when it may have changed."""

    def __init__(self, host: HostSide) -> None:
        self._host = host
        self._networks = network.Networks()
        self._init: tuple[int | None, int] = (None, 0)
        self._table: tuple[mountinfo.Mount, ...] | None = None
        self._due = 0.0
        self._walls = xray.Walls()
        self._gaps: Gaps = {}

    def take(
        self,
        target: Target,
        directory: int,
        table: tuple[mountinfo.Mount, ...] | None,
        now: float,
        still: bool = False,
    ) -> tuple[xray.Walls | None, Gaps]:
        """The same object while nothing changed. `directory`: PID 1's /proc/PID, -1 without a process; `table`: its
        mounts, the same object while they are the same; `still`: nothing of the container has run since the last call.

        Called on each close look; a close look at a quiet container comes every few seconds and costs nothing here
        but for what the network takes.
        """
        init = (target.pid, target.starttime)
        if init != self._init or table is not self._table or (now >= self._due and not still):
            self._init, self._table, self._due = init, table, now + READ_SECONDS
            self._read(target, directory, table, now)
        reached, missing = self._networks.take(target, directory, now)
        if reached is not self._walls.network:
            self._walls = replace(self._walls, network=reached)
        return self._walls, {**self._gaps, **missing} if missing else self._gaps

    def close(self) -> None:
        """Let go of every descriptor."""
        self._networks.close()

    def _read(self, target: Target, directory: int, table: tuple[mountinfo.Mount, ...] | None, now: float) -> None:
        known = self._walls
        seen, gaps = mounts.tables(target, table, self._host.mounts, now)
        nodes, missing = self._devices(directory, table or (), now)
        gaps.update(missing)
        who, missing = self._identity(directory, seen.container if seen else {})
        gaps.update(missing)
        walls = replace(
            known,
            mounts=_same(seen, known.mounts),
            devices=_same(nodes, known.devices),
            identity=_same(who, known.identity),
        )
        self._walls = _same(walls, known)
        self._gaps = gaps

    def _devices(
        self, directory: int, table: tuple[mountinfo.Mount, ...], now: float
    ) -> tuple[xray.Devices | None, Gaps]:
        if directory < 0:
            return None, {"walls.devices": NO_PROCESS}
        outside, gaps = self._host.devices(now)
        try:
            maps = procfs.id_maps(directory)
        except (OSError, ValueError):
            maps = ((), ())
        inside, missing = devices.of_container(directory, table, maps)
        return xray.Devices(container=inside or {}, host=outside), {**gaps, **missing}

    def _identity(self, directory: int, table: dict[str, xray.Mount]) -> tuple[xray.Identity | None, Gaps]:
        if directory < 0:
            return None, {"walls.identity": NO_PROCESS}
        return identity.of_process(directory, table, self._host.modules)


def _same(new: Part, known: Part) -> Part:
    return known if new == known else new
