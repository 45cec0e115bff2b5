"""One timer for all terminals: how late the loop is, and who has fallen silent."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from runtime.protocol import pty
from runtime.terminal.meters import METERS

if TYPE_CHECKING:
    from runtime.terminal.session import Session

BEAT = 1.0
SILENCE = 45.0  # seconds; a page pings every 15
_BETWEEN = 5  # beats
MOST_ON_THE_WAY = 60_000_000  # µs: more is not load but the clocks of two hosts, or a page that invents


class Pulse:
    """Beats while a session with viewers is watched."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._sessions: set[Session] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._beats = 0
        self._lag = 0.0

    @classmethod
    def here(cls) -> Pulse:
        """The running loop's."""
        loop = asyncio.get_running_loop()
        if loop not in _pulses:
            _pulses[loop] = cls(loop)
        return _pulses[loop]

    def watch(self, session: Session) -> None:
        self._sessions.add(session)
        if self._timer is None:
            self._wait()

    def forget(self, session: Session) -> None:
        self._sessions.discard(session)
        if self._timer and not self._sessions:
            self._timer.cancel()
            self._timer = None

    def answer(self, ping: bytes) -> bytes:
        """PONG: how long the way from the web process was, and how late this loop was of late.

        Raises `Fault(protocol-error)`.
        """
        _, _, rtt, stamp = pty.ping_body(ping)
        if 0 < rtt < MOST_ON_THE_WAY:
            METERS.rtt.observe(rtt / 1e6)
        return pty.pong_frame(ping, _on_the_way(stamp), int(self._lag * 1000))

    def _wait(self) -> None:
        self._timer = self._loop.call_at(self._loop.time() + BEAT, self._beat, self._loop.time() + BEAT)

    def _beat(self, due: float) -> None:
        self._timer = None
        self._lag = max(self._loop.time() - due, self._lag / 2)
        self._beats += 1
        if self._beats % _BETWEEN == 0:
            self._look()
        if self._sessions and self._timer is None:
            self._wait()

    def _look(self) -> None:
        since = time.monotonic() - SILENCE
        for session in list(self._sessions):
            session.beat(since)


_pulses: WeakKeyDictionary[asyncio.AbstractEventLoop, Pulse] = WeakKeyDictionary()


def _on_the_way(stamp_us: int | None) -> int:
    """From a web process' stamp until now, in units of 10 µs; 0 when it says nothing."""
    if stamp_us is None:
        return 0
    since = time.monotonic_ns() // 1000 - stamp_us
    return since // 10 if 0 <= since < MOST_ON_THE_WAY else 0
