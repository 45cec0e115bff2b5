"""The keeper's loop: one worker, what is held for it, and everybody's last words.

It is the parent that never changes. Containers are reparented to it when the runtime's helper exits, so it reaps
them; it holds a duplicate of each pty master and of each ring, so that the next worker goes on where the last one
died. It knows nothing of containers.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.config import RuntimeConfig
from runtime.keeper import leftovers, wire
from runtime.keeper.orphans import Exited, Exits

BACKOFF = (0.0, 0.1, 0.3, 0.6, 1.0, 2.0)  # seconds before the next worker, by how many died young in a row
YOUNG = 3.0
WORKER_GRACE = 45.0  # a worker stops all its containers in this time, or is killed
SWEEP_GRACE = 5.0
MAX_HELD = 8192
MAX_UNSENT = 16_384


@dataclass
class Held:
    meta: dict[str, Any]
    fds: list[int]


class Keeper:
    """`run()` is the life of it; `worker` is the pid of the one it started, 0 between two."""

    def __init__(self, config: RuntimeConfig) -> None:
        self.config = config
        self.worker = 0
        self._held: dict[str, Held] = {}
        self._exits = Exits()
        self._selector = selectors.DefaultSelector()
        self._sock: socket.socket | None = None
        self._unsent: deque[tuple[bytes, list[int]]] = deque()
        self._born_at = 0.0
        self._early_deaths = 0
        self._next_start: float | None = 0.0  # None: one is running
        self._stop_by: float | None = None
        self._told = False  # the worker, to stop

    def run(self) -> int:
        """Until SIGTERM. Answers the exit code."""
        bell, ringer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, lambda *_: self._stop())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(bell, selectors.EVENT_READ)
        while self._stop_by is None or self.worker:
            if self.worker == 0 and self._next_start is not None and time.monotonic() >= self._next_start:
                self._start_worker()
            for key, events in self._selector.select(0 if self._stop_by and not self._told else self._patience()):
                if key.fd == bell:
                    with contextlib.suppress(BlockingIOError):
                        os.read(bell, 4096)
                    continue
                if events & selectors.EVENT_READ:
                    self._hear()
                if events & selectors.EVENT_WRITE:
                    self._flush()
            self._reap()
            if self._stop_by is not None and not self._told and self.worker:
                self._told = True
                os.kill(self.worker, signal.SIGTERM)
            if self._stop_by is not None and self.worker and time.monotonic() > self._stop_by:
                say(f"worker {self.worker} did not stop in {WORKER_GRACE:g} s, killing it")
                os.kill(self.worker, signal.SIGKILL)
                self._stop_by += WORKER_GRACE
        self._sweep()
        return 0

    def _patience(self) -> float | None:
        if self._stop_by is not None:
            return max(0.0, self._stop_by - time.monotonic()) + 0.01
        if self._next_start is not None:
            return max(0.0, self._next_start - time.monotonic())
        return None

    # --- the worker ------------------------------------------------------------------------------------------------

    def _start_worker(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        reader, writer = os.pipe()  # not /dev/null: some runtimes chown what they are given as stdin
        os.close(writer)
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "runtime.server"],
                stdin=reader,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_import_path(), "TERRARIUM_KEEPER_FD": str(theirs.fileno())},
            )
        except OSError as error:
            ours.close()
            say(f"no worker could be started: {error}")
            self._early_deaths += 1
            self._next_start = time.monotonic() + BACKOFF[-1]
            return
        finally:
            os.close(reader)
            theirs.close()
        process.returncode = 0  # the keeper reaps by itself; Popen must not think of a zombie of its own
        self.worker, self._sock, self._born_at, self._next_start = process.pid, ours, time.monotonic(), None
        self._selector.register(ours, selectors.EVENT_READ)
        say(f"worker {self.worker} started")

    def _worker_died(self, exited: Exited) -> None:
        while self._hear():  # its last words count: a `hold` sent is a terminal kept
            pass
        self._hang_up()
        self.worker = 0
        if self._stop_by is not None:
            return
        self._early_deaths = self._early_deaths + 1 if time.monotonic() - self._born_at < YOUNG else 0
        delay = BACKOFF[min(max(0, self._early_deaths - 1), len(BACKOFF) - 1)]
        self._next_start = time.monotonic() + delay
        code = os.waitstatus_to_exitcode(exited.status)
        how = f"was killed by signal {-code}" if code < 0 else f"exited with {code}"
        say(f"worker {exited.pid} {how}, the next one in {delay:g} s")

    def _hang_up(self) -> None:
        if self._sock is not None:
            self._selector.unregister(self._sock)
            self._sock.close()
            self._sock = None
        self._unsent.clear()

    def _stop(self) -> None:
        if self._stop_by is None:
            self._stop_by = time.monotonic() + WORKER_GRACE
            self._next_start = None

    def _reap(self) -> None:
        for exited in self._exits.reap():
            if exited.pid == self.worker:
                self._worker_died(exited)
            else:
                self._say({"exited": exited.wire()})

    def _sweep(self) -> None:
        """Kill and reap what is left of ours, then the empty directories."""
        deadline = time.monotonic() + SWEEP_GRACE
        while leftovers.kill(self.config.name) and time.monotonic() < deadline:
            self._exits.reap()
            time.sleep(0.02)
        leftovers.remove(self.config.name)
        for name in ("worker.sock", "keeper.pid"):
            with contextlib.suppress(OSError):
                os.unlink(self.config.run_dir / name)

    # --- the conversation ------------------------------------------------------------------------------------------

    def _hear(self) -> bool:
        """One datagram from the worker; False when none is waiting or it is gone."""
        if self._sock is None:
            return False
        try:
            heard = wire.receive(self._sock)
        except BlockingIOError:
            return False
        except ValueError as error:
            say(f"worker {self.worker} sent something unreadable: {error}")
            return True
        except OSError:
            heard = None
        if heard is None:
            self._hang_up()
            return False
        message, fds = heard
        try:
            self._answer(message, fds)
        except (KeyError, TypeError, ValueError) as error:
            for fd in fds:
                os.close(fd)
            self._say({"re": message.get("seq"), "fault": f"{type(error).__name__}: {error}"})
        return True

    def _answer(self, message: wire.Message, fds: list[int]) -> None:
        op, seq = message["op"], int(message["seq"])
        if op == "hold":
            self._hold(str(message["key"]), dict(message["meta"]), fds)
        elif op == "drop":
            for fd in self._held.pop(str(message["key"]), Held({}, [])).fds:
                os.close(fd)
        elif op == "list":
            for key, held in self._held.items():
                self._say({"re": seq, "key": key, "meta": held.meta}, held.fds)
        elif op == "exits":
            exits = [exited.wire() for exited in self._exits.all()]
            for start in range(0, len(exits), wire.EXITS_A_PAGE):
                self._say({"re": seq, "exits": exits[start : start + wire.EXITS_A_PAGE]})
        else:
            raise ValueError(f"unknown op {op!r}")
        self._say({"re": seq, "end": True})

    def _hold(self, key: str, meta: dict[str, Any], fds: list[int]) -> None:
        before = self._held.get(key)
        if before is None and (not fds or len(self._held) >= MAX_HELD):
            raise ValueError("nothing to hold" if not fds else f"{MAX_HELD} entries are held already")
        if before is not None and fds:
            for fd in before.fds:
                os.close(fd)
        self._held[key] = Held(meta, fds or (before.fds if before else []))

    def _say(self, message: wire.Message, fds: list[int] | None = None) -> None:
        """Queue a datagram. A worker that does not listen never holds the keeper up: it is cut off instead."""
        if self._sock is None:
            return
        self._unsent.append((wire.encode(message), fds or []))
        if len(self._unsent) > MAX_UNSENT:
            say(f"worker {self.worker} does not listen, killing it")
            os.kill(self.worker, signal.SIGKILL)
            self._hang_up()
            return
        self._flush()

    def _flush(self) -> None:
        if self._sock is None:
            return
        try:
            while self._unsent:
                wire.send(self._sock, *self._unsent[0])
                self._unsent.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()  # it is dead or dying: SIGCHLD tells the rest
        interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._sock, interest)


def say(text: str) -> None:
    print(f"keeper: {text}", file=sys.stderr, flush=True)


def _import_path() -> dict[str, str]:
    """The worker must be of the same tree as the keeper, from whatever directory it was started."""
    root = str(Path(__file__).resolve().parents[2])
    return {"PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
