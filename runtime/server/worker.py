"""The worker's life: take up what the keeper holds, answer, and at the end leave in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable

import structlog

from runtime.config import RuntimeConfig
from runtime.engine.engine import Engine
from runtime.engine.exits import exit_of
from runtime.engine.record import Record
from runtime.errors import Code, Fault
from runtime.images.store import ImageStore
from runtime.keeper import leftovers
from runtime.keeper.link import Link
from runtime.kernel import libc
from runtime.protocol import model
from runtime.server import listen
from runtime.server.connection import Connections
from runtime.server.context import Context
from runtime.server.deadlines import Deadlines
from runtime.server.happenings import Happenings
from runtime.server.log import configure
from runtime.server.observers import observers
from runtime.server.recordings import Recordings
from runtime.server.sampler import Sampler
from runtime.server.terminals import CONSOLE, Meta, Terminals

STOP_GRACE = 1.0
STOP_AT_ONCE = 16
SWITCH = 0.0005  # seconds for which a thread that computes may keep the loop waiting after each of its system calls
LAST_WORDS = 0.5  # seconds in which viewers may still read how their shells ended

log = structlog.get_logger()


class Worker:
    """`run` until SIGTERM or the keeper's end."""

    def __init__(self, config: RuntimeConfig) -> None:
        self.config = config
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Raises `Fault` when it cannot begin."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(signum, self._stop.set)
        link = Link(_keeper(), lost=self._orphaned)
        images = ImageStore(self.config)
        engine = Engine(self.config, images, link)
        terminals = Terminals(link, lambda meta, status: self._ended(meta, status))
        happenings = Happenings()
        context = self.context = Context(
            config=self.config,
            images=images,
            engine=engine,
            terminals=terminals,
            recordings=Recordings(self.config),
            sampler=Sampler(
                lambda id: context.target(id),
                happenings=happenings,
                observers=observers(happenings.tell, lambda id: context.sampler.poke(id)),
            ),
            deadlines=Deadlines(engine.stop),
            keeper_pid=os.getppid(),
            happenings=happenings,
        )
        await self._take_up(link)
        connections = Connections(context)
        server = await loop.create_unix_server(connections.new, sock=listen.bind(self.config), backlog=listen.BACKLOG)
        log.info("ready", socket=str(self.config.socket), containers=len(engine.records()))
        await self._stop.wait()
        log.info("stopping")
        server.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.config.socket)
        context.deadlines.close()
        await context.transfers.close()
        await context.sampler.close()
        await self._stop_all()
        await terminals.quiet()
        context.recordings.leave()
        await terminals.hang_up()
        deadline = loop.time() + LAST_WORDS
        while connections.open and loop.time() < deadline:
            for connection in list(connections.open):
                connection.close()
            await asyncio.sleep(0.01)
        await context.recordings.close()
        engine.close()
        leftovers.remove(self.config.name)  # the keeper's own broom, for when it is the keeper that went
        link.close()

    async def _take_up(self, link: Link) -> None:
        """Adopt what runs, and tell the engine what it slept through."""
        engine, terminals = self.context.engine, self.context.terminals
        await link.learn_exits()
        kept = await link.kept()
        await engine.reconcile()
        for trouble in engine.troubles:
            log.warning("reconcile", trouble=trouble)
        await terminals.take_up(kept, {record.id: record for record in engine.records()})
        self.context.recordings.take_up(terminals.find)
        await terminals.quiet()
        for record in engine.records():
            if record.state is model.State.CREATED:
                await self._undo(record)  # the worker before died before it could tell anybody
            elif record.state is model.State.RUNNING and not self._has_console(record):
                log.warning("terminal lost", container=record.id)
                await self._contain(engine.stop(record.id, 0), record.id)
            self.context.deadlines.set(record.id, record.deadline_at if record.state is model.State.RUNNING else None)

    def _has_console(self, record: Record) -> bool:
        return any(terminal.id == CONSOLE for terminal in self.context.terminals.of(record.id))

    async def _undo(self, record: Record) -> None:
        engine = self.context.engine
        if record.generation == 1:
            await self._contain(engine.delete(record.id), record.id)
            await self.context.terminals.forget(record.id)
        else:
            await self._contain(engine.stop(record.id, 0), record.id)

    async def _ended(self, meta: Meta, status: int | None) -> model.Exit:
        """A terminal's process is dead; for a console that is the container's end."""
        engine = self.context.engine
        if not meta.terminal.console:
            self.context.sampler.poke(meta.container)
            return exit_of(status)
        exit = engine.autopsy(meta.container, status)
        with contextlib.suppress(Fault):  # it is being deleted
            if engine.record(meta.container).generation == meta.generation:
                exit = engine.exited(meta.container, exit).exit or exit
        self.context.sampler.poke(meta.container)
        return exit

    async def _stop_all(self) -> None:
        """Their mounts end with the keeper: what runs is stopped, the records stay."""
        gate = asyncio.Semaphore(STOP_AT_ONCE)

        async def stop(id: str) -> None:
            async with gate:
                await self._contain(self.context.engine.stop(id, STOP_GRACE), id)
                await self.context.terminals.settled(id)

        await asyncio.gather(*(stop(record.id) for record in self.context.engine.records()))

    async def _contain(self, work: Awaitable[object], id: str) -> None:
        """One container that resists never holds the others up."""
        try:
            await work
        except (Fault, OSError) as error:
            log.warning("not stopped", container=id, error=str(error))

    def _orphaned(self) -> None:
        log.error("the keeper is gone, and the terminals with it: stopping")
        self._stop.set()


def main() -> int:
    """`python -m runtime.server`, which the keeper runs."""
    configure()
    libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGTERM)
    libc.prctl(libc.PR_SET_DUMPABLE, 0)
    os.umask(0o077)
    sys.setswitchinterval(SWITCH)
    if sys.version_info < (3, 12):  # later versions do so by themselves: no thread a child
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())
    try:
        asyncio.run(Worker(RuntimeConfig.from_environ()).run())
    except (Fault, ValueError) as error:
        log.error("the worker cannot run", error=str(error), hint=getattr(error, "hint", None))
        return 1
    return 0


def _keeper() -> socket.socket:
    """Our end of the line. Raises `Fault` when nobody started us."""
    number = os.environ.pop("TERRARIUM_KEEPER_FD", None)
    if number is None:
        raise Fault(
            Code.WRONG_STATE,
            "the worker is started by the keeper, which holds its terminals",
            hint="Run: sudo python -m runtime.keeper",
        )
    sock = socket.socket(fileno=int(number))
    os.set_inheritable(sock.fileno(), False)
    return sock
