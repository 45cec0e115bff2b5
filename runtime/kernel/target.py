"""What the probes need to know of a container; all else they ask the kernel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from runtime.protocol import model


@dataclass(frozen=True, kw_only=True)
class Target:
    """A container as something to look at.

    `pid` is PID 1 as the host counts it, null unless there is one (created or running); with `starttime` (field 22 of
    /proc/PID/stat, clock ticks since boot) it is an identity that a reused pid cannot fake.

    `cgroup_paths`: v1 controller → absolute directory (`memory` → `/sys/fs/cgroup/memory/terrarium/<id>`), the cgroup2
    directory under `unified` (the only key on a v2 host, absent on a v1 one).

    `lowerdir` is top first, our init layer included; `layers` pairs with it. Paths are as the worker's own mount
    namespace names them.
    """

    container: model.Container
    pid: int | None
    starttime: int
    keeper_pid: int | None
    cgroup_mode: Literal["v1", "v2", "hybrid"]
    cgroup_paths: dict[str, str] = field(default_factory=dict)
    lowerdir: list[str] = field(default_factory=list)
    upperdir: str | None = None
    workdir: str | None = None
    merged: str = ""
    layers: list[model.Layer] = field(default_factory=list)

    @property
    def group(self) -> str:
        """The end of its cgroup's name in every hierarchy, as /proc/PID/cgroup and the kernel's log have it:
        `/terrarium/<id>`. Empty without a cgroup."""
        directory = next(iter(self.cgroup_paths.values()), "")
        return "/" + "/".join(directory.rsplit("/", 2)[1:]) if directory.count("/") > 1 else ""
