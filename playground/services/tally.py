"""How many sockets this web process has open, and with which codes it closed those before: for `/metrics`.

Touched in the event loop, read from any thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from runtime.protocol.pty import Close

Kind = Literal["terminal", "shared", "live"]
KINDS: tuple[Kind, ...] = ("terminal", "shared", "live")
LEFT = "left"  # in place of a code: the browser went

opened: Counter[Kind] = Counter()
closed: Counter[tuple[Kind, str]] = Counter()


@contextmanager
def socket(kind: Kind) -> Iterator[Callable[[Close], None]]:
    """Open for as long; what it gives is to be told the code if it is we who close."""
    code = LEFT

    def note(close: Close) -> None:
        nonlocal code
        code = str(int(close))

    opened[kind] += 1
    try:
        yield note
    finally:
        opened[kind] -= 1
        closed[kind, code] += 1
