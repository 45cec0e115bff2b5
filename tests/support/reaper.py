"""The keeper's part in tests: containers' processes become this process's children, are reaped and remembered."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator

from runtime.config import IDS_PER_CONTAINER, RuntimeConfig
from runtime.kernel import libc
from runtime.kernel.files import read_text


class Reaper:
    """An `ExitBook`. Reaps only children with a user id of the configured range, and orphans of the OCI runtime: the
    others are this process's own to wait for."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._first = config.idmap_base
        self._last = config.idmap_base + config.idmap_slots * IDS_PER_CONTAINER
        self._statuses: dict[int, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper")

    async def status(self, pid: int, starttime: int, timeout: float) -> int | None:  # noqa: ARG002
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while pid not in self._statuses and loop.time() < deadline:  # noqa: ASYNC110 - told by a thread
            await asyncio.sleep(0.002)
        return self._statuses.get(pid)

    def _run(self) -> None:
        while not self._stop.wait(0.002):
            for pid in self._children():
                with contextlib.suppress(ChildProcessError):
                    reaped, status = os.waitpid(pid, os.WNOHANG)
                    if reaped:
                        self._statuses[pid] = status

    def _children(self) -> Iterator[int]:
        me = os.getpid()
        for task in os.listdir(f"/proc/{me}/task"):
            with contextlib.suppress(OSError):
                for word in read_text(f"/proc/{me}/task/{task}/children").split():
                    if self._ours(int(word)):
                        yield int(word)

    def _ours(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            fields = dict(line.split(":", 1) for line in read_text(f"/proc/{pid}/status").splitlines())
            # What a killed runtime leaves is still root, and unlike the runtime itself leads no session.
            orphan = fields["Name"].strip().startswith("runc") and fields["NSsid"].split() != [str(pid)]
            inside = len(fields["NSpid"].split()) > 1  # else it is one of ours that went in to carry a file
            return orphan or (inside and self._first <= int(fields["Uid"].split()[0]) < self._last)
        return False


@contextlib.contextmanager
def reaping(config: RuntimeConfig) -> Iterator[Reaper]:
    """Be the subreaper of all descendants meanwhile."""
    libc.prctl(libc.PR_SET_CHILD_SUBREAPER, 1)
    reaper = Reaper(config)
    reaper._thread.start()
    try:
        yield reaper
    finally:
        reaper._stop.set()
        reaper._thread.join()
        libc.prctl(libc.PR_SET_CHILD_SUBREAPER, 0)
