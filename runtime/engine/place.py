"""Where everything of one container lies: all names are functions of its id, so orphans are found with no list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.config import RuntimeConfig

_ID = re.compile(r"[a-z0-9]{16}")


def is_id(name: str) -> bool:
    """Whether `name` can be a container's: 16 of a-z and 0-9."""
    return _ID.fullmatch(name) is not None


@dataclass(frozen=True)
class Place:
    """Paths of one container; nothing here touches the disk."""

    config: RuntimeConfig
    id: str

    @property
    def bundle(self) -> str:
        """The OCI bundle and the journal; for root alone."""
        return f"{self.config.containers_dir}/{self.id}"

    @property
    def journal(self) -> str:
        return f"{self.bundle}/journal.json"

    @property
    def spec(self) -> str:
        return f"{self.bundle}/config.json"

    @property
    def etc(self) -> str:
        return f"{self.bundle}/etc"

    @property
    def mounts(self) -> str:
        """Mount points; others may pass, as the container's own root, nobody on the host, walks to `merged`."""
        return f"{self.config.mounts_dir}/{self.id}"

    def layer(self, index: int) -> str:
        """The idmapped bind of one lower layer; 0 is the top, our init layer."""
        return f"{self.mounts}/layers/{index}"

    @property
    def disk(self) -> str:
        """The tmpfs that bounds what the container writes."""
        return f"{self.mounts}/disk"

    @property
    def upper(self) -> str:
        return f"{self.disk}/upper"

    @property
    def work(self) -> str:
        return f"{self.disk}/work"

    @property
    def merged(self) -> str:
        return f"{self.mounts}/merged"

    @property
    def cgroup(self) -> str:
        """Below each hierarchy's root."""
        return f"{self.config.name}/{self.id}"
