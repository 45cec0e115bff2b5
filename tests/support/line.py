"""A terminal at the worker's own socket, without web side or browser."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from runtime.protocol import client, messages, pty
from runtime.protocol.framing import framed
from tests.support.contract import OWNER, PATIENCE, Contract


class Line:
    """An attached terminal, at the worker's socket. `text` is all output so far; `frames` whatever else came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.text = b""
        self.head = 0
        self.frames: list[bytes] = []
        self.seq = 0

    @classmethod
    async def attach(cls, contract: Contract, ticket: str, *, user: str = OWNER, **hello: Any) -> Line:
        reader, writer = await client.connect(contract.socket, messages.Attach(user=user))
        line = cls(reader, writer)
        line.send(pty.json_frame(pty.Kind.HELLO, pty.Hello(v=1, ticket=ticket, **hello)))
        return line

    def send(self, frame: bytes) -> None:
        self.writer.write(framed(frame))

    def type(self, data: bytes) -> None:
        self.seq += 1
        self.send(pty.input_frame(self.seq, data))

    async def frame(self) -> bytes | None:
        """The next frame; output is collected and acknowledged as a screen would."""
        found = await asyncio.wait_for(client.read_frame(self.reader), PATIENCE)
        if found is not None and found[0] == pty.Kind.OUTPUT:
            offset, data = pty.output_body(found)
            assert not self.text or offset == self.head, "a byte was lost or repeated"
            self.text += data
            self.head = offset + len(data)
            self.send(pty.ack_frame(self.head))
        elif found is not None:
            self.frames.append(found)
        return found

    async def until(self, wanted: pty.Kind | bytes) -> bytes:
        """The first frame of that kind; or, for bytes, all text once it holds them."""
        while True:
            if isinstance(wanted, bytes) and wanted in self.text:
                return self.text
            found = await self.frame()
            assert found is not None, f"closed before {wanted!r}; so far {self.text[-200:]!r}, {self.frames[-3:]!r}"
            if isinstance(wanted, pty.Kind) and found[0] == wanted:
                return found

    async def close(self) -> None:
        self.writer.close()
        await asyncio.sleep(0)


def body(frame: bytes, kind: type[Any]) -> Any:
    return msgspec.json.decode(frame[1:], type=kind)
