"""Whether the site can do its work."""

from __future__ import annotations

from playground import worker
from runtime.errors import Fault
from runtime.protocol import messages

PATIENCE = 2.0


def worker_up() -> bool:
    """The worker answers, and within `PATIENCE` seconds."""
    try:
        worker.call(messages.Ping(), messages.Pong, timeout=PATIENCE)
    except Fault:
        return False
    return True
