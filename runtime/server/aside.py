"""Work that may wait for somebody else's lock: in a thread of its own, and not waited for beyond a limit.

A thread that hangs is left behind, so only so many may run for one container, and the pool of all other work is spared.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar, cast

from runtime.errors import Code, Fault

SECONDS = 2.0
EACH = 4
ALL = 64

T = TypeVar("T")
_running: Counter[str] = Counter()


async def aside(work: Callable[[], T], whose: str, seconds: float = SECONDS) -> T:
    """What `work` returns or raises. `whose`: the container it is done for.

    Raises `Fault`: `timeout`, and `no-capacity` while too many hang already.
    """
    loop = asyncio.get_running_loop()
    if _running[whose] >= EACH or _running.total() >= ALL:
        raise Fault(
            Code.NO_CAPACITY,
            f"{_running[whose]} looks at {whose} are under way already",
            hint="A process keeps whoever reads its files waiting. Try again in a moment.",
        )
    done: asyncio.Future[T] = loop.create_future()
    _running[whose] += 1
    threading.Thread(target=_run, args=(work, loop, done, whose), daemon=True, name=f"aside {whose}").start()
    try:
        async with asyncio.timeout(seconds):
            return await done
    except TimeoutError:
        raise Fault(
            Code.TIMEOUT,
            f"no answer within {seconds:g} s about {whose}",
            hint="The process holds the lock of its memory map; the kernel makes readers of its files wait.",
        ) from None


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, done: asyncio.Future[T], whose: str) -> None:
    result: T | None = None
    error: BaseException | None = None
    try:
        result = work()
    except BaseException as raised:  # it is raised again where somebody waits for it
        error = raised
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(_end, done, result, error, whose)


def _end(done: asyncio.Future[T], result: T | None, error: BaseException | None, whose: str) -> None:
    _running[whose] -= 1
    if not _running[whose]:
        del _running[whose]
    if done.done():
        return
    if error is None:
        done.set_result(cast(T, result))
    else:
        done.set_exception(error)
