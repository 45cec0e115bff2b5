"""The machine around all containers: in few numbers for everybody, in full for whoever may see it.

Who may not sees the first process, the chain down to the keeper, and the worker. Of nothing else is even the name read:
what is not in hand cannot be given away. Nobody is shown an environment or a file.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from runtime.kernel import mountinfo, procfs
from runtime.probes import mounts
from runtime.probes.processes import OURS, Ancestors, read
from runtime.protocol.model import NAMESPACE_KINDS, HostView, Process
from runtime.protocol.xray import HostTotals, Usage

MAX_PROCESSES = 4096
MAX_MOUNTS = 2048
MOUNTS_BYTES = 4 * 1024 * 1024


def take(proc: procfs.Proc, keeper: int, worker: int, *, complete: bool, containers: int, now: float) -> HostView:
    """Everything anew; ten milliseconds for some hundred processes, so not for an event loop. `now`: monotonic."""
    ancestors = Ancestors(proc)
    chain = {str(one.pid): one for one in ancestors.chain(keeper, keeper, now)}
    if own := ancestors.one(worker, "worker", now):
        chain[str(worker)] = own
    pids = sorted(int(name) for name in os.listdir(proc.root) if name.isdigit())
    table = _mounts(proc)
    processes = chain if not complete else {**dict(_all(proc, pids)), **_told_whole(proc, chain)}
    return HostView(
        totals=HostTotals(
            processes=len(pids),
            threads=_threads(proc),
            containers=containers,
            mounts=len(table),
            namespaces=_namespaces(proc, pids),
        ),
        processes=processes,
        usage=dict(_usage(proc, processes)),
        mounts={str(mount.id): mounts.shown(mount, "") for mount in table[:MAX_MOUNTS]} if complete else {},
        complete=complete,
    )


def _all(proc: procfs.Proc, pids: Iterable[int]) -> Iterable[tuple[str, Process]]:
    """Every process that is still there when its turn comes."""
    for count, pid in enumerate(pids):
        if count >= MAX_PROCESSES:
            return
        with contextlib.suppress(OSError, ValueError):
            yield str(pid), _one(proc, pid, "")


def _told_whole(proc: procfs.Proc, chain: dict[str, Process]) -> dict[str, Process]:
    """The chain again, with its roles, and its arguments for one who sees all of them anyway."""
    found = {}
    for key, process in chain.items():
        with contextlib.suppress(OSError, ValueError):
            found[key] = process if process.role in OURS else _one(proc, process.pid, process.role)
    return found


def _one(proc: procfs.Proc, pid: int, role: str) -> Process:
    _, stat, status, cmdline = read(proc, pid)
    return Process(
        pid=pid, ns_pids=list(status.ns_pids), ppid=stat.ppid, comm=stat.comm, cmdline=cmdline,
        uid=status.uid, state=stat.state, threads=stat.threads, starttime=stat.starttime, role=role,
    )  # fmt: skip


def _usage(proc: procfs.Proc, processes: Iterable[str]) -> Iterable[tuple[str, Usage]]:
    for key in processes:
        with contextlib.suppress(OSError, ValueError):
            used = procfs.parse_used(proc.stat_bytes(int(key)))
            yield key, Usage(cpu_usec=used.cpu_usec, rss_bytes=used.rss_bytes)


def _threads(proc: procfs.Proc) -> int:
    """`0.04 0.08 0.56 1/123 456`: the fourth word is tasks that run, and all (proc_loadavg(5))."""
    try:
        return int(proc.file("loadavg").split()[3].partition(b"/")[2])
    except (OSError, ValueError, IndexError):
        return 0


def _namespaces(proc: procfs.Proc, pids: list[int]) -> dict[str, int]:
    """How many of each kind have a process. Those of processes that may not be looked at are not counted."""
    seen: dict[str, set[str]] = {kind: set() for kind in NAMESPACE_KINDS}
    for pid in pids[:MAX_PROCESSES]:
        for kind, links in seen.items():
            try:
                links.add(os.readlink(f"{proc.root}/{pid}/ns/{kind}"))
            except OSError:
                break
    return {kind: len(links) for kind, links in seen.items()}


def _mounts(proc: procfs.Proc) -> tuple[mountinfo.Mount, ...]:
    """Those of the first process; ours are in the keeper's mount namespace, and none of the host's."""
    try:
        return mountinfo.parse(proc.file("1/mountinfo", MOUNTS_BYTES))
    except (OSError, ValueError):
        return ()
