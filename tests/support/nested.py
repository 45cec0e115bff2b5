"""Processes that a person of the host puts into a container, where they may do what its own filter forbids."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

from runtime.kernel import pidfd
from runtime.kernel.target import Target

ALL = ("--user", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")


@contextlib.contextmanager
def entered(target: Target, script: str, *, namespaces: tuple[str, ...] = ALL) -> Iterator[subprocess.Popen[bytes]]:
    """Run a script of the container's own shell in its control groups and namespaces; ended with all it started.

    The container's first process must be one that takes in orphans.
    """
    groups = "; ".join(f"echo $$ > {path}/cgroup.procs" for path in dict.fromkeys(target.cgroup_paths.values()))
    enter = shlex.join(["nsenter", f"--target={target.pid}", *namespaces, "--setuid=0", "--setgid=0", "--", "sh", "-c"])
    command = f"{groups}; exec {enter} {shlex.quote(script)}"
    process = subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.PIPE, cwd="/")
    try:
        yield process
    finally:
        below = pidfd.descendants(process.pid)
        # nsenter ends when its child has, and takes it in; were it killed as well, nobody would
        for pid in reversed(below):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if process.stdin:
            process.stdin.close()
        process.wait(10)
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in below), "what was started has ended")


def until(condition: Callable[[], object], what: str, *, within: float = 10.0) -> None:
    """Poll until it is so."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.01)
