"""Questions asked in rounds: together, again after a failure, and by nobody once nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest

from playground.services.rounds import Rounds
from tests.web.sockets import eventually

pytestmark = pytest.mark.django_db(transaction=True)


class Oracle:
    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.answers: dict[str, str] = {}
        self.fails = 0

    def __call__(self, keys: Collection[str]) -> dict[str, str]:
        self.asked.append(sorted(keys))
        if self.fails:
            self.fails -= 1
            raise OSError("no database")
        return {key: self.answers[key] for key in keys if key in self.answers}


async def rounds_asked(oracle: Oracle, more: int) -> None:
    wanted = len(oracle.asked) + more
    await eventually(lambda: len(oracle.asked) >= wanted)


async def test_those_who_wait_for_the_same_are_asked_for_once_and_each_gets_its_answer() -> None:
    oracle = Oracle()
    rounds: Rounds[str, str] = Rounds(oracle, lambda: 0.01)
    waits = [asyncio.create_task(rounds.until(key)) for key in ("a", "a", "b")]
    await rounds_asked(oracle, 2)
    assert oracle.asked[0] == ["a", "b"]
    oracle.answers["a"] = "gone"
    assert await asyncio.gather(*waits[:2]) == ["gone", "gone"]
    await rounds_asked(oracle, 2)
    assert oracle.asked[-1] == ["b"]
    assert not waits[2].done()
    waits[2].cancel()


async def test_a_round_that_fails_answers_nobody_and_the_next_one_does() -> None:
    oracle = Oracle()
    oracle.fails, oracle.answers = 2, {"a": "gone"}
    rounds: Rounds[str, str] = Rounds(oracle, lambda: 0.01)
    assert await rounds.until("a") == "gone"
    assert len(oracle.asked) == 3


async def test_where_nobody_waits_nothing_is_asked_until_somebody_does() -> None:
    oracle = Oracle()
    rounds: Rounds[str, str] = Rounds(oracle, lambda: 0.01)
    wait = asyncio.create_task(rounds.until("a"))
    await rounds_asked(oracle, 1)
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    await eventually(lambda: not any(task.get_name() == "rounds" for task in asyncio.all_tasks()))
    before = len(oracle.asked)
    oracle.answers["a"] = "gone"
    assert await rounds.until("a") == "gone"
    assert len(oracle.asked) == before + 1
