"""Where the figures of mounts, devices, identity come from."""

from __future__ import annotations

from runtime.kernel.target import Target
from runtime.probes.source_text import Side, unknown
from runtime.protocol.model import SourceText


def mounts(target: Target, side: Side, key: str) -> SourceText:
    """As `source.read`."""
    del side
    raise unknown("source of mounts", key, target)


def devices(target: Target, side: Side, key: str) -> SourceText:
    """As `source.read`."""
    del side
    raise unknown("source of devices", key, target)


def identity(target: Target, side: Side, key: str) -> SourceText:
    """As `source.read`."""
    del side
    raise unknown("source of identity", key, target)
