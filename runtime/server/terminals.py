"""All terminals of all containers: kept with the keeper, watched for their end, taken up again after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog
from msgspec.structs import replace

from runtime.engine.record import Birth, Record, shown
from runtime.errors import Code, Fault
from runtime.keeper.link import Kept, Link
from runtime.kernel import pidfd
from runtime.protocol import model, pty
from runtime.terminal.ring import Ring
from runtime.terminal.session import Session

CONSOLE = "console"
MOST = 16  # terminals of one container, ended ones included
STATUS_WITHIN = 2.0
HANG_UP_GRACE = 1.0

log = structlog.get_logger()


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What the keeper keeps beside a terminal's descriptors. (pid, starttime) is its process."""

    container: str
    terminal: model.Terminal
    starttime: int
    generation: int


class Line:
    """One terminal: its process, its session. `ended` is set when the end is known and told."""

    def __init__(self, meta: Meta, session: Session) -> None:
        self.meta = meta
        self.session = session
        self.ended = asyncio.Event()
        self.watch = -1
        if meta.terminal.exit is not None:
            self.ended.set()

    @property
    def key(self) -> str:
        return f"{self.meta.container}/{self.meta.terminal.id}"


Ended = Callable[[Meta, int | None], Awaitable[model.Exit]]


class Terminals:
    """`on_end` is told the raw wait status (None: unknown) of a terminal's process, and answers with its `Exit`."""

    def __init__(self, link: Link, on_end: Ended) -> None:
        self._link = link
        self._on_end = on_end
        self._lines: dict[str, dict[str, Line]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def of(self, container: str) -> list[model.Terminal]:
        """The console first, the others by age."""
        found = [line.meta.terminal for line in self._lines.get(container, {}).values()]
        return sorted(found, key=lambda terminal: (not terminal.console, terminal.created_at))

    def session(self, container: str, terminal: str) -> Session:
        """Raises `not-found`."""
        return self._line(container, terminal).session

    def find(self, container: str, terminal: str) -> Session | None:
        """The session, if there is such a terminal."""
        line = self._lines.get(container, {}).get(terminal)
        return line.session if line else None

    def sessions(self) -> list[Session]:
        """All there are."""
        return [line.session for lines in self._lines.values() for line in lines.values()]

    async def open(
        self, container: str, birth: Birth, argv: list[str], *, generation: int, console: bool
    ) -> model.Terminal:
        """Take a new process's pty: once this returns, no end of this worker loses it.

        A console takes the place of the one before. On failure the master is closed, which hangs the process up.
        """
        terminal = model.Terminal(
            id=CONSOLE if console else secrets.token_hex(4),
            argv=shown(argv),
            console=console,
            pid=birth.pid,
            created_at=time.time(),
        )
        meta = Meta(container=container, terminal=terminal, starttime=birth.starttime, generation=generation)
        line = Line(meta, _session(terminal.id, birth.master, Ring.create()))
        if before := self._lines.setdefault(container, {}).pop(terminal.id, None):
            self._away(before, pty.Close.RESTART, "the container was started again")
        self._lines[container][terminal.id] = line
        try:
            await self._link.hold(line.key, msgspec.to_builtins(meta), line.session.descriptors())
        except BaseException:
            del self._lines[container][terminal.id]
            self._away(line, pty.Close.ENDED, "the terminal could not be kept")
            raise
        self._watch(line)
        return terminal

    async def rename(self, container: str, terminal: str, name: str) -> model.Terminal:
        """A person's own name for it, kept where the terminal is; empty: none. Raises `not-found`."""
        line = self._line(container, terminal)
        line.meta = replace(line.meta, terminal=replace(line.meta.terminal, name=name))
        await self._link.hold(line.key, msgspec.to_builtins(line.meta))
        return line.meta.terminal

    def make_room(self, container: str) -> list[str]:
        """Whether one more may be opened; the ended ones that must go for it. Raises `limit-reached`."""
        lines = self._lines.get(container, {})
        if len(lines) < MOST:
            return []
        over = [id for id, line in lines.items() if line.ended.is_set() and not line.meta.terminal.console]
        if not over:
            raise Fault(Code.LIMIT_REACHED, f"container {container} has {MOST} terminals", hint="Close one of them.")
        return over[:1]

    async def close(self, container: str, terminal: str) -> None:
        """Hang up, and forget it. Raises `not-found`, `wrong-state` for the console."""
        line = self._line(container, terminal)
        if line.meta.terminal.console:
            raise Fault(
                Code.WRONG_STATE, "the console ends with its container", field="terminal", hint="Stop the container."
            )
        if not line.ended.is_set():
            line.session.foreground_hang_up()
            pidfd.send(line.meta.terminal.pid, line.meta.starttime, signal.SIGHUP, signal.SIGCONT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(line.ended.wait(), HANG_UP_GRACE)
        if self._lines.get(container, {}).pop(terminal, None) is line:
            self._away(line, pty.Close.ENDED, "the terminal was closed")
            await self._link.drop(line.key)

    async def forget(self, container: str) -> None:
        """The container is no more."""
        for line in self._lines.pop(container, {}).values():
            self._away(line, pty.Close.NO_SESSION, "the container was deleted")
            await self._link.drop(line.key)

    async def settled(self, container: str) -> None:
        """Wait, for a moment, until the ends of its processes that are dead already are told."""
        dead = [line for line in self._lines.get(container, {}).values() if line.watch >= 0 and pidfd.ended(line.watch)]
        if dead:
            waits = [asyncio.create_task(line.ended.wait()) for line in dead]
            _, late = await asyncio.wait(waits, timeout=2 * STATUS_WITHIN)
            for wait in late:
                wait.cancel()

    async def take_up(self, kept: Iterable[Kept], records: dict[str, Record]) -> None:
        """After a restart: go on with what the keeper held, at the same byte; drop what has no container."""
        for entry in kept:
            try:
                meta = msgspec.convert(entry.meta, Meta)
                record = records.get(meta.container)
                if record is None or (meta.terminal.console and meta.generation != record.generation):
                    raise LookupError("no such container now")
                ring, master = Ring.open(entry.fds[0]), entry.fds[1] if len(entry.fds) > 1 else None
                line = Line(meta, _session(meta.terminal.id, master, ring, meta.terminal.exit))
            except (LookupError, ValueError, OSError, Fault, msgspec.MsgspecError) as error:
                log.info("terminal dropped", key=entry.key, error=str(error))
                for fd in entry.fds:
                    with contextlib.suppress(OSError):
                        os.close(fd)
                await self._link.drop(entry.key)
                continue
            self._lines.setdefault(meta.container, {})[meta.terminal.id] = line
            if not line.ended.is_set():
                self._watch(line)

    async def quiet(self) -> None:
        """Wait, for a moment, until all ends that are known of are told."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=2 * STATUS_WITHIN)

    async def hang_up(self) -> None:
        """This worker ends; what the keeper holds does not."""
        await self.quiet()
        for lines in self._lines.values():
            for line in lines.values():
                self._away(line, pty.Close.RESTART, "the worker is going away")
        self._lines.clear()

    def _line(self, container: str, terminal: str) -> Line:
        line = self._lines.get(container, {}).get(terminal)
        if line is None:
            raise Fault(Code.NOT_FOUND, f"container {container} has no terminal {terminal}", field="terminal")
        return line

    def _away(self, line: Line, close: pty.Close, why: str) -> None:
        self._unwatch(line)
        code = Code.NOT_FOUND if close is pty.Close.NO_SESSION else Code.VANISHED
        retry = 0 if close is pty.Close.RESTART else None
        line.session.close(pty.ErrorBody(code=str(code), msg=why, close=int(close), retry_ms=retry))
        line.ended.set()

    # --- ends ------------------------------------------------------------------------------------------------------

    def _watch(self, line: Line) -> None:
        terminal = line.meta.terminal
        fd = pidfd.open_pidfd(terminal.pid, line.meta.starttime) if terminal.pid else None
        if fd is None:
            self._over(line)
            return
        line.watch = fd
        self._loop.add_reader(fd, self._over, line)

    def _unwatch(self, line: Line) -> None:
        if line.watch >= 0:
            self._loop.remove_reader(line.watch)
            os.close(line.watch)
            line.watch = -1

    def _over(self, line: Line) -> None:
        """Its process is dead; who knows how?"""
        if line.watch >= 0:
            self._loop.remove_reader(line.watch)
        task = self._loop.create_task(self._tell(line), name=f"end of {line.key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, line: Line) -> None:
        meta = line.meta
        try:
            status = await self._link.status(meta.terminal.pid or 0, meta.starttime, STATUS_WITHIN)
            exit = await self._on_end(meta, status)
            if self._lines.get(meta.container, {}).get(meta.terminal.id) is not line:
                return
            line.meta = replace(line.meta, terminal=replace(line.meta.terminal, exit=exit))
            line.session.end(_body(exit))
            await self._link.hold(line.key, msgspec.to_builtins(line.meta), line.session.descriptors())
        except Exception as error:
            log.exception("end of a terminal", key=line.key, error=str(error))
        finally:
            self._unwatch(line)
            line.ended.set()


def _session(id: str, master: int | None, ring: Ring, exit: model.Exit | None = None) -> Session:
    try:
        return Session(id, master, ring, ended=_body(exit) if exit else None)
    except BaseException:
        ring.close()
        if master is not None:
            os.close(master)
        raise


def _body(exit: model.Exit) -> pty.ExitBody:
    return pty.ExitBody(code=exit.code, signal=exit.signal, oom=exit.oom, reason=exit.reason)
