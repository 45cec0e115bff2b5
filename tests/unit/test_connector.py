"""What the kernel says of processes, in its own bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.kernel import connector
from runtime.kernel.connector import EXEC, EXIT, FORK, Happening


def _datagram(what: int, *words: int, at_ns: int = 5) -> bytes:
    head = bytes(16) + struct.pack("=IIIIHH", 1, 1, 0, 0, 40, 0)
    return head + struct.pack("=IIQ", what, 0, at_ns) + struct.pack("=6I", *words, *[0] * (6 - len(words)))


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (_datagram(FORK, 10, 9, 11, 11), Happening(FORK, 5, 11, 9)),
        (_datagram(FORK, 10, 10, 12, 11), None),  # a thread
        (_datagram(EXEC, 11, 11), Happening(EXEC, 5, 11)),
        (_datagram(EXIT, 11, 11, 3 << 8, 17, 9, 9), Happening(EXIT, 5, 11, 9, 3 << 8)),
        (_datagram(EXIT, 12, 11, 9, 17, 9, 9), None),  # a thread
        (_datagram(0x200, 11, 11, 0x41414141), None),  # comm
        (b"", None),
        (_datagram(EXEC, 1, 1)[:60], None),
    ],
)
def test_news_of_whole_processes_are_understood(raw: bytes, told: Happening | None) -> None:
    assert connector.parse(raw) == told


@given(st.binary(max_size=200))
def test_any_bytes_are_news_or_none(raw: bytes) -> None:
    connector.parse(raw)
