"""The worker's end of the line to the keeper, on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.errors import Code, Fault
from runtime.keeper import wire
from runtime.keeper.orphans import KEPT, Exited

ANSWER_WITHIN = 10.0


@dataclass(frozen=True)
class Kept:
    """One entry the keeper handed over: `fds` now belong to the receiver."""

    key: str
    meta: dict[str, Any]
    fds: list[int]


@dataclass
class _Answer:
    done: asyncio.Future[None]
    parts: list[tuple[wire.Message, list[int]]] = field(default_factory=list)


class Link:
    """Questions to the keeper, and the deaths it tells of.

    `lost` is called once when the keeper is gone: then nothing holds the terminals any more.
    """

    def __init__(self, sock: socket.socket, *, lost: Callable[[], None]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._hear)
        self._seq = 0
        self._answers: dict[int, _Answer] = {}
        self._unsent: deque[tuple[bytes, Sequence[int]]] = deque()
        self._exits: OrderedDict[tuple[int, int], Exited] = OrderedDict()
        self._waiting: list[tuple[int, int, asyncio.Future[Exited]]] = []
        self._open = True

    async def hold(self, key: str, meta: dict[str, Any], fds: Sequence[int] = ()) -> None:
        """Have `fds` kept under `key`; without any, renew the meta of what is kept."""
        await self._ask({"op": "hold", "key": key, "meta": meta}, fds)

    async def drop(self, key: str) -> None:
        """Let go of it; no error when it was not held."""
        await self._ask({"op": "drop", "key": key})

    async def kept(self) -> list[Kept]:
        """All that is held, with descriptors of the receiver's own."""
        return [
            Kept(message["key"], message["meta"], fds)
            for message, fds in await self._ask({"op": "list"})
            if "key" in message
        ]

    async def learn_exits(self) -> None:
        """Fetch the deaths of before; later ones are told unasked."""
        for message, _ in await self._ask({"op": "exits"}):
            for row in message.get("exits", ()):
                self._note(Exited(*row))

    def exit_of(self, pid: int, starttime: int) -> Exited | None:
        """How it ended, when that is known. `starttime` 0: the last one of that pid."""
        if starttime:
            return self._exits.get((pid, starttime))
        return next((exited for exited in reversed(self._exits.values()) if exited.pid == pid), None)

    async def status(self, pid: int, starttime: int, timeout: float) -> int | None:
        """The raw wait status, waiting for a death that is under way; None: nobody knows."""
        exited = await self.exit_when_known(pid, starttime, within=timeout)
        return exited.status if exited else None

    async def exit_when_known(self, pid: int, starttime: int, *, within: float = 2.0) -> Exited | None:
        """Like `exit_of`, waiting for a death that is under way."""
        if known := self.exit_of(pid, starttime):
            return known
        waiter = (pid, starttime, self._loop.create_future())
        self._waiting.append(waiter)
        try:
            return await asyncio.wait_for(waiter[2], within)
        except TimeoutError:
            return None
        finally:
            self._waiting.remove(waiter)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock.close()
            for answer in self._answers.values():
                if not answer.done.done():
                    answer.done.set_exception(Fault(Code.INTERNAL_ERROR, "the keeper is gone"))

    async def _ask(self, message: wire.Message, fds: Sequence[int] = ()) -> list[tuple[wire.Message, list[int]]]:
        if not self._open:
            raise Fault(Code.INTERNAL_ERROR, "the keeper is gone")
        self._seq += 1
        seq = self._seq
        answer = self._answers[seq] = _Answer(self._loop.create_future())
        # the caller may close its own while the datagram waits for room
        datagram = (wire.encode({**message, "seq": seq}), [os.dup(fd) for fd in fds])
        self._unsent.append(datagram)
        try:
            self._flush()
            await asyncio.wait_for(answer.done, ANSWER_WITHIN)
        except TimeoutError:
            raise Fault(Code.TIMEOUT, f"the keeper did not answer {message['op']}") from None
        finally:
            with contextlib.suppress(ValueError):
                self._unsent.remove(datagram)
            for fd in datagram[1]:
                os.close(fd)
            del self._answers[seq]
        for part, _ in answer.parts:
            if "fault" in part:
                raise Fault(Code.INTERNAL_ERROR, f"the keeper refused {message['op']}: {part['fault']}")
        return answer.parts

    def _flush(self) -> None:
        try:
            while self._unsent:
                wire.send(self._sock, *self._unsent[0])
                self._unsent.popleft()
        except BlockingIOError:
            self._loop.add_writer(self._sock, self._flush)
        except OSError:
            self._unsent.clear()
        else:
            self._loop.remove_writer(self._sock)

    def _hear(self) -> None:
        for _ in range(64):
            try:
                heard = wire.receive(self._sock)
            except BlockingIOError:
                return
            except ValueError:
                continue
            except OSError:
                heard = None
            if heard is None:
                self.close()
                self._lost()
                return
            self._take(*heard)

    def _take(self, message: wire.Message, fds: list[int]) -> None:
        if row := message.get("exited"):
            self._note(Exited(*row))
            return
        answer = self._answers.get(message.get("re", 0))
        if answer is None:
            for fd in fds:
                os.close(fd)
            return
        answer.parts.append((message, fds))
        if ("end" in message or "fault" in message) and not answer.done.done():
            answer.done.set_result(None)

    def _note(self, exited: Exited) -> None:
        self._exits[exited.pid, exited.starttime] = exited
        while len(self._exits) > KEPT:
            self._exits.popitem(last=False)
        for pid, starttime, future in self._waiting:
            if pid == exited.pid and starttime in (0, exited.starttime) and not future.done():
                with contextlib.suppress(asyncio.InvalidStateError):
                    future.set_result(exited)
