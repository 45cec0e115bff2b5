"""How the keeper makes itself a fit ancestor: whatever it is here, every shell below it is too."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal

from runtime.config import RuntimeConfig
from runtime.errors import Code, Fault
from runtime.kernel import libc

HOST_MNT_NS = "TERRARIUM_HOST_MNT_NS"
"""For the worker's eyes: the host's mount namespace, which it cannot look up from ours on kernels that hide /proc/1."""


def settle() -> None:
    """Become the ancestor. Raises `Fault(access-denied)` without root.

    Signals first: a shell born under a parent that ignores SIGINT, as any background job of a script does, ignores
    Ctrl-C for ever.
    """
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    with contextlib.suppress(PermissionError):  # already a group's leader: a person's foreground job, let it be one
        os.setsid()
    os.umask(0o077)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.environ[HOST_MNT_NS] = os.readlink("/proc/self/ns/mnt")
    try:
        libc.unshare(libc.CLONE_NEWNS)
        libc.mount("none", "/", None, libc.MS_REC | libc.MS_PRIVATE)
    except PermissionError as error:
        raise Fault(
            Code.ACCESS_DENIED,
            "the keeper may not make a mount namespace",
            hint="Run it as root: sudo python -m runtime.keeper",
            op="unshare",
            errno="EPERM",
        ) from error
    libc.prctl(libc.PR_SET_CHILD_SUBREAPER, 1)
    libc.prctl(libc.PR_SET_DUMPABLE, 0)


def lock(config: RuntimeConfig) -> int:
    """The descriptor that makes this the only keeper of its name, held as long as the keeper lives.

    Raises `Fault(already-exists)` naming the other's pid.
    """
    config.run_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    path = config.run_dir / "keeper.lock"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        try:
            pid = (config.run_dir / "keeper.pid").read_text().strip()
        except OSError:
            pid = "unknown"
        raise Fault(
            Code.ALREADY_EXISTS,
            f"a keeper of {config.name} already runs as pid {pid} ({path} is locked)",
            hint="Stop it first, or choose another TERRARIUM_NAME.",
        ) from None
    (config.run_dir / "keeper.pid").write_text(f"{os.getpid()}\n")
    return fd
