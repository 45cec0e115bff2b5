"""The engine's memory: a record for each container, on disk before anything it speaks of is done.

One file a container, replaced whole. It is not synced: what it describes is gone after a loss of power, and the boot
id in it says so; the death of the worker it survives.
"""

from __future__ import annotations

import contextlib
import os
import shutil

import msgspec

from runtime.config import RuntimeConfig
from runtime.engine.place import Place, is_id
from runtime.engine.record import Record
from runtime.kernel import files

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


class Journal:
    """Records by id, in memory as on disk."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = config
        self.records: dict[str, Record] = {}

    def write(self, record: Record) -> Record:
        """Make `record` what is known of its container. Raises `OSError`; memory is unchanged then."""
        place = Place(self._config, record.id)
        if record.id not in self.records:
            os.makedirs(place.bundle, mode=0o700, exist_ok=True)
        files.replace(place.journal, msgspec.json.format(_encoder.encode(record)) + b"\n")
        self.records[record.id] = record
        return record

    def forget(self, id: str) -> None:
        """Remove the record and its directory: the last step of a removal."""
        place = Place(self._config, id)
        # The journal goes last: until then a crash leaves a record that is to be deleted, not a riddle.
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(place.bundle):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                elif entry.path != place.journal:
                    os.unlink(entry.path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place.journal)
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(place.bundle)
        self.records.pop(id, None)

    def load(self) -> list[str]:
        """Read all records. Returns the ids of directories that have none, or one that cannot be read."""
        nameless = []
        self.records.clear()
        for entry in sorted(os.scandir(self._config.containers_dir), key=lambda entry: entry.name):
            if not is_id(entry.name):
                continue
            try:
                with open(Place(self._config, entry.name).journal, "rb") as file:
                    record = _decoder.decode(file.read())
                if record.id != entry.name:
                    raise msgspec.ValidationError("the record is another container's")
            except (OSError, msgspec.MsgspecError):
                nameless.append(entry.name)
                continue
            self.records[record.id] = record
        return nameless
