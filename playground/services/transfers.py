"""Files into a container and out of it, in parts: no more than one of them is in our memory at a time."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from playground import worker
from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from runtime.errors import Code, Fault
from runtime.protocol import client, messages
from runtime.protocol.framing import framed
from runtime.protocol.terminals import MAX_FILE, MAX_PART

log = logging.getLogger(__name__)


class Body(Protocol):
    """What a request's body is read by."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Download:
    """`size` bytes, in `parts`. They end early when the file is changed meanwhile: then they are no file at all."""

    size: int
    parts: AsyncIterator[bytes]


def largest_upload() -> int:
    """Bytes: the setting, or what the worker takes at most."""
    return min(int(settings.TERRARIUM_UPLOAD_BYTES), MAX_FILE)


def upload_begin(*, user: User, id: str) -> None:
    """Whether there is such a container for them at all, before anything else is said. Raises `Fault(not-found)`."""
    container_for(user=user, id=id)


def file_put(*, user: User, id: str, path: str, body: Body, size: int, replace: bool = False) -> int:
    """Bring `size` bytes of `body` to `path`: all or nothing. Raises `Fault`: already-exists, limit-reached, …

    A body that ends before that leaves nothing; what the worker has of it, it forgets after a while.
    """
    row = container_for(user=user, id=id)
    if size > largest_upload():
        raise Fault(Code.INVALID_SPEC, _("the file is larger than %(most)d bytes") % {"most": largest_upload()})
    upload: str | None = None
    done = 0
    while True:
        wanted = min(MAX_PART, size - done)
        data = _part(body, wanted)
        last = done + wanted == size
        if len(data) < wanted:
            raise Fault(Code.INVALID_SPEC, _("the body ends before its Content-Length"))
        request = messages.PutFile(
            id=row.pk,
            owner=owner_of(row),
            path=path,
            data=data,
            upload=upload,
            offset=done,
            last=last,
            replace=replace,
        )
        upload = ask(row, request, messages.FilePut).upload
        done += len(data)
        if last:
            return done


def _part(body: Body, size: int) -> bytes:
    """So many bytes, or what is left. A body may give fewer than asked at a time."""
    found = b""
    while len(found) < size and (more := body.read(size - len(found))):
        found += more
    return found


def file_get(*, user: User, id: str, path: str) -> Download:
    """Begin to read the file at `path`. Raises `Fault`: not-found, invalid-spec for what is no ordinary file, …"""
    row = container_for(user=user, id=id)
    request = messages.FetchFile(id=row.pk, owner=owner_of(row), path=path)
    first = ask(row, request, messages.Part)
    return Download(first.size, _parts(request, first))


async def _parts(begun: messages.FetchFile, first: messages.Part) -> AsyncGenerator[bytes, None]:
    if first.data:
        yield first.data
    if first.end:
        return
    offset = len(first.data)

    def next_part() -> messages.FetchFile:
        return messages.FetchFile(
            id=begun.id, owner=begun.owner, path=begun.path, offset=offset, download=first.download
        )

    try:
        reader, writer = await worker.connect(next_part())
    except Fault as fault:
        log.warning("a download broke off: %s", fault)
        return
    try:
        while (payload := await worker.read_frame(reader)) is not None:
            part = client.decode(payload, messages.Part)
            yield part.data
            offset += len(part.data)
            if part.end or not part.data:
                return
            writer.write(framed(messages.encode(next_part())))
            await writer.drain()
    except Fault as fault:  # raised further, it would be an error of ours; the reader sees that bytes are missing
        log.info("a download broke off: %s", worker.cleaned(fault))
    finally:
        await worker.hang_up(writer)
