"""What tests may need of the host: each feature with a probe that says why it is missing.

A missing required feature fails the test that asks for it; only the others may be skipped, with their reason listed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache

from tests.support import machine

REQUIRED = frozenset({"root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium"})


def _root() -> str | None:
    return None if os.geteuid() == 0 else "the tests do not run as root"


def _program(name: str) -> Callable[[], str | None]:
    return lambda: None if shutil.which(name) else f"{name} is not installed"


def _filesystem(name: str) -> Callable[[], str | None]:
    def probe() -> str | None:
        with open("/proc/filesystems") as lines:
            return None if any(line.split()[-1] == name for line in lines) else f"this kernel has no {name}"

    return probe


def _userns() -> str | None:
    return None if os.path.exists("/proc/self/ns/user") else "this kernel has no user namespaces"


def _cgroups() -> str | None:
    return None if os.path.isdir("/sys/fs/cgroup") else "no cgroup hierarchy is mounted"


def chromium() -> str | None:
    """Path of the browser, `TERRARIUM_CHROMIUM` first."""
    return shutil.which(os.environ.get("TERRARIUM_CHROMIUM", "chromium")) or shutil.which("chromium-browser")


_PROBES: dict[str, Callable[[], str | None]] = {
    "root": _root,
    "runc": _program("runc"),
    "busybox": _program("busybox"),
    "userns": _userns,
    "overlay": _filesystem("overlay"),
    "cgroups": _cgroups,
    "virtual-machine": machine.missing,
    "chromium": lambda: None if chromium() else "Chromium is not installed",
}


@cache
def missing(feature: str) -> str | None:
    """Why the host lacks `feature`, or None. Raises `KeyError` for a feature nobody defined."""
    return _PROBES[feature]()
