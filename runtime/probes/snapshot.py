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
from runtime.probes import cgroups, namespaces, overlay, processes
from runtime.probes.gaps import Gaps
from runtime.protocol.model import Cgroup, Namespace, Snapshot, View

MOUNTS_SECONDS = 5.0
NO_PROCESS = "no process is left to read it from"


class Host:
    """What all pictures share: the host's own namespaces, the processes above containers, the machine's figures."""

    def __init__(self, proc: procfs.Proc | None = None) -> None:
        self.proc = proc or procfs.Proc()
        self.ancestors = processes.Ancestors(self.proc)
        self.namespaces = namespaces.of_host(self.proc)
        self.machine = cgroups.Machine()
        self.boot_id = self.proc.boot_id()
        self.namespace_view = namespaces.host_view(self.namespaces)

    def close(self) -> None:
        """Let go of every file."""
        self.machine.close()


class Camera:
    """Pictures of one container, one after the other. Its calls may come from different threads."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._overlays = overlay.Overlays()
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

    def take(self, target: Target) -> Snapshot:
        """The picture now. The pass is short: some tenths of a millisecond, longer only by many processes or files."""
        with self._lock:
            return self._take(target)

    def _take(self, target: Target) -> Snapshot:
        self._aim(target)
        taken_at, now = time.time(), time.monotonic()
        gaps: Gaps = {}
        # Processes first: of all that is here they change fastest, and the pids below belong to them.
        inner, outer = self._take_processes(target, now, gaps)
        alive = bool(inner)
        kinds = self._take_namespaces(alive, gaps)
        mounts = self._take_mounts(alive, kinds, now)
        inner_cgroup, outer_cgroup = self._take_cgroup(target, mounts, now, gaps)
        inner_overlay, outer_overlay, missing = self._overlays.take(target, mounts, now)
        _both(gaps, missing)
        for path, reason in self._host.namespaces.gaps.items():
            gaps[f"host.{path}"] = reason
        if gaps == self._gaps:
            gaps = self._gaps
        self._gaps = gaps
        return Snapshot(
            taken_at=taken_at,
            monotonic=now,
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
        )

    def _aim(self, target: Target) -> None:
        """Open what belongs to this PID 1 and these directories, unless that was done for the picture before."""
        before, self._target = self._target, target
        if before is None or (before.cgroup_mode, before.cgroup_paths) != (target.cgroup_mode, target.cgroup_paths):
            if self._cgroups:
                self._cgroups.close()
            self._cgroups = cgroups.Cgroups(target)
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


def take(target: Target, host: Host | None = None) -> Snapshot:
    """One picture of a container, nothing kept."""
    shared = host or Host()
    camera = Camera(shared)
    try:
        return camera.take(target)
    finally:
        camera.close()
        if host is None:
            shared.close()


def _both(gaps: Gaps, missing: Gaps) -> None:
    for path, reason in missing.items():
        gaps[f"container.{path}"] = gaps[f"host.{path}"] = reason
