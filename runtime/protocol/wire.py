"""The bases of what goes over the worker's socket."""

from __future__ import annotations

from msgspec import Struct


class Request(Struct, frozen=True, kw_only=True, tag_field="op"):
    """Base of all requests; the tag is the verb."""


class Reply(Struct, frozen=True, kw_only=True, tag_field="re"):
    """Base of all replies."""
