"""A worker without a kernel: a real Unix socket, the real protocol, containers that are only records.

    with FakeWorker(path) as worker:
        worker.refuse("launch", Fault(Code.NO_CAPACITY, "…"))   # the next launch
        worker.tell(id, Event(…))                               # something happens
        ...

`python -m tests.support.fake_worker /tmp/x/worker.sock` serves one for trying the page by hand.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from runtime.errors import Code, Fault
from runtime.protocol import client, merge, messages, model, pty, xray
from runtime.protocol.framing import framed
from tests.support.fake_helm import Viewer
from tests.support.fake_looks import LOOKS
from tests.support.fake_recordings import RECORDINGS
from tests.support.fake_shell import Shell
from tests.support.fake_transfers import TRANSFERS
from tests.support.fake_verbs import HANDLERS, Held, Store


class FakeWorker:
    """Serves from a thread of its own. `calls` are all requests so far, `containers` what there is now."""

    def __init__(
        self, path: Path | str, *, max_containers: int = 512, tick: float = 0.5, lively: float | None = None
    ) -> None:
        """`tick`: seconds between patches; `lively`: seconds between short lives in every container, None for none."""
        self.path = Path(path)
        self.tick = tick
        self.lively = lively
        self.store = Store(max_containers)
        self.calls: list[messages.Request] = []
        self._refusals: dict[str, list[Fault]] = defaultdict(list)
        self._delays: dict[str, float] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    # -- for tests ------------------------------------------------------------------------------------------------

    def start(self) -> FakeWorker:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="fake-worker", daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise TimeoutError("the fake worker did not start")
        return self

    def stop(self) -> None:
        """Gone, with every connection, as after `kill -9`; `start` again brings it back with its containers."""
        if self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._thread = None

    def refuse(self, op: str, fault: Fault, *, times: int = 1) -> None:
        """Answer the next `times` requests of this verb (`launch`, `get`, …) with the fault."""
        self._refusals[op] += [fault] * times

    def delay(self, op: str, seconds: float) -> None:
        """Let each request of this verb wait first."""
        self._delays[op] = seconds

    def forget(self, id: str) -> None:
        """The container is lost, as after a reset of the host."""
        self.do(lambda: self.store.containers.pop(id, None))

    def tell(self, id: str, event: xray.Event) -> None:
        """Let it happen to container `id`."""
        self.do(lambda: self.store.happenings.tell(id, event))

    def do(self, act: Callable[[], Any]) -> Any:
        """Run `act` in the worker's thread, where all its state is touched."""
        done: list[Any] = []
        event = threading.Event()

        def run() -> None:
            done.append(act())
            event.set()

        self._loop.call_soon_threadsafe(run)
        if not event.wait(10):
            raise TimeoutError("the fake worker is stuck")
        return done[0]

    def __enter__(self) -> FakeWorker:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.close()

    @property
    def containers(self) -> dict[str, Held]:
        return self.store.containers

    # -- serving --------------------------------------------------------------------------------------------------

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        with suppress(FileNotFoundError):
            self.path.unlink()
        server = self._loop.run_until_complete(asyncio.start_unix_server(self._serve, str(self.path)))
        if self.lively is not None:
            self._loop.create_task(self._live(self.lively))
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        with suppress(FileNotFoundError):
            self.path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (payload := await client.read_frame(reader)) is not None:
                try:
                    request = messages.request_decoder.decode(payload)
                    self.calls.append(request)
                    op = str(type(request).__struct_config__.tag)
                    await asyncio.sleep(self._delays.get(op, 0))
                    if self._refusals[op]:
                        raise self._refusals[op].pop(0)
                    if isinstance(request, messages.Attach):
                        await self._attach(request, reader, writer)
                        return
                    if isinstance(request, messages.Watch):
                        await self._watch(request, reader, writer)
                        return
                    reply = await (HANDLERS | LOOKS | RECORDINGS | TRANSFERS)[type(request)](self.store, request)
                except Fault as fault:
                    reply = refused(fault)
                except msgspec.MsgspecError as error:
                    reply = refused(Fault(Code.PROTOCOL_ERROR, str(error)))
                writer.write(framed(messages.encode(reply)))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _watch(self, request: messages.Watch, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = self.store.find(request.id, request.owner)
        pictures = request.what == "all"
        wake = asyncio.Event()
        held.watchers.add(wake)
        closed = asyncio.create_task(reader.read())
        told = self.store.happenings.since(request.id, request.after)

        def hear(events: list[xray.Event]) -> None:
            told.extend(events)
            wake.set()

        deaf = self.store.happenings.listen(request.id, hear)
        try:
            before = msgspec.to_builtins(held.world.snapshot())
            if pictures:
                writer.write(framed(messages.encode(messages.Watched(seq=0, snapshot=held.world.snapshot()))))
            seq = 0
            while not closed.done():
                if told:
                    writer.write(framed(messages.encode(messages.Happened(events=told))))
                    told.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), self.tick)
                wake.clear()
                if self.store.containers.get(request.id) is not held:
                    if told:
                        writer.write(framed(messages.encode(messages.Happened(events=told))))
                    writer.write(framed(messages.encode(messages.Gone(reason="deleted"))))
                    return
                if not pictures:
                    continue
                held.world.cpu_usec += 137
                after = msgspec.to_builtins(held.world.snapshot())
                seq += 1
                patch = messages.Patched(seq=seq, patch=merge.diff(before, after))
                writer.write(framed(messages.encode(patch)))
                before = after
        finally:
            deaf()
            closed.cancel()
            held.watchers.discard(wake)

    async def _live(self, seconds: float) -> None:
        """In every container something short happens, again and again: for looking at the page by hand."""
        while True:
            await asyncio.sleep(seconds)
            for held in self.store.containers.values():
                if held.world.info.state is model.State.RUNNING and not held.world.info.frozen:
                    held.world.end(held.world.spawn(["date"]), short=True)

    async def _attach(
        self, request: messages.Attach, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        def end(code: Code, text: str, close: pty.Close) -> None:
            body = pty.ErrorBody(code=str(code), msg=text, close=int(close))
            writer.write(framed(pty.json_frame(pty.Kind.ERROR, body)))

        try:
            hello = pty.hello(await client.read_frame(reader) or b"")
        except Fault as fault:
            return end(fault.code, fault.message, pty.Close.PROTOCOL)
        permit = self.store.tickets.pop(hello.ticket, None)
        elsewhere = permit and (
            request.id not in (None, permit.container) or request.terminal not in (None, permit.terminal)
        )
        if permit is None or permit.user != request.user or permit.expires_at < time.time() or elsewhere:
            return end(Code.ACCESS_DENIED, "no such ticket", pty.Close.TICKET)
        held = self.store.containers.get(permit.container)
        shell = held.shells.get(permit.terminal) if held else None
        if held is None or shell is None:
            return end(Code.NOT_FOUND, "no such terminal", pty.Close.NO_SESSION)
        guests = [viewer.user for viewer in shell.viewers if viewer.guest]
        if permit.guest and (len(guests) >= 24 or guests.count(permit.user) >= 4):
            return end(Code.LIMIT_REACHED, "there are viewers enough", pty.Close.RATE)
        viewer = shell.join(hello, permit.user, permit.role, permit.name, guest=permit.guest)
        down = asyncio.create_task(_drain(viewer, writer))
        up = asyncio.create_task(self._read(held, shell, viewer, reader, end))
        await asyncio.wait({up})  # the browser's side ends it; after EXIT we only wait for that
        down.cancel()
        shell.helm.go(viewer)
        up.result()
        return None

    async def _read(
        self,
        held: Held,
        shell: Shell,
        viewer: Viewer,
        reader: asyncio.StreamReader,
        end: Callable[[Code, str, pty.Close], None],
    ) -> None:
        put = viewer.queue.put_nowait
        while (frame := await client.read_frame(reader)) is not None:
            try:
                kind = pty.kind_of(frame)
                if kind is pty.Kind.INPUT:
                    seq, data = pty.input_body(frame)
                    drives = viewer is shell.helm.driver
                    put(pty.input_ack_frame(seq, pty.InputStatus.WRITTEN if drives else pty.InputStatus.NOT_DRIVER))
                    if drives:
                        shell.type(data)
                        self.store.changed(held)
                elif kind is pty.Kind.ACK:
                    shell.ack(viewer, pty.ack_body(frame))
                elif kind is pty.Kind.RESIZE and viewer is shell.helm.driver:
                    shell.resize(*pty.resize_body(frame)[1:3])
                elif kind is pty.Kind.PING:
                    put(pty.pong_frame(frame))
                elif kind is pty.Kind.CONTROL:
                    shell.helm.control(viewer, *pty.control_body(frame))
                elif kind is pty.Kind.VISIBILITY:
                    viewer.visible = pty.byte_body(frame) != 0
                    shell.helm.tell()
                elif kind is pty.Kind.SIGNAL and pty.byte_body(frame) == 2:
                    shell.type(b"\x03")
                elif kind in (pty.Kind.HELLO, pty.Kind.WELCOME, pty.Kind.OUTPUT):
                    raise Fault(Code.PROTOCOL_ERROR, f"{kind.name} is not for now")
            except Fault as fault:
                return end(fault.code, fault.message, pty.Close.PROTOCOL)
        return None


async def _drain(viewer: Viewer, writer: asyncio.StreamWriter) -> None:
    """Half-close at the end: to close a Unix socket with unread bytes in it would cost the peer our last frames."""
    while (frame := await viewer.queue.get()) is not None:
        writer.write(framed(frame))
        await writer.drain()
    writer.write_eof()


def refused(fault: Fault) -> messages.Refused:
    return messages.Refused(
        code=fault.code, message=fault.message, field=fault.field, hint=fault.hint, op=fault.op, errno=fault.errno
    )


if __name__ == "__main__":
    with FakeWorker(sys.argv[1], lively=1.0):
        print(f"fake worker at {sys.argv[1]}; Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
