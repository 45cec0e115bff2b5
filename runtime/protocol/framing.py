"""Frames on the worker's socket: a big-endian u32 length, then that many bytes. Sans I/O, so it can be fuzzed."""

from __future__ import annotations

from runtime.errors import Code, Fault

MAX_FRAME = 16 * 1024 * 1024  # a snapshot of a busy container is well below; a request is checked by its own rules
MAX_PTY_FRAME = 64 * 1024
HEADER = 4


def framed(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return len(payload).to_bytes(HEADER, "big") + payload


class Deframer:
    """Bytes in, frames out.

    Raises `Fault(protocol-error)` on a frame of no bytes or of more than `limit`; the stream is then beyond repair.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Every frame that is whole by now, in order."""
        self._buffer += data
        frames: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= HEADER:
            length = int.from_bytes(self._buffer[start : start + HEADER], "big")
            if not 0 < length <= self._limit:
                raise Fault(Code.PROTOCOL_ERROR, f"frame of {length} bytes, allowed are 1 to {self._limit}")
            end = start + HEADER + length
            if len(self._buffer) < end:
                break
            frames.append(bytes(self._buffer[start + HEADER : end]))
            start = end
        del self._buffer[:start]
        return frames
