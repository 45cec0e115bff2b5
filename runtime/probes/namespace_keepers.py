"""What holds a namespace without a process: a mount of its file, or an open descriptor (namespaces(7))."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from runtime.kernel import mountinfo, procfs
from runtime.protocol.model import NAMESPACE_KINDS
from runtime.protocol.xray import KeptBy

MAX_HOLDERS = 4  # told of one namespace
MAX_TABLES = 16  # mount namespaces looked at in one search
MAX_LINKS = 2048  # descriptors looked at in one search: 3 ms
MAX_LINKS_EACH = 512  # of one process: one that opens thousands must not hide the others'
_KEY = re.compile(rf"({'|'.join(NAMESPACE_KINDS)}):\[\d{{1,20}}\]")

Table = tuple[int, Iterable[mountinfo.Mount]]
"""A process, and the mounts it sees."""


def tables(root: str, pids: Iterable[int]) -> Iterator[Table]:
    """The mount tables of these processes, as far as they hold a namespace's file. `root`: where /proc is."""
    for pid in pids:
        try:
            raw = procfs.read(f"{root}/{pid}/mountinfo")
            yield pid, [mountinfo.parse_line(line) for line in raw.split(b"\n") if b" - nsfs " in line]
        except (OSError, ValueError):
            continue


def in_mounts(found: Iterable[Table]) -> dict[str, list[KeptBy]]:
    """Namespace → where its file is mounted."""
    kept: dict[str, list[KeptBy]] = {}
    for pid, mounts in found:
        for mount in mounts:
            if mount.fstype == "nsfs" and _KEY.fullmatch(mount.root):
                holders = kept.setdefault(mount.root, [])
                if len(holders) < MAX_HOLDERS:
                    holders.append(KeptBy(how="mount", pid=pid, path=mount.point))
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
