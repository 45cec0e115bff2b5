"""Ranges of user ids: each container has one of its own, freed only when nobody with such an id lives."""

from __future__ import annotations

from runtime.config import IDS_PER_CONTAINER, RuntimeConfig
from runtime.errors import Code, Fault
from runtime.kernel import pidfd


class Slots:
    """Which ranges are taken. Kept in memory; the journal's records say it anew after a restart."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._base = config.idmap_base
        self._count = config.idmap_slots
        self._next = 0
        self._holders: dict[int, str] = {}
        self.quarantined: set[int] = set()

    def host_id(self, slot: int) -> int:
        """The first user id of the range."""
        return self._base + slot * IDS_PER_CONTAINER

    def take(self, id: str) -> int:
        """The next free slot, in turn, so that one just freed rests longest. Raises `Fault(no-capacity)`."""
        for step in range(self._count):
            slot = (self._next + step) % self._count
            if slot not in self._holders and slot not in self.quarantined:
                self._next = slot + 1
                self._holders[slot] = id
                return slot
        raise Fault(
            Code.NO_CAPACITY,
            f"all {self._count} ranges of user ids are taken",
            hint="Delete containers that are no longer needed.",
        )

    def hold(self, slot: int, id: str) -> None:
        """Take up a slot that a record names. Raises `Fault(internal-error)` when another container has it."""
        holder = self._holders.setdefault(slot, id)
        if holder != id:
            raise Fault(Code.INTERNAL_ERROR, f"containers {holder} and {id} both claim user id slot {slot}")

    def give_back(self, slot: int, id: str) -> None:
        """Free the slot; one that `id` does not hold is left alone."""
        if self._holders.get(slot) == id:
            del self._holders[slot]

    def inhabitants(self, slot: int) -> list[int]:
        """Pids of processes with an id of the range. Scans /proc: call it in a thread."""
        found = pidfd.of_user_range(self.host_id(slot), IDS_PER_CONTAINER)
        return sorted({pid for pids in found.values() for pid in pids})

    def quarantine_strangers(self) -> set[int]:
        """Withhold each slot that has inhabitants but no holder. Scans /proc: call it in a thread."""
        living = pidfd.of_user_range(self._base, self._count * IDS_PER_CONTAINER)
        found = {(uid - self._base) // IDS_PER_CONTAINER for uid in living} - self._holders.keys()
        self.quarantined |= found
        return found
