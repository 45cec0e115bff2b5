"""What is typed, on its way into the pty, in order. A program that does not read is never a reason to lose Ctrl-C."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable

from runtime.kernel import pty
from runtime.protocol.pty import MAX_INPUT_UNACKED, InputStatus

Done = Callable[[InputStatus], None]
AT_ONCE = 256 * 1024  # bytes that may wait here with the sender's credit given back, so that a Ctrl-C can follow them
ENTRY = 256  # bytes that one piece of input costs here beside its own
_RETRY = (0.002, 0.05)  # seconds; a pty whose input is full does not reliably wake a poll for writing


class Keyboard:
    """Writes to `master`; `peer` is a slave descriptor of ours, for flushing."""

    def __init__(self, master: int, peer: int) -> None:
        self._master = master
        self._peer = peer
        self._queue: deque[tuple[bytes, Done]] = deque()
        self._queued = 0
        self._retry: asyncio.TimerHandle | None = None
        self._delay = _RETRY[0]

    def type(self, data: bytes, done: Done) -> None:
        """`done` is called with WRITTEN when all of it is in the pty, or with DROPPED.

        Before that with QUEUED when it must wait and little does; a sender of much gets no such word, and its credit
        holds it.
        """
        if not self._queue:
            data = data[self._write(data) :]
            if not data:
                done(InputStatus.WRITTEN)
                return
        rest = self._signal(data)
        if rest is not None:
            if rest:
                self.type(rest, done)
            else:
                done(InputStatus.WRITTEN)
        elif self._queued + len(data) + ENTRY > AT_ONCE + 2 * MAX_INPUT_UNACKED:
            done(InputStatus.DROPPED)
        else:
            self._queue.append((data, done))
            self._queued += len(data) + ENTRY
            if self._queued <= AT_ONCE:
                done(InputStatus.QUEUED)
            self._wait()

    def close(self) -> None:
        """Nothing more goes in; what waits is dropped."""
        if self._retry:
            self._retry.cancel()
            self._retry = None
        self._drop()

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)  # EIO: no one will ever read it

    def _signal(self, data: bytes) -> bytes | None:
        """The pty is full: send the last signal key in `data` around the queue.

        As the line discipline does, what was typed before it is thrown away. Returns what follows the key, None when
        there is no such key (or the program wants it as a plain byte).
        """
        try:
            keys = pty.signal_keys(self._master)
            last = max((data.rfind(key) for key in keys), default=-1)
            if last < 0:
                return None
            self._drop()
            pty.flush_input(self._peer)
            pty.send_signal(self._master, keys[data[last]])
        except OSError:
            return None
        return data[last + 1 :]

    def _drop(self) -> None:
        dropped, self._queue, self._queued = self._queue, deque(), 0
        for _, done in dropped:
            done(InputStatus.DROPPED)

    def _wait(self) -> None:
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(self._delay, self._go_on)

    def _go_on(self) -> None:
        self._retry = None
        progress = False
        while self._queue:
            data, done = self._queue[0]
            count = self._write(data)
            progress |= count > 0
            self._queued -= count
            if count < len(data):
                self._queue[0] = (data[count:], done)
                break
            self._queue.popleft()
            self._queued -= ENTRY
            done(InputStatus.WRITTEN)
        self._delay = _RETRY[0] if progress else min(self._delay * 2, _RETRY[1])
        if self._queue:
            self._wait()
