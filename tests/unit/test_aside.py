"""Work that hangs costs a thread, and nobody else's time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from runtime.errors import Code, Fault
from runtime.server import aside as module
from runtime.server.aside import EACH, aside


async def test_the_answer_and_the_error_come_back() -> None:
    assert await aside(lambda: 7, "c") == 7

    def broken() -> int:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await aside(broken, "c")
    assert not module._running


async def test_who_hangs_is_not_waited_for_and_only_so_many_may() -> None:
    held = threading.Event()
    done = [asyncio.create_task(aside(held.wait, "c", 0.05)) for _ in range(EACH)]
    try:
        answers = await asyncio.gather(*done, return_exceptions=True)
        assert {getattr(answer, "code", None) for answer in answers} == {Code.TIMEOUT}
        with pytest.raises(Fault) as refused:
            await aside(lambda: 7, "c")
        assert refused.value.code is Code.NO_CAPACITY
        assert await aside(lambda: 7, "another") == 7
    finally:
        held.set()
    async with asyncio.timeout(5):
        while module._running:  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.001)
    assert await aside(lambda: 7, "c") == 7
