"""A mount namespace for the tests, as the keeper makes one for the worker: what they mount, the host never sees."""

from __future__ import annotations

import threading

from runtime.kernel import libc

_entered = False


def enter() -> None:
    """Move this process into a private mount namespace, once.

    unshare(2) moves the calling thread, and threads born later with it: call it before any executor is used.
    """
    global _entered
    if _entered:
        return
    assert threading.current_thread() is threading.main_thread()
    libc.unshare(libc.CLONE_NEWNS)
    libc.mount("none", "/", None, libc.MS_REC | libc.MS_PRIVATE)
    _entered = True
