"""Become a process that can do no more than a container's own root, from a process of the host's that has one thread.

What a process of ours does to a container's files it does as one of them, for whoever made the files may change what
their names lead to at any moment (CVE-2018-15664, CVE-2019-10152). It is in the container's cgroups, so that what it
writes is the container's memory; in its user, mount and other namespaces; without a capability that is not needed.

It stays out of the pid namespace. So nobody inside has a number for it: no signal, no ptrace(2), no /proc/PID/exe that
leads to a program of the host (CVE-2019-5736). It is not dumpable, and its memory map belongs to the host's user
namespace, as its program was loaded there: where somebody had a number, the kernel would still refuse.

It has no filter of system calls: it runs none but our own few lines, which make nothing of what they carry, and whoever
could make them do more would have the container's root's rights, which they had before.

No program is loaded after the door is closed: the image may hold none, and what it holds is not to be trusted.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Sequence

from runtime.kernel import libc
from runtime.kernel.files import write_text

CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_LAST = 1, 3, 63
KEPT = 1 << CAP_DAC_OVERRIDE | 1 << CAP_FOWNER  # any file of the container; its root has these too
DESCRIPTORS = 16
FIRST_TO_GO = 1000  # oom_score_adj: where memory is short, this process goes before any of the container's
NAMESPACES = (
    libc.CLONE_NEWUSER
    | libc.CLONE_NEWNS
    | libc.CLONE_NEWNET
    | libc.CLONE_NEWIPC
    | libc.CLONE_NEWUTS
    | libc.CLONE_NEWCGROUP
)


def enter(pidfd: int, cgroups: Sequence[str], *, file_bytes: int) -> int:
    """Go in, for good. A descriptor of the root there (O_PATH).

    `pidfd`: of its PID 1. `cgroups`: directories to join; leave out v1's freezer, in which not even SIGKILL is heard.
    `file_bytes`: what a file may grow to by our hand. Raises `OSError`; the caller then has nothing to do but to end.
    """
    write_text("/proc/self/oom_score_adj", str(FIRST_TO_GO))
    for directory in cgroups:
        write_text(f"{directory}/cgroup.procs", "0")
    libc.prctl(libc.PR_SET_DUMPABLE, 0)
    _forget_imports()
    # All at once, of one and the same process (setns(2), Linux 5.8): no link of /proc is looked up meanwhile.
    libc.setns(pidfd, NAMESPACES)
    os.chdir("/")
    root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    os.umask(0o022)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    _drop()
    libc.prctl(libc.PR_SET_DUMPABLE, 0)  # changed ids may have set it anew
    for kind, most in (
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    return root


def _drop() -> None:
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    libc.prctl(libc.PR_CAP_AMBIENT, libc.PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(CAP_LAST + 1):
        if not KEPT >> capability & 1:
            with contextlib.suppress(OSError):  # the kernel's last one is lower
                libc.prctl(libc.PR_CAPBSET_DROP, capability)
    libc.capset(KEPT)


def _forget_imports() -> None:
    """Python loads modules when they are first asked for, and would from now on find the container's."""
    sys.path.clear()
    sys.path_hooks.clear()
    sys.meta_path.clear()
    sys.path_importer_cache.clear()
