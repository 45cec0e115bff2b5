"""Where the figures of the overlay come from: its mount, its upper as it lies there, the marks beside its files."""

from __future__ import annotations

import os

from runtime.kernel.target import Target
from runtime.probes import upper_listing
from runtime.probes.source_text import MAX_BYTES, file_text, init_pid, unknown
from runtime.protocol.model import SourceText

_MANUAL = "Documentation/filesystems/overlayfs.rst"
_STATFS = "block %S bytes, blocks %b, free %f, inodes %c, free %d"  # stat(1), the same in busybox and inside


def overlay(target: Target, key: str) -> SourceText:
    """`mountinfo`, `upperdir`, `marks` or `disk`. Raises `Fault(not-found)` for another, and `OSError`."""
    if key == "mountinfo":
        return file_text(f"/proc/{init_pid(target)}/mountinfo", "proc_pid_mountinfo(5)", "/proc/1/mountinfo")
    if target.upperdir is None:
        raise unknown("overlay source", key, target)
    # Our mounts are in the keeper's mount namespace alone: a host shell reaches them through its root
    path = f"/proc/{target.keeper_pid}/root{target.upperdir}" if target.keeper_pid else target.upperdir
    if key == "upperdir":
        raw, truncated = upper_listing.listing(target.upperdir, MAX_BYTES)
        command = f"find {path} -mindepth 1 -printf '{upper_listing.FORMAT}'"
        return _text(path, raw, command, truncated=truncated)
    if key == "marks":
        raw, truncated = upper_listing.marks(target.upperdir, path, MAX_BYTES)
        command = f"getfattr -R -P -d -h -m trusted.overlay -e hex --absolute-names {path}"
        return _text(path, raw, command, truncated=truncated)
    if key == "disk":
        room = os.statvfs(target.upperdir)
        numbers = {"%S": room.f_frsize, "%b": room.f_blocks, "%f": room.f_bfree, "%c": room.f_files, "%d": room.f_ffree}
        raw = _STATFS + "\n"
        for sign, number in numbers.items():
            raw = raw.replace(sign, str(number))
        return _text(path, raw, f"stat -f -c '{_STATFS}' {path}", "statfs(2)", f"stat -f -c '{_STATFS}' /")
    raise unknown("overlay source", key, target)


def _text(
    path: str, raw: str, command: str, man: str = _MANUAL, inside: str | None = None, *, truncated: bool = False
) -> SourceText:
    return SourceText(path=path, raw=raw, truncated=truncated, man=man, command_host=command, command_container=inside)
