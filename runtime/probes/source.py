"""Where a figure comes from: the very file, its bytes as they are now, and the commands that print the same.

A key only ever chooses among what the container has: a process of its tree, a kind of namespace, a file of its cgroup.
No path comes from a request.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from runtime.errors import Code, Fault
from runtime.kernel import mountinfo, procfs
from runtime.kernel.target import Target
from runtime.probes import (
    cgroup_files,
    cgroups,
    snapshot,
    source_network,
    source_overlay,
    source_processes,
    source_walls,
)
from runtime.probes.namespaces import HOST_MNT_NS, MANUALS
from runtime.probes.source_text import file_text, init_pid, unknown
from runtime.protocol.messages import Panel, Side
from runtime.protocol.model import NAMESPACE_KINDS, SourceText

_NO_ANSWER = frozenset({errno.EINVAL, errno.EIO})  # as an attribute without the module that would answer gives

_V1_MANUALS = {
    "memory": "Documentation/admin-guide/cgroup-v1/memory.rst",
    "cpu": "Documentation/scheduler/sched-bwc.rst",
    "cpuacct": "Documentation/admin-guide/cgroup-v1/cpuacct.rst",
    "pids": "Documentation/admin-guide/cgroup-v1/pids.rst",
    "blkio": "Documentation/admin-guide/cgroup-v1/blkio-controller.rst",
    "cpuset": "Documentation/admin-guide/cgroup-v1/cpusets.rst",
    "freezer": "Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst",
}
_MACHINE_MANUALS = {
    "meminfo": "proc_meminfo(5)",
    "vmstat": "proc_vmstat(5)",
    "online": "Documentation/admin-guide/cputopology.rst",
    "loadavg": "proc_loadavg(5)",
    "pid_max": "proc_sys_kernel(5)",
}


def read(target: Target, side: Side, panel: Panel, key: str, host: snapshot.Host | None = None) -> SourceText:
    """The source of one figure.

    Raises `Fault`: `not-found` (field `key`) for a key that is not the container's, `wrong-state` without a process,
    `vanished`, `access-denied`, `unsupported-kernel` where this kernel has no such file, or no answer in it.
    """
    reader: Callable[[], SourceText] = {
        "processes": lambda: source_processes.processes(target, side, key),
        "namespaces": lambda: _namespace(target, side, key, host),
        "cgroup": lambda: _cgroup(target, side, key),
        "overlay": lambda: source_overlay.overlay(target, key),
        "mounts": lambda: source_walls.mounts(target, side, key),
        "devices": lambda: source_walls.devices(target, side, key),
        "identity": lambda: source_walls.identity(target, side, key),
        "network": lambda: source_network.network(target, side, key),
    }[panel]
    try:
        return reader()
    except OSError as error:
        code = (
            Code.VANISHED if error.errno in procfs.GONE
            else Code.UNSUPPORTED_KERNEL if error.errno in _NO_ANSWER
            else None
        )  # fmt: skip
        raise Fault.from_os_error(error, op=f"read the source of {panel}", code=code) from error


def _namespace(target: Target, side: Side, key: str, host: snapshot.Host | None) -> SourceText:
    """`net`: PID 1's, or the host's; `48213/net`: that of a process of the container, by its pid on the host."""
    process, _, link = key.rpartition("/")
    kind = link.removesuffix("_for_children")
    if kind not in NAMESPACE_KINDS or (link != kind and kind not in ("pid", "time")):
        raise unknown("namespace", key, target)
    if side == "container":
        outside, inside = init_pid(target), 1
        if process:
            found = snapshot.take(target, host, whole=False).container.processes.get(process)
            if found is None:
                raise unknown("namespace", key, target)
            outside, inside = int(process), found.pid
        path = f"/proc/{outside}/ns/{link}"
        return SourceText(
            path=path,
            raw=os.readlink(path) + "\n",
            truncated=False,
            man=MANUALS[kind],
            command_host=f"readlink {path}",
            command_container=f"readlink /proc/{inside}/ns/{link}",
        )
    if process or link != kind:
        raise unknown("namespace", key, target)
    path = "/proc/1/ns/mnt" if key == "mnt" else f"/proc/self/ns/{key}"
    try:
        raw = os.readlink(path)
    except OSError:
        raw = os.environ.get(HOST_MNT_NS, "") if key == "mnt" else ""
        if not raw:
            raise
    # A shell on the host is in the host's namespaces: its own links are the same
    command = f"readlink /proc/self/ns/{key}"
    return SourceText(
        path=path, raw=raw + "\n", truncated=False, man=MANUALS[key], command_host=command, command_container=None
    )


def _cgroup(target: Target, side: Side, key: str) -> SourceText:
    file = cgroup_files.by_key(cgroup_files.of_mode(target.cgroup_mode), key)
    if file is not None and file.controller in target.cgroup_paths:
        manual = _V1_MANUALS.get(file.controller, "Documentation/admin-guide/cgroup-v2.rst")
        if file.name.endswith(".pressure"):
            manual = "Documentation/accounting/psi.rst"
        inside = _inside_directory(target, file.controller)
        path = f"{target.cgroup_paths[file.controller]}/{file.name}"
        try:
            return file_text(path, manual, f"{inside}/{file.name}" if inside else None)
        except FileNotFoundError as error:
            if os.path.isdir(os.path.dirname(path)):
                raise Fault(Code.UNSUPPORTED_KERNEL, f"this kernel has no {path}", op="open", errno="ENOENT") from error
            raise
    machine = cgroup_files.by_key(cgroup_files.MACHINE, key) if side == "host" else None
    if machine is not None:
        return file_text(machine.at, _MACHINE_MANUALS[machine.name], None)
    raise unknown("cgroup file", key, target)


def _inside_directory(target: Target, controller: str) -> str | None:
    try:
        mounts = mountinfo.parse(procfs.read(f"/proc/{init_pid(target)}/mountinfo"))
    except (Fault, OSError, ValueError):
        return None
    return cgroups.inside_paths(target, mounts)[0].get(controller)
