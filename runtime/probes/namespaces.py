"""The eight namespaces of PID 1, beside the host's (namespaces(7))."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass

from runtime.kernel import procfs
from runtime.probes.gaps import Gaps, why
from runtime.protocol.model import NAMESPACE_KINDS, Namespace

HOST_MNT_NS = "TERRARIUM_HOST_MNT_NS"
"""Environment: the mount namespace the keeper left when it made its own, as readlink prints it."""

MANUALS = {
    "mnt": "mount_namespaces(7)",
    "pid": "pid_namespaces(7)",
    "net": "network_namespaces(7)",
    "ipc": "ipc_namespaces(7)",
    "uts": "uts_namespaces(7)",
    "user": "user_namespaces(7)",
    "cgroup": "cgroup_namespaces(7)",
    "time": "time_namespaces(7)",
}


@dataclass(frozen=True)
class HostNamespaces:
    """The initial namespaces: kind → `mnt:[4026531832]`, null where it cannot be told, and why."""

    ids: dict[str, str | None]
    gaps: Gaps


def of_host(proc: procfs.Proc, environ: Mapping[str, str] | None = None) -> HostNamespaces:
    """The host's namespaces, once for the worker's life.

    They are the worker's own, since it never enters another one; except `mnt`, which keeper and worker share and the
    host does not. /proc/1 has the host's, where it may be read (some kernels refuse it even to root); else the keeper
    noted it before it left.
    """
    env = os.environ if environ is None else environ
    ids: dict[str, str | None] = {}
    gaps: Gaps = {}
    for kind in NAMESPACE_KINDS:
        owner = "1" if kind == "mnt" else "self"
        link = f"{proc.root}/{owner}/ns/{kind}"
        try:
            ids[kind] = os.readlink(link)
        except OSError as error:
            noted = env.get(HOST_MNT_NS) if kind == "mnt" else None
            ids[kind] = noted or None
            if not noted:
                gaps[f"namespaces.{kind}.id"] = _absent(error, link)
    return HostNamespaces(ids, gaps)


def of_process(
    proc: procfs.Proc, directory: int, host: HostNamespaces, known: dict[str, Namespace] | None = None
) -> tuple[dict[str, Namespace], Gaps]:
    """The namespaces of the process behind `directory`, a descriptor of /proc/PID.

    `known`: what was seen before; returned itself if nothing changed.
    """
    seen: dict[str, Namespace] = {}
    gaps: Gaps = {}
    for kind in NAMESPACE_KINDS:
        try:
            name = proc.namespace(kind, dir_fd=directory)
        except OSError as error:
            seen[kind] = Namespace(id=None, same_as_host=None)
            gaps[f"namespaces.{kind}.id"] = _absent(error, f"/proc/PID/ns/{kind}")
            continue
        if known and (before := known.get(kind)) and before.id == name:
            seen[kind] = before
            continue
        initial = host.ids[kind]
        seen[kind] = Namespace(id=name, same_as_host=None if initial is None else name == initial)
    return (known if known == seen else seen), gaps


def nothing(reason: str) -> tuple[dict[str, Namespace], Gaps]:
    """The matrix of a container without a process."""
    absent = Namespace(id=None, same_as_host=None)
    return dict.fromkeys(NAMESPACE_KINDS, absent), {f"namespaces.{kind}.id": reason for kind in NAMESPACE_KINDS}


def host_view(host: HostNamespaces) -> dict[str, Namespace]:
    """The host's column of the matrix."""
    return {kind: Namespace(id=name, same_as_host=None if name is None else True) for kind, name in host.ids.items()}


def _absent(error: OSError, link: str) -> str:
    if error.errno == errno.ENOENT and link.endswith("/time"):
        return "this kernel has no time namespaces (Linux 5.6 brought them)"
    return why(error, link)
