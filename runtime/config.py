"""Where an instance of Terrarium lives on a host, and how much it may take.

Everything is derived from one name, so that several instances (a developer's, a test's) never meet: directories
`/run/<name>` and `/var/lib/<name>`, cgroups `/<name>/<id>`, and a range of user ids of its own.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

IDS_PER_CONTAINER = 65_536
MIB = 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig:
    """The worker's settings, fixed for its life. Sizes in bytes, times in seconds."""

    name: str = "terrarium"
    run_dir: Path = Path("/run/terrarium")
    state_dir: Path = Path("/var/lib/terrarium")
    images_dir: Path = Path("/var/lib/terrarium/images")
    idmap_base: int = 1_879_048_192  # 0x7000_0000: above every range that distributions hand out
    idmap_slots: int = 2048
    web_uids: frozenset[int] = field(default_factory=lambda: frozenset({0}))  # who may speak to the worker
    oci_runtime: str = "runc"
    host_memory_share: float = 0.8  # of the host's memory, the sum of limits that may be promised
    max_containers: int = 512
    node: str = "local"
    recording_bytes: int = 50 * MIB  # of one recording, as asciicast
    recording_owner_bytes: int = 200 * MIB  # of all recordings of one owner
    recording_owner_count: int = 100
    recording_days: float = 30.0  # ended recordings are removed when older; 0: never

    @property
    def socket(self) -> Path:
        """The worker's socket. Its directory can be passed through by all, as containers' roots lie below it: who may
        speak is decided by the socket's owner and mode, and by the peer's uid (`runtime.server.listen`)."""
        return self.run_dir / "worker.sock"

    @property
    def containers_dir(self) -> Path:
        """One directory a container: bundle and journal."""
        return self.state_dir / "containers"

    @property
    def recordings_dir(self) -> Path:
        """Recordings of terminals; they outlive their containers."""
        return self.state_dir / "recordings"

    @property
    def mounts_dir(self) -> Path:
        """One directory a container, visible in the keeper's mount namespace: layers, upper, merged."""
        return self.run_dir / "mnt"

    @property
    def oci_root(self) -> Path:
        """The OCI runtime's own state (`runc --root`)."""
        return self.run_dir / "oci"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> RuntimeConfig:
        """Read `TERRARIUM_*`; the name alone decides every path that is not given.

        Raises `ValueError` naming the variable that is wrong.
        """
        env = os.environ if environ is None else environ
        name = env.get("TERRARIUM_NAME", cls.name)
        if not _NAME.fullmatch(name):
            raise ValueError(f"TERRARIUM_NAME: {name!r} is not a lower-case name of at most 32 letters")
        state = Path(env.get("TERRARIUM_STATE_DIR", f"/var/lib/{name}"))
        return cls(
            name=name,
            run_dir=Path(env.get("TERRARIUM_RUN_DIR", f"/run/{name}")),
            state_dir=state,
            images_dir=Path(env.get("TERRARIUM_IMAGES_DIR", str(state / "images"))),
            idmap_base=_integer(env, "TERRARIUM_IDMAP_BASE", cls.idmap_base),
            idmap_slots=_integer(env, "TERRARIUM_IDMAP_SLOTS", cls.idmap_slots),
            web_uids=frozenset({0, *(int(uid) for uid in env.get("TERRARIUM_WEB_UIDS", "").split(",") if uid)}),
            oci_runtime=env.get("TERRARIUM_OCI_RUNTIME", cls.oci_runtime),
            max_containers=_integer(env, "TERRARIUM_MAX_CONTAINERS", cls.max_containers),
            node=env.get("TERRARIUM_NODE", cls.node),
            recording_bytes=_count(env, "TERRARIUM_RECORDING_BYTES", cls.recording_bytes),
            recording_owner_bytes=_count(env, "TERRARIUM_RECORDING_OWNER_BYTES", cls.recording_owner_bytes),
            recording_owner_count=_count(env, "TERRARIUM_RECORDING_OWNER_COUNT", cls.recording_owner_count),
            recording_days=_days(env, "TERRARIUM_RECORDING_DAYS", cls.recording_days),
        )


def _integer(env: Mapping[str, str], key: str, default: int) -> int:
    text = env.get(key)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{key}: {text!r} is not a whole number") from None


def _count(env: Mapping[str, str], key: str, default: int) -> int:
    if (number := _integer(env, key, default)) < 0:
        raise ValueError(f"{key}: {number} is below 0")
    return number


def _days(env: Mapping[str, str], key: str, default: float) -> float:
    text = env.get(key, str(default))
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:  # false for NaN as well
        raise ValueError(f"{key}: {text!r} is not a number of days, 0 for ever")
    return days
