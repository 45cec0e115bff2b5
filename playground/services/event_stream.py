"""What happens to a container, as server-sent events (HTML Living Standard §9.2), for scripts and `EventSource`.

One stream is one connection to the worker, as with the sockets; it passes on what the worker tells, in its order.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import msgspec
from django.utils.translation import gettext as _

from playground import worker
from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from playground.services.visits import Visit, still, until_revoked
from runtime.errors import Code, Fault
from runtime.protocol import messages

MOST = 16  # of one person at a time, in one web process
HEARTBEAT = 15.0  # seconds of silence after which proxies and readers are shown that all is well
RETRY_MS = 2000

_open: Counter[int] = Counter()  # touched in the event loop only


def event_stream(*, visit: Visit, after: int | None) -> AsyncIterator[bytes]:
    """Pieces of a `text/event-stream`: what is remembered since event `after`, then what happens.

    Raises `Fault` at once: not-found, limit-reached for one stream too many, wrong-state for a lost container, or the
    worker's. What befalls the stream later is told in it, as `event: fault`; `event: gone` means deleted.
    """
    row = container_for(user=visit.user, id=visit.container)
    if _open[visit.user.pk] >= MOST:
        raise _too_many()
    ask(row, messages.Get(id=row.pk, owner=owner_of(row)), messages.One)
    return _stream(visit, messages.Watch(id=row.pk, owner=owner_of(row), what="events", after=after))


async def _stream(visit: Visit, request: messages.Watch) -> AsyncIterator[bytes]:
    if _open[visit.user.pk] >= MOST:  # many may have been let in together
        yield _fault(_too_many())
        return
    _open[visit.user.pk] += 1
    try:
        yield b"retry: %d\n\n" % RETRY_MS  # at once, so that the reader hears that it is connected
        # in the thread in which Django answered, whose connection to the database would else stay open as long as this
        if await still(visit):
            async with aclosing(_told(visit, request)) as pieces:
                async for piece in pieces:
                    yield piece
    finally:
        _open[visit.user.pk] -= 1
        if not _open[visit.user.pk]:
            del _open[visit.user.pk]


async def _told(visit: Visit, request: messages.Watch) -> AsyncGenerator[bytes, None]:
    try:
        reader, writer = await worker.connect(request)
    except Fault as fault:
        yield _fault(fault)
        return
    guard = asyncio.create_task(until_revoked(visit))
    frame = asyncio.create_task(worker.read_frame(reader))
    last = request.after if request.after is not None else -1
    try:
        while True:
            await asyncio.wait({guard, frame}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
            if guard.done():
                yield _fault(Fault(Code.ACCESS_DENIED, "you are no longer logged in, or the container is not yours"))
                return
            if not frame.done():
                yield b":\n\n"
                continue
            payload = frame.result()
            if payload is None:
                yield _fault(Fault(Code.WORKER_UNAVAILABLE, "the worker does not answer"))
                return
            match messages.reply_decoder.decode(payload):
                case messages.Happened(events=events):
                    fresh = [event for event in events if event.seq > last]
                    if fresh:
                        last = fresh[-1].seq
                        yield b"".join(_piece(event.kind, event, event.seq) for event in fresh)
                case messages.Gone(reason=reason):
                    yield _piece("gone", {"reason": reason})
                    return
                case messages.Refused(code=code, message=message, hint=hint):
                    yield _fault(worker.cleaned(Fault(code, message, hint=hint)))
                    return
            frame = asyncio.create_task(worker.read_frame(reader))
    finally:
        guard.cancel()
        frame.cancel()
        await asyncio.gather(guard, frame, return_exceptions=True)
        await worker.hang_up(writer)


def _piece(event: str, data: object, id: int | None = None) -> bytes:
    """One event. JSON has no line breaks, which is all that the form asks."""
    head = "" if id is None else f"id: {id}\n"
    return f"{head}event: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


def _fault(fault: Fault) -> bytes:
    """Without an id: who connects again goes on where the events ended."""
    return _piece("fault", {"code": str(fault.code), "message": fault.message})


def _too_many() -> Fault:
    text = _("%(most)d event streams of yours are open") % {"most": MOST}
    return Fault(Code.LIMIT_REACHED, text, hint=_("Close one of them, or wait until it ends."))
