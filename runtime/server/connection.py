"""One client's connection: requests in turn, or a stream once `Watch` or `Attach` turned it into one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Coroutine
from typing import cast

import structlog

from runtime.errors import Code, Fault
from runtime.protocol import messages, pty
from runtime.protocol.framing import MAX_PTY_FRAME, Deframer, framed
from runtime.server import dispatch
from runtime.server.context import Context
from runtime.server.listen import peer_of
from runtime.terminal.meters import METERS
from runtime.terminal.session import Session
from runtime.terminal.viewer import MAX_BACKLOG, Viewer

MAX_CONNECTIONS = 4096
MAX_WAITING = 32  # requests of one client that wait their turn
MAX_WAITING_BYTES = 1024 * 1024  # of those requests
MAX_UNREAD = 1024 * 1024  # bytes to a viewer that does not read: what others do on its terminal is told to it as well
MAX_TURNED_AWAY = 64  # who may not stay and is told why, at one time: descriptors are not theirs to use up
TURN = 16 * 1024  # bytes of one client that are taken at a time; in frames of a few bytes, ten milliseconds' work
HELLO_WITHIN = 10.0
LINGER = 2.0

log = structlog.get_logger()


class Connections:
    """All that are open, so that they can be counted and ended."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.open: set[Connection] = set()
        self.turned_away: set[Connection] = set()
        self.buffer = bytearray(TURN)  # one for all: what is read into it is taken out at once

    def new(self) -> Connection:
        return Connection(self)


class Connection(asyncio.BufferedProtocol):
    """Also the outlet of a viewer: `write`, `backlog`, `close`."""

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._context = connections.context
        self._deframer = Deframer(dispatch.MAX_REQUEST)
        self._requests: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._attaching: messages.Attach | None = None  # until HELLO
        self._hello_by: asyncio.TimerHandle | None = None
        self._viewer: Viewer | None = None
        self._session: Session | None = None
        self._streaming = False
        self._heard_all = False  # the client has no more to say
        self._said_all = False  # we have no more to say
        self._lost = False
        self._transport: asyncio.Transport

    # --- asyncio ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MAX_BACKLOG - 1, low=MAX_BACKLOG // 4)
        peer = peer_of(cast(socket.socket, transport.get_extra_info("socket")))
        if peer.uid not in self._context.config.web_uids:
            log.warning("stranger turned away", uid=peer.uid, pid=peer.pid)
            self._turn_away(Fault(Code.ACCESS_DENIED, f"user {peer.uid} may not speak to the worker"))
        elif len(self._all.open) >= MAX_CONNECTIONS:
            self._turn_away(Fault(Code.NO_CAPACITY, f"{MAX_CONNECTIONS} connections are open"))
        else:
            self._all.open.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._lost = self._said_all = True
        self._room.set()
        self._all.open.discard(self)
        self._all.turned_away.discard(self)
        if self._hello_by:
            self._hello_by.cancel()
        if self._session and self._viewer:
            self._session.detach(self._viewer)
            self._session = self._viewer = None
        if self._task and self._streaming:
            self._task.cancel()

    def eof_received(self) -> bool:
        """The client may still wait for an answer."""
        self._heard_all = True
        if self._streaming or self._task is None:
            self.close()
        return not self._said_all

    def get_buffer(self, _sizehint: int) -> bytearray:
        return self._all.buffer

    def buffer_updated(self, count: int) -> None:
        if self._said_all:
            return
        try:
            frames = self._deframer.feed(bytes(self._all.buffer[:count]))
            if self._viewer is None:
                self._requests.extend(frames)
                self._next()
                return
            for frame in frames:
                self._to_terminal(frame)
        except Fault as fault:
            self._refuse(fault)

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()
        if self._session and self._viewer:
            self._session.drained(self._viewer)

    # --- requests --------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Take up the next request, unless one is under way; what follows an `Attach` is no request."""
        while self._requests and self._task is None and not self._said_all:
            if self._viewer is not None:
                self._to_terminal(self._requests.popleft())
            elif self._attaching is not None:
                self._hello(self._requests.popleft())
            else:
                self._request(self._requests.popleft())
        if len(self._requests) > MAX_WAITING or sum(map(len, self._requests)) > MAX_WAITING_BYTES:
            self._transport.pause_reading()
        elif not self._lost and not self._transport.is_closing():
            self._transport.resume_reading()
        if self._heard_all and not self._requests and self._task is None:
            self.close()

    def _request(self, frame: bytes) -> None:
        try:
            request = dispatch.decode(frame)
        except Fault as fault:
            self._begin(self._reply(dispatch.refused(fault, op="decode")))
            return
        if isinstance(request, messages.Attach):
            self._attaching = request
            self._hello_by = asyncio.get_running_loop().call_later(HELLO_WITHIN, self._late)
            return
        self._streaming = isinstance(request, messages.Watch)
        self._begin(self._watch(request) if isinstance(request, messages.Watch) else self._answer(request))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._done)

    async def _answer(self, request: messages.Request) -> None:
        await self._reply(await dispatch.answer(self._context, request))

    async def _reply(self, reply: messages.Reply) -> None:
        """The next request waits until this is on its way: who asks without reading is asked to wait in turn."""
        self.write(framed(messages.encode(reply)))
        await self._room.wait()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()):
            log.error("connection", error=repr(error))
            self._transport.abort()
            return
        try:
            self._next()
        except Fault as fault:
            self._refuse(fault)

    async def _watch(self, request: messages.Watch) -> None:
        """Frames until the container is gone or the client is; then the connection closes."""
        try:
            self._context.owned(request.id, request.owner)
            pictures = request.what == "all"
            watch = self._context.sampler.watch(request.id, pictures=pictures, after=request.after)
            async with contextlib.aclosing(watch) as frames:
                async for frame in frames:
                    if self._lost:
                        return
                    self.write(framed(frame))
                    await self._room.wait()
        except Exception as error:
            self.write(framed(messages.encode(dispatch.refused(error, op="watch"))))
        self.close()

    # --- terminals -------------------------------------------------------------------------------------------------

    def _hello(self, frame: bytes) -> None:
        asked, self._attaching = self._attaching or messages.Attach(user=""), None
        if self._hello_by:
            self._hello_by.cancel()
        close = pty.Close.PROTOCOL
        try:
            hello = pty.hello(frame)
            close = pty.Close.TICKET
            permit = self._context.tickets.redeem(hello.ticket, asked.user, asked.id, asked.terminal)
            close = pty.Close.NO_SESSION
            session = self._context.terminals.session(permit.container, permit.terminal)
            close = pty.Close.RATE
            self._session = session
            self._viewer = session.attach(hello, permit.user, permit.role, self, name=permit.name, guest=permit.guest)
        except Fault as fault:
            METERS.failed(close.name.lower())
            self._end_terminal(fault, close)

    def _to_terminal(self, frame: bytes) -> None:
        if self._session is None or self._viewer is None:
            return
        try:
            if len(frame) > MAX_PTY_FRAME:
                raise Fault(Code.PROTOCOL_ERROR, f"terminal frame of {len(frame)} bytes, at most {MAX_PTY_FRAME}")
            self._session.receive(self._viewer, frame)
        except Fault as fault:
            self._end_terminal(fault, pty.Close.PROTOCOL)

    def _late(self) -> None:
        METERS.failed("late")
        self._end_terminal(Fault(Code.PROTOCOL_ERROR, "no HELLO came"), pty.Close.PROTOCOL)

    def _end_terminal(self, fault: Fault, close: pty.Close) -> None:
        body = pty.ErrorBody(code=str(fault.code), msg=fault.message, close=int(close))
        self.write(framed(pty.json_frame(pty.Kind.ERROR, body)))
        self.close()

    # --- the way out -----------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._said_all:
            return
        self._transport.write(data)
        if self._viewer and self.backlog() > MAX_UNREAD:
            log.warning("viewer does not read", user=self._viewer.user)
            self._abort()

    def backlog(self) -> int:
        return self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Once what was written is out. The client closes first: cut off while it writes, it would not read on."""
        if self._said_all:
            return
        self._said_all = True
        if self._heard_all or self._lost:
            self._transport.close()
        else:
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(LINGER, self._transport.close)

    def _abort(self) -> None:
        self._said_all = True
        self._transport.abort()

    def _turn_away(self, fault: Fault) -> None:
        if len(self._all.turned_away) >= MAX_TURNED_AWAY:
            self._abort()
            return
        self._all.turned_away.add(self)
        self._refuse(fault)

    def _refuse(self, fault: Fault) -> None:
        """Say why in the stream's own form, and close: beyond this frame nothing can be understood."""
        if self._viewer or self._attaching is not None:
            self._end_terminal(fault, pty.Close.PROTOCOL)
            return
        self.write(framed(messages.encode(dispatch.refused(fault, op="connect"))))
        self.close()
