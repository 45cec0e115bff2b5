"""One at a time, by name, also while the lock changes hands."""

from __future__ import annotations

import asyncio

from runtime.engine.turns import Turns


async def test_who_comes_while_the_lock_changes_hands_waits_too() -> None:
    turns = Turns()
    inside: list[int] = []
    most = 0

    async def enter(number: int, then: int = 0) -> None:
        nonlocal most
        async with turns.turn("a"):
            inside.append(number)
            most = max(most, len(inside))
            await asyncio.sleep(0)
            inside.remove(number)
        if then:
            await enter(number, then - 1)  # comes back at once, when the next in line was woken but has not yet run

    await asyncio.gather(*(enter(number, 3) for number in range(5)))
    assert most == 1
    assert len(turns) == 0


async def test_other_names_do_not_wait_and_who_gives_up_leaves_nothing() -> None:
    turns = Turns()
    async with turns.turn("a"):
        waiting = asyncio.ensure_future(turns.turn("a").__aenter__())
        await asyncio.sleep(0)
        async with turns.turn("b"):
            waiting.cancel()
            await asyncio.wait({waiting})
    assert len(turns) == 0
