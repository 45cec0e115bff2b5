"""What changed between two pictures, as an RFC 7396 merge patch.

The same patch as `runtime.protocol.merge.diff` of their builtins, but parts that are the same object in both are not
looked into: of a quiet container hardly anything is.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from runtime.protocol.model import Snapshot

CLOCKS = frozenset({"taken_at", "monotonic"})
"""What differs in any two pictures; a patch of nothing else says that nothing happened."""

_SAME: Final = object()


def between(old: Snapshot, new: Snapshot) -> dict[str, Any]:
    """The patch that turns `old` into `new`; a member that became null is removed, as an absent one is null."""
    patch = _between(old, new)
    return {} if patch is _SAME else patch


def is_quiet(patch: dict[str, Any]) -> bool:
    """Whether only time has passed."""
    return patch.keys() <= CLOCKS


def _between(old: Any, new: Any) -> Any:
    if old is new:
        return _SAME
    if isinstance(new, msgspec.Struct) and type(old) is type(new):
        fields = new.__struct_fields__
        found = ((name, _between(getattr(old, name), getattr(new, name))) for name in fields)
        return {name: value for name, value in found if value is not _SAME} or _SAME
    if isinstance(new, dict) and isinstance(old, dict):
        return _between_maps(old, new) or _SAME
    if type(old) is type(new) and old == new:
        return _SAME
    return msgspec.to_builtins(new)


def _between_maps(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    for key, value in new.items():
        # an absent member is null, so one that appears as null is no change
        change = _between(old.get(key), value)
        if change is not _SAME:
            patch[key] = change
    for key, value in old.items():
        if key not in new and value is not None:
            patch[key] = None
    return patch
