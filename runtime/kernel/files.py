"""Kernel files: read whole, written with one system call.

A buffered write hides the kernel's refusal in a destructor; `os.write` on a raw descriptor raises it here.
"""

from __future__ import annotations

import os

_CHUNK = 65_536
_boot_id: str | None = None


def read_text(path: str) -> str:
    """The whole file, undecodable bytes escaped. Raises `OSError`."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(fd, _CHUNK):
            parts.append(part)
    finally:
        os.close(fd)
    return b"".join(parts).decode(errors="backslashreplace")


def write_text(path: str, text: str) -> None:
    """One write to a file that is there (cgroupfs, procfs, sysctl). Raises `OSError` naming the path."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(fd)


def replace(path: str, data: bytes, mode: int = 0o600) -> None:
    """Put `data` at `path`, whole or not at all, as far as crashes of this process go.

    No fsync: what these files describe (mounts, cgroups, processes) does not outlive a loss of power either.
    """
    staging = f"{path}.new"
    fd = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        os.fchmod(fd, mode)
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)
    os.rename(staging, path)


def boot_id() -> str:
    """This boot's random name (random(4)): a pid recorded under another one names nobody."""
    global _boot_id
    if _boot_id is None:
        _boot_id = read_text("/proc/sys/kernel/random/boot_id").strip()
    return _boot_id
