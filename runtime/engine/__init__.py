"""Containers: one OCI bundle each, driven through the runtime's command line. See README.md."""

from runtime.engine.engine import Engine
from runtime.engine.exits import ExitBook
from runtime.engine.record import Birth, Record

__all__ = ["Birth", "Engine", "ExitBook", "Record"]
