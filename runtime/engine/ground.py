"""What all verbs of the engine stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from runtime.config import RuntimeConfig
from runtime.engine.exits import ExitBook
from runtime.engine.journal import Journal
from runtime.engine.oci import OciRuntime
from runtime.engine.place import Place
from runtime.engine.slots import Slots
from runtime.engine.spec import Host
from runtime.images.store import ImageStore
from runtime.kernel.cgroups import Group, Hierarchies


def _pass(step: str) -> None:
    """The failpoint of every day: nothing."""


@dataclass(kw_only=True)
class Ground:
    """`guests`: the names of commands under way, by container. `failpoint` is called after each journaled step with
    its name; a test makes it fail or kill there."""

    config: RuntimeConfig
    images: ImageStore
    hierarchies: Hierarchies
    host: Host
    oci: OciRuntime
    slots: Slots
    journal: Journal
    exits: ExitBook
    guests: dict[str, set[str]] = field(default_factory=dict)
    failpoint: Callable[[str], None] = field(default=_pass)

    def place(self, id: str) -> Place:
        return Place(self.config, id)

    def group(self, id: str) -> Group:
        return self.hierarchies.group(self.place(id).cgroup)
