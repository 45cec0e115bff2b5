"""The last output of a terminal, in a memfd that outlives the process that fills it.

Offsets count the bytes of output since the terminal was made; byte `o` lies at `o % capacity`. The header's `head`
is written after the data, so a reader of the same memory never sees what is not there yet.

**No byte is lost when the writer is killed.** Bytes leave the kernel in `readv(2)`, and SIGKILL may strike after
that and before `head` is moved. So the kernel reads straight into the ring, into a stretch painted with bytes that
UTF-8 never contains; whoever opens the ring next counts what is no longer paint. (Output that is not UTF-8 can end
in a byte that looks like paint, one in 256.)
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import zlib

from runtime.errors import Code, Fault
from runtime.protocol.pty import RING_BYTES

HEADER = 4096
LANDING = 4096  # a pty gives at most 4095 bytes at a time
_MAGIC = b"TERRING1"
_FIXED = struct.Struct("<8sQ16s")  # magic, capacity, epoch
_U64 = struct.Struct("<Q")
_HEAD, _PAINTED, _NOTE = 64, 72, 128
_NOTE_HEAD = struct.Struct("<II")  # length, crc32
MAX_NOTE = HEADER - _NOTE - _NOTE_HEAD.size
# 13 byte values that are in no UTF-8 text; their order repeats with no short period
_PAINT = bytes((0xC0, 0xC1, *range(0xF5, 0x100))[(i * i * 7 + i // 13) % 13] for i in range(LANDING))


class Ring:
    """`head`: offset after the last byte; `tail`: the oldest offset that is still there."""

    def __init__(self, fd: int, memory: mmap.mmap) -> None:
        self.fd = fd
        self._map = memory
        magic, capacity, epoch = _FIXED.unpack_from(memory, 0)
        self._capacity: int = capacity
        if magic != _MAGIC or self._capacity != len(memory) - HEADER:
            raise Fault(Code.INTERNAL_ERROR, "a terminal's ring is not one of ours")
        self.epoch: str = epoch.decode()
        self._view = memoryview(memory)
        self._data = self._view[HEADER:]
        self.head: int = _U64.unpack_from(memory, _HEAD)[0]
        self._painted: int = _U64.unpack_from(memory, _PAINTED)[0]

    @classmethod
    def create(cls, capacity: int = RING_BYTES) -> Ring:
        """A new one, with a new epoch."""
        fd = os.memfd_create("terminal-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(fd, HEADER + capacity)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            memory = mmap.mmap(fd, HEADER + capacity)
        except BaseException:
            os.close(fd)
            raise
        _FIXED.pack_into(memory, 0, _MAGIC, capacity, secrets.token_hex(8).encode())
        ring = cls(fd, memory)
        ring._paint()
        return ring

    @classmethod
    def open(cls, fd: int) -> Ring:
        """The one another process filled, bytes it had read and not yet counted included."""
        ring = cls(fd, mmap.mmap(fd, 0))
        landed = 0
        for offset in range(ring.head, ring._painted):
            if ring._data[offset % ring._capacity] != _PAINT[offset % LANDING]:
                landed = offset + 1 - ring.head
        ring._advance(landed)
        ring._paint()
        return ring

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def tail(self) -> int:
        return max(0, self._painted + LANDING - self._capacity)

    def fill(self, fd: int, most: int) -> int:
        """Read once from `fd`, at most `most` and 4096 bytes; how many came. Raises `OSError`, EAGAIN among them."""
        count: int = os.readv(fd, self._landing(min(most, self._painted - self.head)))
        self._advance(count)
        self._paint()
        return count

    def append(self, data: bytes) -> None:
        """Put bytes there that were read elsewhere."""
        view = memoryview(data)
        while view:
            stretch = self._landing(min(len(view), self._painted - self.head))
            for part in stretch:
                part[:] = view[: len(part)]
                view = view[len(part) :]
            self._advance(sum(map(len, stretch)))
            self._paint()

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`; both must be within `tail` and `head`."""
        if not self.tail <= start <= end <= self.head:
            raise ValueError(f"{start}..{end} is not within {self.tail}..{self.head}")
        return b"".join(self._stretch(start, end))

    def stretch(self, start: int, end: int) -> list[memoryview]:
        """Like `read`, without a copy: one or two views, good until the next byte is written."""
        return self._stretch(start, end)

    def find_line(self, start: int, end: int) -> int | None:
        """The offset after the first line feed in that stretch."""
        found = self.read(start, end).find(b"\n")
        return start + found + 1 if found >= 0 else None

    def write_note(self, note: bytes) -> None:
        """Keep a few bytes beside the output (modes of the screen); too many are not kept."""
        if len(note) <= MAX_NOTE:
            _NOTE_HEAD.pack_into(self._map, _NOTE, len(note), zlib.crc32(note))
            start = _NOTE + _NOTE_HEAD.size
            self._map[start : start + len(note)] = note

    def note(self) -> bytes:
        """What was kept last; empty when nothing was, or when the writer died while writing it."""
        length, checksum = _NOTE_HEAD.unpack_from(self._map, _NOTE)
        start = _NOTE + _NOTE_HEAD.size
        note = bytes(self._map[start : start + min(length, MAX_NOTE)])
        return note if zlib.crc32(note) == checksum else b""

    def close(self) -> None:
        self._data.release()
        self._view.release()
        self._map.close()
        os.close(self.fd)

    def _landing(self, size: int) -> list[memoryview]:
        return self._stretch(self.head, self.head + size)

    def _stretch(self, start: int, end: int) -> list[memoryview]:
        first, size = start % self._capacity, end - start
        if first + size <= self._capacity:
            return [self._data[first : first + size]]
        return [self._data[first:], self._data[: first + size - self._capacity]]

    def _advance(self, count: int) -> None:
        self.head += count
        _U64.pack_into(self._map, _HEAD, self.head)

    def _paint(self) -> None:
        """Paint on until a landing's length lies ahead of `head`, then say so: what is painted is no longer history."""
        start, end = self._painted, self.head + LANDING
        if end <= start:
            return
        first = start % LANDING
        pattern = (_PAINT + _PAINT)[first : first + end - start]  # never more than one landing
        written = 0
        for part in self._stretch(start, end):
            part[:] = pattern[written : written + len(part)]
            written += len(part)
        self._painted = end
        _U64.pack_into(self._map, _PAINTED, end)
