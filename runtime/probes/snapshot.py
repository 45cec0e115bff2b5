"""One picture of a container, from inside and from the host, taken in one pass.

`take` is for once; a `Camera` keeps files open between pictures and gives the very same objects back for what did not
change, so that a quiet container costs little more than the reads. Nothing here raises for a container that vanishes
midway or may not be looked at: what is missing is null, and named in `gaps`.
"""

from __future__ import annotations

import os
import threading
import time

from runtime.kernel import mountinfo, procfs
from runtime.kernel.target import Target
from runtime.probes import cgroups, namespace_graph, namespaces, overlay, processes, walls
from runtime.probes.gaps import NO_PROCESS, Gaps
from runtime.protocol.model import Cgroup, Namespace, Snapshot, View

MOUNTS_SECONDS = 5.0
QUIET_SECONDS = 10.0  # a container of which nothing has run is looked at closely only then: half of what watching costs


class Host:
    """What all pictures share: the host's own namespaces, the processes above containers, the machine's figures."""

    def __init__(self, proc: procfs.Proc | None = None) -> None:
        self.proc = proc or procfs.Proc()
        self.ancestors = processes.Ancestors(self.proc)
        self.namespaces = namespaces.of_host(self.proc)
        self.machine = cgroups.Machine()
        self.boot_id = self.proc.boot_id()
        self.namespace_view = namespaces.host_view(self.namespaces)
        self.walls = walls.HostSide(self.proc)

    def close(self) -> None:
        """Let go of every file."""
        self.machine.close()
        self.walls.close()


class Camera:
    """Pictures of one container, one after the other. Its calls may come from different threads."""

    def __init__(self, host: Host, *, whole: bool = True, sparing: bool = False) -> None:
        """`whole` false: without graph and walls, as a launch has no time for them. `sparing`: one of a stream, with
        small patches and short passes: no figure of a cgroup that always moves is told under two names, and of many
        processes some are asked for their namespaces in the next picture."""
        self._host = host
        self._sparing = sparing
        self._lock = threading.Lock()
        self._overlays = overlay.Overlays()
        patience = namespace_graph.MAX_SECONDS if sparing else namespace_graph.ONCE_SECONDS
        self._graphs = namespace_graph.Graphs(host.proc, host.namespaces, patience) if whole else None
        self._walls = walls.WallSurvey(host.walls) if whole else None
        self._target: Target | None = None
        self._directory = -1
        self._processes = processes.Processes(host.proc, host.ancestors)
        self._cgroups: cgroups.Cgroups | None = None
        self._namespaces: dict[str, Namespace] | None = None
        self._mounts: overlay.Mounts | None = None
        self._mounts_for: tuple[str | None, float] = (None, 0.0)
        self._raw_mounts = b""
        self._paths: tuple[object, tuple[dict[str, str], Gaps]] | None = None
        self._sides: tuple[object, object, object, Cgroup, Cgroup] | None = None
        self._gaps: Gaps = {}
        self._pulse: tuple[bytes, ...] | None = None
        self._still = False  # nothing of it has run since the picture before
        self._last: Snapshot | None = None
        self._looked_at = 0.0

    def take(self, target: Target, *, closely: bool = False) -> Snapshot:
        """The picture now. The pass is short: a tenth of a millisecond, longer only by many processes or files.

        No fork, no write, no fault goes without processor time in the container's cgroup. So if that has not moved,
        neither has anything else, and the picture before is good; `closely` says not to rely on it.
        """
        with self._lock:
            self._still = False
            if closely:
                self._mounts_for = (None, 0.0)  # what happened may be a mount
            if not closely and self._is_quiet(target):
                return self._again(target)
            return self._take(target, closely=closely)

    def _is_quiet(self, target: Target) -> bool:
        last, pulse, self._pulse = self._last, self._pulse, None
        if self._cgroups is None or self._target is None or self._aims(target):
            return False
        # Read before the rest: what happens while we look shows the next time
        self._pulse = self._cgroups.pulse()
        self._still = last is not None and pulse is not None and pulse == self._pulse
        return (
            self._still
            and last is not None
            and last.info == target.container
            and time.monotonic() - self._looked_at < QUIET_SECONDS
        )

    def _again(self, target: Target) -> Snapshot:
        last = self._last
        assert last is not None  # noqa: S101 -- or it was not quiet
        self._last = Snapshot(
            taken_at=round(time.time(), 3),
            monotonic=round(time.monotonic(), 6),
            boot_id=last.boot_id,
            node=last.node,
            info=target.container,
            container=last.container,
            host=last.host,
            gaps=last.gaps,
            usage=last.usage,
            graph=last.graph,
            walls=last.walls,
        )
        return self._last

    def _take(self, target: Target, *, closely: bool) -> Snapshot:
        self._aim(target)
        taken_at, now = time.time(), time.monotonic()
        self._looked_at = now
        gaps: Gaps = {}
        # Processes first: of all that is here they change fastest, and the pids below belong to them.
        inner, outer = self._take_processes(target, now, gaps)
        alive = bool(inner)
        kinds = self._take_namespaces(alive, gaps)
        mounts = self._take_mounts(alive, kinds, now)
        inner_cgroup, outer_cgroup = self._take_cgroup(target, mounts, now, gaps)
        inner_overlay, outer_overlay, missing = self._overlays.take(target, mounts, now, closely=closely)
        _both(gaps, missing)
        graph, missing = (
            self._graphs.take(target, inner, mounts, now, self._still) if self._graphs and alive else (None, {})
        )
        gaps.update(missing)
        survey, missing = (
            self._walls.take(target, self._directory, mounts, now, self._still) if self._walls else (None, {})
        )
        gaps.update(missing)
        for path, reason in self._host.namespaces.gaps.items():
            gaps[f"host.{path}"] = reason
        if gaps == self._gaps:
            gaps = self._gaps
        self._gaps = gaps
        self._last = Snapshot(
            taken_at=round(taken_at, 3),
            monotonic=round(now, 6),
            boot_id=self._host.boot_id,
            node=target.container.node,
            info=target.container,
            container=View(processes=inner, namespaces=kinds, cgroup=inner_cgroup, overlay=inner_overlay),
            host=View(
                processes=outer,
                namespaces=self._host.namespace_view,
                cgroup=outer_cgroup,
                overlay=outer_overlay,
            ),
            gaps=gaps,
            usage=self._processes.usage,
            graph=graph,
            walls=survey,
        )
        return self._last

    def _aims(self, target: Target) -> bool:
        """Whether `target` is another process or another cgroup than that of the picture before."""
        known = self._target
        return known is None or (
            (known.pid, known.starttime, known.cgroup_mode) != (target.pid, target.starttime, target.cgroup_mode)
            or known.cgroup_paths != target.cgroup_paths
        )

    def _aim(self, target: Target) -> None:
        """Open what belongs to this PID 1 and these directories, unless that was done for the picture before."""
        before, self._target = self._target, target
        if before is None or (before.cgroup_mode, before.cgroup_paths) != (target.cgroup_mode, target.cgroup_paths):
            if self._cgroups:
                self._cgroups.close()
            self._cgroups = cgroups.Cgroups(target, self._host.machine.ancestry, sparing=self._sparing)
        if before is None or (before.pid, before.starttime) != (target.pid, target.starttime):
            self._drop_process()
            self._processes = processes.Processes(self._host.proc, self._host.ancestors)
            self._directory = self._open(target)

    def _open(self, target: Target) -> int:
        """A descriptor of PID 1's /proc/PID, -1 if it is not that process any more."""
        if target.pid is None:
            return -1
        directory = -1
        try:
            directory = self._host.proc.open_process(target.pid)
            stat = procfs.parse_stat(procfs.read("stat", dir_fd=directory))
        except (OSError, ValueError):
            stat = None
        if stat is not None and target.starttime in (0, stat.starttime):
            return directory
        if directory >= 0:
            os.close(directory)
        return -1

    def _take_processes(self, target: Target, now: float, gaps: Gaps) -> tuple[processes.Tree, processes.Tree]:
        if self._directory < 0:
            return {}, {}
        inner, outer, missing = self._processes.take(target, self._directory, now)
        _both(gaps, missing)
        return inner, outer

    def _take_namespaces(self, alive: bool, gaps: Gaps) -> dict[str, Namespace]:
        if alive:
            kinds, missing = namespaces.of_process(
                self._host.proc, self._directory, self._host.namespaces, self._namespaces
            )
        else:
            kinds, missing = namespaces.nothing(NO_PROCESS)
        self._namespaces = kinds
        for path, reason in missing.items():
            gaps[f"container.{path}"] = reason
        return kinds

    def _take_mounts(self, alive: bool, kinds: dict[str, Namespace], now: float) -> overlay.Mounts | None:
        """PID 1's mounts, read when it enters another mount namespace and every few seconds besides."""
        if not alive:
            self._mounts = None
            return None
        namespace = kinds["mnt"].id
        if self._mounts is not None and namespace == self._mounts_for[0] and now < self._mounts_for[1]:
            return self._mounts
        try:
            raw = procfs.read("mountinfo", dir_fd=self._directory)
            if self._mounts is None or raw != self._raw_mounts:
                self._mounts, self._raw_mounts = mountinfo.parse(raw), raw
        except (OSError, ValueError):
            self._mounts = None
        self._mounts_for = (namespace, now + MOUNTS_SECONDS)
        return self._mounts

    def _take_cgroup(
        self, target: Target, mounts: overlay.Mounts | None, now: float, gaps: Gaps
    ) -> tuple[Cgroup, Cgroup]:
        assert self._cgroups is not None  # noqa: S101 -- _aim made it
        cgroup, missing = self._cgroups.take()
        machine, machine_missing = self._host.machine.take(now)
        if self._paths is None or self._paths[0] is not mounts or mounts is None:
            self._paths = (mounts, cgroups.inside_paths(target, mounts or ()))
        paths, paths_missing = self._paths[1]
        _both(gaps, missing)
        for path, reason in paths_missing.items():
            gaps[f"container.{path}"] = reason
        for path, reason in machine_missing.items():
            gaps[f"host.{path}"] = reason
        known = self._sides
        if known is None or known[0] is not cgroup or known[1] is not machine or known[2] is not paths:
            inside = known[3] if known and known[0] is cgroup and known[2] is paths else None
            known = self._sides = (
                cgroup,
                machine,
                paths,
                inside or cgroups.from_inside(cgroup, paths),
                cgroups.from_host(cgroup, machine),
            )
        return known[3], known[4]

    def _drop_process(self) -> None:
        if self._directory >= 0:
            os.close(self._directory)
        self._directory = -1
        self._namespaces = None
        self._mounts = None
        self._paths = None

    def close(self) -> None:
        """Let go of every file, after the picture being taken."""
        with self._lock:
            self._drop_process()
            if self._cgroups:
                self._cgroups.close()
            self._cgroups = None
            self._target = None
            self._last = None
            for part in (self._graphs, self._walls):
                if part:
                    part.close()


def take(target: Target, host: Host | None = None, *, whole: bool = True) -> Snapshot:
    """One picture of a container, nothing kept. `whole` as for `Camera`."""
    shared = host or Host()
    camera = Camera(shared, whole=whole)
    try:
        return camera.take(target)
    finally:
        camera.close()
        if host is None:
            shared.close()


def _both(gaps: Gaps, missing: Gaps) -> None:
    for path, reason in missing.items():
        gaps[f"container.{path}"] = gaps[f"host.{path}"] = reason
