"""Why a figure is missing: the sentence that stands in `Snapshot.gaps` in its place."""

from __future__ import annotations

import errno
import os

NO_PROCESS = "no process is left to read it from"

Gaps = dict[str, str]
"""Path within one view (`namespaces.mnt`) → reason. The side is put before it where the views are joined."""


def why(error: OSError | ValueError, what: str) -> str:
    """`ENOENT: no such file or directory (/sys/fs/cgroup/memory/…)`."""
    if isinstance(error, OSError) and error.errno:
        name = errno.errorcode.get(error.errno, str(error.errno))
        return f"{name}: {os.strerror(error.errno).lower()} ({what})"
    return f"not understood ({what}): {error}"
