"""One process looked at closely: what /proc/PID has of it, as far as it is the viewer's business.

All is read through one descriptor of /proc/PID, so that it is one process from the first file to the last. Some of
these files wait for the process's own lock of its memory map (`cmdline`, `exe`): not for an event loop.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.kernel import capabilities, procfs
from runtime.protocol.model import NAMESPACE_KINDS
from runtime.protocol.xray import ProcessDetail, Thread

MAX_THREADS = 256
MAX_GROUPS = 256
LINKS = (*NAMESPACE_KINDS, "pid_for_children", "time_for_children")
_TICK = os.sysconf("SC_CLK_TCK")
_KIB = 1024


@dataclass(frozen=True)
class Whose:
    """What is known of the process already. `ours`: it is the container's, the keeper or the worker; of others only
    what anybody on the host may know is told, and the first word of the command line.

    `uid_map`, `gid_map`: the container's, outside → inside. `level`: where in NSpid its own numbers stand.
    """

    pid: int
    starttime: int
    role: str
    ours: bool
    uid_map: procfs.IdMap = ()
    gid_map: procfs.IdMap = ()
    level: int = 1


def maps(directory: int) -> tuple[procfs.IdMap, procfs.IdMap]:
    """uid_map and gid_map of the process behind this descriptor of /proc/PID; empty where they cannot be read."""
    try:
        return procfs.id_maps(directory)
    except (OSError, ValueError):
        return (), ()


def read(proc: procfs.Proc, whose: Whose) -> ProcessDetail:
    """Raises `OSError` with an errno of `procfs.GONE` when the process has ended, or the number is another's by now."""
    directory = proc.open_process(whose.pid)
    try:
        raw = procfs.read("stat", dir_fd=directory)
        stat = procfs.parse_stat(raw)
        if whose.starttime and stat.starttime != whose.starttime:
            raise ProcessLookupError(3, "another process has this number by now", f"{proc.root}/{whose.pid}")
        fields = procfs.fields(procfs.read("status", dir_fd=directory))
        return _detail(directory, whose, raw, stat, fields)
    finally:
        os.close(directory)


def _detail(directory: int, whose: Whose, raw: bytes, stat: procfs.Stat, fields: dict[str, str]) -> ProcessDetail:
    uids, gids = _numbers(fields, "Uid"), _numbers(fields, "Gid")
    arguments = _arguments(directory)
    used = procfs.parse_used(raw)
    ours = whose.ours
    return ProcessDetail(
        pid=whose.pid,
        ns_pids=_numbers(fields, "NSpid") or [whose.pid],
        comm=stat.comm,
        state=stat.state,
        role=whose.role,
        started_at=_started_at(stat.starttime),
        cmdline=arguments if ours or arguments is None else arguments[:1],
        exe=_link(directory, "exe") if ours else None,
        cwd=_link(directory, "cwd") if ours else None,
        root=_link(directory, "root") if ours else None,
        uids=uids,
        gids=gids,
        uids_inside=_inside(whose.uid_map, uids),
        gids_inside=_inside(whose.gid_map, gids),
        groups=(_numbers(fields, "Groups") or [])[:MAX_GROUPS] if ours else None,
        threads=list(_threads(directory, whose.level)) if ours else [],
        namespaces=_namespaces(directory),
        cgroups=_cgroups(directory) if ours else {},
        capabilities=capabilities.sets(fields),
        no_new_privs=_flag(fields, "NoNewPrivs"),
        seccomp=_number(fields, "Seccomp"),
        oom_score=_file_number(directory, "oom_score"),
        oom_score_adj=_file_number(directory, "oom_score_adj"),
        open_files=_open_files(directory) if ours else None,
        rss_bytes=used.rss_bytes,
        vm_bytes=(_number(fields, "VmSize") or 0) * _KIB if "VmSize" in fields else None,
        voluntary_switches=_number(fields, "voluntary_ctxt_switches"),
        involuntary_switches=_number(fields, "nonvoluntary_ctxt_switches"),
    )


def _started_at(starttime: int) -> float:
    """The clock tick of field 22 counts from boot, sleep of the machine included."""
    return round(time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - starttime / _TICK), 2)


def _arguments(directory: int) -> list[str] | None:
    try:
        return procfs.parse_cmdline(procfs.read("cmdline", dir_fd=directory, limit=procfs.CMDLINE_BYTES + 1))
    except OSError:
        return None


def _link(directory: int, name: str) -> str | None:
    """As the process's own mount namespace names it. A zombie, a kernel thread: none."""
    with contextlib.suppress(OSError):
        return procfs.text(os.readlink(name.encode(), dir_fd=directory))
    return None


def _namespaces(directory: int) -> dict[str, str]:
    """Empty text: asked for by unshare(2), and made with the first child. What may not be read is left out."""
    found = {}
    for kind in LINKS:
        try:
            found[kind] = os.readlink(f"ns/{kind}", dir_fd=directory)
        except FileNotFoundError:
            if kind.endswith("_for_children") and "pid" in found:
                found[kind] = ""
        except OSError:
            continue
    return found


def _cgroups(directory: int) -> dict[str, str]:
    """Controllers, `unified` for cgroup2's → path (cgroups(7)): `4:memory:/terrarium/x`."""
    with contextlib.suppress(OSError):
        lines = procfs.text(procfs.read("cgroup", dir_fd=directory)).splitlines()
        parts = (line.split(":", 2) for line in lines if line.count(":") >= 2)
        return {controllers or "unified": path for _, controllers, path in parts}
    return {}


def _threads(directory: int, level: int) -> Iterator[Thread]:
    """The first of them. One that ends midway is left out."""
    try:
        tids = sorted(map(int, _listed("task", directory)))[:MAX_THREADS]
    except OSError:
        return
    for tid in tids:
        try:
            raw = procfs.read(f"task/{tid}/stat", dir_fd=directory)
            stat, used = procfs.parse_stat(raw), procfs.parse_used(raw)
            numbers = procfs.parse_status(procfs.read(f"task/{tid}/status", dir_fd=directory)).ns_pids
        except (OSError, ValueError):
            continue
        yield Thread(
            tid=tid,
            ns_tid=numbers[level] if len(numbers) > level else None,
            comm=stat.comm,
            state=stat.state,
            cpu_usec=used.cpu_usec,
        )


def _open_files(directory: int) -> int | None:
    try:
        return len(_listed("fd", directory))
    except OSError:
        return None


def _listed(name: str, directory: int) -> list[str]:
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)


def _inside(id_map: procfs.IdMap, ids: list[int] | None) -> list[int | None] | None:
    """Null for one that is not mapped: inside it reads as nobody."""
    if not id_map or ids is None:
        return None
    return [next((to + id - at for to, at, count in id_map if at <= id < at + count), None) for id in ids]


def _numbers(fields: dict[str, str], name: str) -> list[int] | None:
    return [int(word) for word in fields[name].split()] if name in fields else None


def _number(fields: dict[str, str], name: str) -> int | None:
    """`12` or `12 kB`."""
    words = fields.get(name, "").split()
    return int(words[0]) if words else None


def _flag(fields: dict[str, str], name: str) -> bool | None:
    number = _number(fields, name)
    return None if number is None else bool(number)


def _file_number(directory: int, name: str) -> int | None:
    try:
        return int(procfs.read(name, dir_fd=directory))
    except (OSError, ValueError):
        return None
