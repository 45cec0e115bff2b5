"""Files under way, between one part and the next: few, and not for long."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from runtime.engine.engine import Engine
from runtime.engine.transfers import Porter
from runtime.errors import Code, Fault

EACH = 4
ALL = 32
IDLE = 30.0
"""Seconds after which the next part comes too late: the process that waits for it is ended."""

SPARED = 5.0
"""Seconds that a transfer may wait for its next part though others want its place: whoever left does not say so."""

What = Literal["put", "get"]


class Transfer:
    """One file: its process, and where the next part begins."""

    def __init__(self, what: What, path: str, porter: Porter) -> None:
        self.id = secrets.token_hex(8)
        self.what: What = what
        self.path = path
        self.porter = porter
        self.turn = asyncio.Lock()
        self.expiry: asyncio.TimerHandle | None = None
        self.since = asyncio.get_running_loop().time()  # when its last part was done


class Transfers:
    """All of this worker. Those of one container are bounded, as each is a process beyond its limit of processes."""

    def __init__(self) -> None:
        self._open: dict[str, Transfer] = {}
        self._count: Counter[str] = Counter()
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return self._count.total()

    @asynccontextmanager
    async def part(
        self, engine: Engine, what: What, container: str, path: str, *, known: str | None, replace: bool = False
    ) -> AsyncIterator[Transfer]:
        """One part's turn. `known`: what the first part was answered; None begins anew. A part that fails ends it.

        Raises `Fault`: `limit-reached`, `not-found` for one that is over, and what `Engine.carry` raises.
        """
        transfer = self._find(what, container, path, known) if known else None
        if transfer is None:
            transfer = await self._begin(engine, what, container, path, replace)
        async with transfer.turn:
            if transfer.id not in self._open:
                raise _over(known)
            if transfer.expiry:
                transfer.expiry.cancel()
            try:
                yield transfer
            except BaseException:
                await self.end(transfer)
                raise
            if transfer.id in self._open:
                transfer.since = asyncio.get_running_loop().time()
                transfer.expiry = asyncio.get_running_loop().call_later(IDLE, self._expire, transfer)

    async def end(self, transfer: Transfer) -> None:
        """It is done, or given up. More than once is no error."""
        if self._open.pop(transfer.id, None) is None:
            return
        if transfer.expiry:
            transfer.expiry.cancel()
        try:
            await transfer.porter.close()
        finally:
            self._less(transfer.porter.container)

    async def close(self, container: str | None = None) -> None:
        """End all, or all of one container."""
        for transfer in list(self._open.values()):
            if container in (None, transfer.porter.container):
                await self.end(transfer)

    def _find(self, what: What, container: str, path: str, known: str) -> Transfer:
        found = self._open.get(known)
        if found is None or (found.what, found.porter.container, found.path) != (what, container, path):
            raise _over(known)
        return found

    async def _begin(self, engine: Engine, what: What, container: str, path: str, replace: bool) -> Transfer:
        if self._is_full(container):
            await self._make_room(container)
        if self._is_full(container):
            mine = self._count[container] >= EACH
            text = f"{self._count[container]} files of container {container} are under way already"
            raise Fault(
                Code.LIMIT_REACHED if mine else Code.NO_CAPACITY,
                text if mine else f"{ALL} files are under way on this host",
                hint="Wait until one of them has ended.",
            )
        self._count[container] += 1
        try:
            porter = await engine.carry(what, container, path, replace=replace)
        except BaseException:
            self._less(container)
            raise
        transfer = Transfer(what, path, porter)
        self._open[transfer.id] = transfer
        return transfer

    def _is_full(self, container: str) -> bool:
        return self._count[container] >= EACH or self._count.total() >= ALL

    async def _make_room(self, container: str) -> None:
        """End the one that has waited longest, of this container if that is what is full, unless it may come yet."""
        mine = self._count[container] >= EACH
        before = asyncio.get_running_loop().time() - SPARED
        waiting = [
            transfer
            for transfer in self._open.values()
            if not transfer.turn.locked()
            and transfer.since < before
            and (not mine or transfer.porter.container == container)
        ]
        if waiting:
            await self.end(min(waiting, key=lambda transfer: transfer.since))

    def _less(self, container: str) -> None:
        self._count[container] -= 1
        if self._count[container] <= 0:
            del self._count[container]

    def _expire(self, transfer: Transfer) -> None:
        task = asyncio.get_running_loop().create_task(self.end(transfer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _over(known: str | None) -> Fault:
    text = f"no transfer {(known or '')[:32]} is under way: it was ended, or its next part came too late"
    return Fault(Code.VANISHED, text, hint="Begin again.")
