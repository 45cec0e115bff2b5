"""The ring: offsets without a gap, whoever opens it, whenever its writer was killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import Fault
from runtime.terminal.ring import LANDING, Ring

CAPACITY = 32 * 1024


@contextlib.contextmanager
def ring(capacity: int = CAPACITY) -> Iterator[Ring]:
    made = Ring.create(capacity)
    try:
        yield made
    finally:
        made.close()


@given(st.lists(st.binary(max_size=9000), max_size=12))
def test_it_keeps_the_last_bytes_and_counts_all(pieces: list[bytes]) -> None:
    with ring() as kept:
        for piece in pieces:
            kept.append(piece)
        whole = b"".join(pieces)
        assert kept.head == len(whole)
        assert kept.tail <= max(0, len(whole) - (CAPACITY - 2 * LANDING))
        assert kept.read(kept.tail, kept.head) == whole[kept.tail :]


def test_what_is_not_there_is_refused() -> None:
    with ring() as kept:
        kept.append(bytes(3 * CAPACITY))
        for start, end in ((0, 10), (kept.head, kept.head + 1), (kept.head, kept.head - 1)):
            with pytest.raises(ValueError, match="is not within"):
                kept.read(start, end)


def test_another_process_goes_on_at_the_same_offset_in_the_same_epoch() -> None:
    with ring() as first:
        first.append(b"one two ")
        first.write_note(b"modes")
        second = Ring.open(os.dup(first.fd))
        second.append(b"three")
        assert (second.epoch, second.head, second.note()) == (first.epoch, 13, b"modes")
        assert second.read(0, 13) == b"one two three"
        second.close()


def test_a_note_that_was_half_written_reads_as_none() -> None:
    with ring() as kept:
        kept.write_note(b"x" * 100)
        kept._map[140] ^= 1
        assert kept.note() == b""


def test_a_descriptor_of_something_else_is_refused() -> None:
    fd = os.memfd_create("other", os.MFD_CLOEXEC)
    os.ftruncate(fd, CAPACITY)
    with pytest.raises(Fault, match="not one of ours"):
        Ring.open(fd)
    os.close(fd)


@pytest.mark.parametrize("before", [0, 1, CAPACITY - 100, CAPACITY - 1, 5 * CAPACITY + 17])
@pytest.mark.parametrize("landed", [1, 99, 100, 101, 4095, 4096])
def test_bytes_read_and_not_counted_are_found(before: int, landed: int) -> None:
    """As when the writer dies between readv(2) and its next instruction."""
    with ring() as kept:
        kept.append(b"." * before)
        text = ("é\n" * landed).encode()[:landed]
        reader, writer = os.pipe()
        os.write(writer, text)
        assert os.readv(reader, kept._landing(LANDING)) == landed  # and no more
        os.close(reader)
        os.close(writer)
        again = Ring.open(os.dup(kept.fd))
        assert again.head == before + landed
        assert again.read(before, again.head) == text
        again.close()


_READER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from runtime.terminal.ring import Ring
ring = Ring.open(int(sys.argv[2]))
print("ready", flush=True)
while True:
    ring.fill(int(sys.argv[3]), 65536)
"""


def test_a_flood_loses_no_byte_when_its_readers_are_killed_again_and_again() -> None:
    """One pty, one writer, a dozen readers each killed at a random moment: the offsets and the bytes agree."""
    master, slave = os.openpty()
    writer = subprocess.Popen(
        [sys.executable, "-c", "import os,tty\ntty.setraw(1)\nfor i in range(10**9): os.write(1, b'%09d\\n' % i)"],
        stdout=slave,
    )
    kept = Ring.create(8 * 1024 * 1024)
    dice = random.Random(7)  # noqa: S311
    try:
        checked = 0
        for _ in range(12):
            root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
            command = [sys.executable, "-c", _READER, root, str(kept.fd), str(master)]
            with subprocess.Popen(command, pass_fds=[kept.fd, master], stdout=subprocess.PIPE) as reader:
                assert reader.stdout is not None
                reader.stdout.readline()
                deadline = time.monotonic() + dice.uniform(0.02, 0.12)
                while time.monotonic() < deadline:
                    pass
                reader.send_signal(signal.SIGKILL)
            seen = Ring.open(os.dup(kept.fd))
            data = seen.read(checked, seen.head)
            assert seen.head > checked
            for position in range(-checked % 10, len(data) - 9, 10):
                line = data[position : position + 10]
                assert line == b"%09d\n" % ((checked + position) // 10)
            checked = seen.head
            seen.close()
    finally:
        writer.kill()
        writer.wait()
        os.close(master)
        os.close(slave)
        kept.close()
