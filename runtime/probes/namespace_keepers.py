"""What holds a namespace without a process: a mount of its file, or an open descriptor (namespaces(7))."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runtime.kernel import mountinfo, procfs
from runtime.protocol.model import NAMESPACE_KINDS
from runtime.protocol.xray import KeptBy

MAX_HOLDERS = 4  # told of one namespace
MAX_TABLES = 16  # mount namespaces looked at in one search
MAX_LINKS = 2048  # descriptors looked at in one search: 3 ms
MAX_LINKS_EACH = 512  # of one process: one that opens thousands must not hide the others'
_KEY = re.compile(rf"({'|'.join(NAMESPACE_KINDS)}):\[\d{{1,20}}\]")


@dataclass(frozen=True, slots=True)
class Table:
    """What process `pid` sees mounted of namespaces' files. `safe`: no path in it leads to a file system that may keep
    whoever asks waiting."""

    pid: int
    mounts: tuple[mountinfo.Mount, ...]
    safe: bool


def table(pid: int, mounts: Iterable[mountinfo.Mount]) -> Table:
    """Of a table that was read already."""
    safe, found = True, []
    for mount in mounts:
        safe &= mount.fstype in mountinfo.SELF_SERVED
        if mount.fstype == "nsfs" and _KEY.fullmatch(mount.root):
            found.append(mount)
    return Table(pid, tuple(found), safe)


def tables(root: str, pids: Iterable[int]) -> Iterator[Table]:
    """Of these processes. `root`: where /proc is."""
    for pid in pids:
        with contextlib.suppress(OSError, ValueError):
            yield table(pid, mountinfo.parse(procfs.read(f"{root}/{pid}/mountinfo")))


def in_mounts(found: Iterable[Table]) -> dict[str, list[KeptBy]]:
    """Namespace → where its file is mounted."""
    kept: dict[str, list[KeptBy]] = {}
    for seen in found:
        for mount in seen.mounts:
            holders = kept.setdefault(mount.root, [])
            if len(holders) < MAX_HOLDERS:
                holders.append(KeptBy(how="mount", pid=seen.pid, path=mount.point))
    return kept


def in_files(root: str, pids: Iterable[int], wanted: set[str]) -> dict[str, list[KeptBy]]:
    """Those of `wanted` that a process has open."""
    kept: dict[str, list[KeptBy]] = {}
    left = MAX_LINKS
    for pid in pids:
        if left <= 0:
            break
        try:
            names = os.listdir(f"{root}/{pid}/fd")[: min(left, MAX_LINKS_EACH)]
        except OSError:
            continue
        left -= len(names)
        for name in names:
            try:
                link = os.readlink(f"{root}/{pid}/fd/{name}")
            except OSError:
                continue
            if link in wanted:
                kept.setdefault(link, []).append(KeptBy(how="fd", pid=pid, path=f"/proc/{pid}/fd/{name}"))
    return kept
