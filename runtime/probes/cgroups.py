"""A container's cgroup, under the kernel's own file names, on v1, v2 and hybrid hosts (cgroups(7)).

Figures are grouped by what they are about (`memory cpu pids io`), wherever the kernel keeps them; `paths` says where.
On a hybrid host limits are v1's and pressure is cgroup2's: the container is in a directory of each.

Both sides show the same cgroup, which is the lesson: one directory, two names for it. The host's side has the
machine's own figures beside it, under the names of the files they come from (`meminfo`, `loadavg`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from runtime.kernel import mountinfo, procfs
from runtime.kernel.mountinfo import Mount
from runtime.kernel.target import Target
from runtime.probes.cgroup_files import (
    CORE_FILES,
    LIMITS_V1,
    LIMITS_V2,
    MACHINE,
    PULSE,
    SECTIONS,
    of_mode,
    spared,
    word,
)
from runtime.probes.cgroup_summary import UNLIMITED_V1, Figures, explain, frozen, summarise
from runtime.probes.gaps import Gaps, why
from runtime.probes.kept import KeptFile
from runtime.protocol.model import Cgroup, Effective, Figure

MACHINE_SECONDS = 5.0
_CGROUPS = ("cgroup", "cgroup2")


class Cgroups:
    """The figures of one container, with its files held open. One for each set of directories."""

    def __init__(self, target: Target, above: Ancestry | None = None, *, sparing: bool = False) -> None:
        """`above`: what is known of the directories above, shared by all containers. `sparing`: leave out of the files
        what the summary says."""
        self._sparing = sparing
        self._mode = target.cgroup_mode
        self._above = above or Ancestry()
        self._directories = dict(target.cgroup_paths)
        self._files = [file for file in of_mode(target.cgroup_mode) if file.live]
        self._kept = [
            KeptFile(f"{self._directories[file.controller]}/{file.name}", file.parse)
            if file.controller in self._directories
            else None
            for file in self._files
        ]
        self._pulse = [
            kept for file, kept in zip(self._files, self._kept, strict=True) if kept is not None and file.name in PULSE
        ]
        self._last: tuple[Cgroup, Gaps] | None = None
        self._known: tuple[Figures, Gaps, dict[str, Effective]] | None = None  # what the last was made of

    def pulse(self) -> tuple[bytes, ...] | None:
        """Equal in two looks if nothing of the container ran between them; None where that cannot be told."""
        try:
            return tuple(kept.raw() for kept in self._pulse) or None
        except OSError:
            return None

    def take(self) -> tuple[Cgroup, Gaps]:
        """The figures, with the directories as the host names them. The same object if nothing changed."""
        figures: Figures = {section: {} for section in SECTIONS}
        gaps: Gaps = {}
        for file, kept in zip(self._files, self._kept, strict=True):
            value: Figure = None
            if kept is None:
                gaps[file.gap] = f"this host has no {file.controller} controller"
            else:
                try:
                    value = kept.read()
                except (OSError, ValueError) as error:
                    gaps[file.gap] = why(error, kept.path)
            figures[file.section][file.name] = value
        effective = self._effective(figures)
        if self._last and self._known == (figures, gaps, effective):
            return self._last
        self._known = figures, dict(gaps), effective
        summary, sources = summarise(self._mode, figures)
        explain(summary, sources, figures, gaps)
        cgroup = Cgroup(
            mode=self._mode,
            paths=self._directories,
            **(spared(figures) if self._sparing else figures),
            summary=summary,
            sources=sources,
            frozen=frozen(figures),
            effective=effective,
        )
        self._last = cgroup, gaps
        return self._last

    def _effective(self, figures: Figures) -> dict[str, Effective]:
        """The least of each limit over the directory and all above it (cgroups(7): limits hold for what is below)."""
        found = {}
        limits = LIMITS_V2 if self._mode == "v2" else LIMITS_V1
        for name, (controller, file) in limits.items():
            directory = self._directories.get(controller)
            if directory is None:
                continue
            own = limit(figures[file.partition(".")[0]].get(file))
            least, at = self._above.least(directory, file)
            if own is not None and (least is None or own <= least):
                found[name] = Effective(value=own, at=directory, own=True)
            elif least is not None:
                found[name] = Effective(value=least, at=at, own=False)
        return found

    def close(self) -> None:
        """Let go of every file."""
        for kept in self._kept:
            if kept is not None:
                kept.close()


def limit(value: Figure) -> int | None:
    """A limit's bytes or count; None for `max`, for v1's largest number, and for what is missing."""
    return value if isinstance(value, int) and value < UNLIMITED_V1 else None


class Ancestry:
    """Limits of the directories above containers: most are the same for all, and seldom change."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, int | None, str]] = {}

    def least(self, directory: str, file: str) -> tuple[int | None, str]:
        """The least that `file` says in the directories above `directory`, and which one says it; none: None."""
        parent = os.path.dirname(directory)
        now = time.monotonic()
        at, value, whose = self._known.get((parent, file), (-MACHINE_SECONDS, None, ""))
        if now - at >= MACHINE_SECONDS:
            value, whose = self._read(parent, file)
            self._known[parent, file] = now, value, whose
        return value, whose

    def _read(self, directory: str, file: str) -> tuple[int | None, str]:
        """Up to the top of the hierarchy, or of what is mounted of it: above that the file is not there."""
        least, whose = None, ""
        while directory != "/":
            try:
                value = limit(word(procfs.read(f"{directory}/{file}")))
            except (OSError, ValueError):
                break
            if value is not None and (least is None or value < least):
                least, whose = value, directory
            directory = os.path.dirname(directory)
        return least, whose


class Machine:
    """Figures of the whole machine, shared by all containers and read now and then."""

    def __init__(self) -> None:
        self._kept = [KeptFile(file.at, file.parse) for file in MACHINE]
        self._last: tuple[Figures, Gaps] = ({section: {} for section in SECTIONS}, {})
        self._due = [0.0 for _ in MACHINE]
        self.ancestry = Ancestry()

    def take(self, now: float) -> tuple[Figures, Gaps]:
        """The figures by section, and why one is missing. `now`: seconds, monotonic."""
        if now < min(self._due):
            return self._last
        figures: Figures = {section: dict(files) for section, files in self._last[0].items()}
        gaps = dict(self._last[1])
        for turn, (file, kept) in enumerate(zip(MACHINE, self._kept, strict=True)):
            if now < self._due[turn]:
                continue
            # One after the other from the second time on: together they are a tenth of a patch
            self._due[turn] = now + MACHINE_SECONDS + (0.0 if self._due[turn] else turn)
            gaps.pop(file.gap, None)
            try:
                figures[file.section][file.name] = kept.read()
            except (OSError, ValueError) as error:
                figures[file.section][file.name] = None
                gaps[file.gap] = why(error, kept.path)
        self._last = figures, gaps
        return self._last

    def close(self) -> None:
        """Let go of every file."""
        for kept in self._kept:
            kept.close()


def from_host(cgroup: Cgroup, machine: Figures) -> Cgroup:
    """The host's side: the container's figures, and the machine's beside them."""
    return Cgroup(
        mode=cgroup.mode,
        paths=cgroup.paths,
        memory={**cgroup.memory, **machine["memory"]},
        cpu={**cgroup.cpu, **machine["cpu"]},
        pids={**cgroup.pids, **machine["pids"]},
        io={**cgroup.io, **machine["io"]},
        summary=cgroup.summary,
        sources=cgroup.sources,
        frozen=cgroup.frozen,
        effective=cgroup.effective,
    )


def from_inside(cgroup: Cgroup, paths: dict[str, str]) -> Cgroup:
    """The container's side: the same figures, the directories as its own processes reach them.

    On a hybrid host those see v1's hierarchies alone, so pressure, which is cgroup2's, is the host's to tell.
    """
    hidden = CORE_FILES if cgroup.mode == "hybrid" else frozenset()
    memory, cpu, pids, io = (
        {name: figure for name, figure in figures.items() if name not in hidden}
        for figures in (cgroup.memory, cgroup.cpu, cgroup.pids, cgroup.io)
    )
    return Cgroup(
        mode=cgroup.mode,
        paths=paths,
        memory=memory,
        cpu=cpu,
        pids=pids,
        io=io,
        summary=cgroup.summary,
        sources=cgroup.sources,
        frozen=cgroup.frozen,
        effective=cgroup.effective,
    )


def inside_paths(
    target: Target, mounts: Sequence[Mount], own: Sequence[Mount] | None = None
) -> tuple[dict[str, str], Gaps]:
    """Controller → the directory inside the container by which its processes read their cgroup, from its mount table.

    `own`: this process's mount table. Both tables name cgroups alike, as both are read from one cgroup namespace.
    """
    paths: dict[str, str] = {}
    gaps: Gaps = {}
    shown = [mount for mount in mounts if mount.fstype in _CGROUPS]
    ours = [mount for mount in (mountinfo.own() if own is None else own) if mount.fstype in _CGROUPS]
    for controller, directory in target.cgroup_paths.items():
        for mount in shown:
            mounted = ["unified"] if mount.fstype == "cgroup2" else mount.super_options.split(",")
            below = _below(_name(directory, ours), mount.root)
            if controller in mounted and below is not None:
                paths[controller] = mount.point + below
                break
        else:
            gaps[f"cgroup.paths.{controller}"] = "not mounted in the container: nothing inside can read it"
    return paths, gaps


def _name(directory: str, ours: Sequence[Mount]) -> str | None:
    """What the kernel calls the cgroup at `directory`: in a container of a container engine, what is mounted at
    /sys/fs/cgroup is not the hierarchy's root."""
    above = [mount for mount in ours if _below(directory, mount.point) is not None]
    if not above:
        return None
    mount = max(reversed(above), key=lambda mount: len(mount.point))  # of two on one point, the later lies on top
    return mount.root.rstrip("/") + directory[len(mount.point) :]


def _below(path: str | None, top: str) -> str | None:
    """`/c` for `/a/b/c` below `/a/b`, empty for the same, None for what is elsewhere."""
    top = top.rstrip("/")
    return path[len(top) :] if path is not None and f"{path}/".startswith(f"{top}/") else None
