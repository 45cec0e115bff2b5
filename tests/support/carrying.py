"""Files into a real container and out of it, whole, as the worker carries them."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.engine.transfers import Porter
from runtime.errors import Fault
from runtime.protocol.terminals import MAX_PART
from tests.support.engines import Room


async def put(room: Room, id: str, path: str, data: bytes = b"x", *, replace: bool = False) -> None:
    porter = await room.engine.carry("put", id, path, replace=replace)
    try:
        for start in range(0, len(data), MAX_PART):
            await porter.append(data[start : start + MAX_PART])
        await porter.publish()
    finally:
        await porter.close()


async def get(room: Room, id: str, path: str) -> bytes:
    porter = await room.engine.carry("get", id, path)
    found = b""
    try:
        while len(found) < porter.size:
            found += await porter.read(len(found))
        return found
    finally:
        await porter.close()


async def refusal(room: Room, id: str, path: str, *, replace: bool = False) -> Fault:
    with pytest.raises(Fault) as caught:
        await put(room, id, path, replace=replace)
    return caught.value


def status(porter: Porter) -> dict[str, str]:
    lines = Path(f"/proc/{porter._process.pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


async def out(room: Room, id: str, script: str) -> str:
    return (await room.sh(id, script)).stdout.decode()
