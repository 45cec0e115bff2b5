"""The beginning of a container: from a checked request to OCI `created`, step by step."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from runtime.engine import console, removal, rootfs, spec
from runtime.engine.ground import Ground
from runtime.engine.oci import missing_program
from runtime.engine.record import Birth, Record
from runtime.engine.steps import Step
from runtime.errors import Code, Fault
from runtime.kernel import cgroups, files, pidfd


@dataclass
class Creation:
    """One making of PID 1. `steps` in order; after the last, `birth` is there and its descriptor is the caller's."""

    ground: Ground
    record: Record
    lowerdirs: list[Path]
    cols: int
    rows: int
    birth: Birth | None = field(default=None, init=False)

    def steps(self) -> list[Step]:
        """All steps of a new container: its root, its bundle, its PID 1."""
        place, record = self.ground.place(self.record.id), self.record
        return [
            Step(
                "layers",
                lambda: asyncio.to_thread(rootfs.ensure_layers, place, record, self.lowerdirs),
                lambda: asyncio.to_thread(rootfs.undo_layers, place),
            ),
            Step(
                "disk",
                lambda: asyncio.to_thread(rootfs.ensure_disk, place, record),
                lambda: asyncio.to_thread(rootfs.undo_disk, place),
            ),
            Step(
                "overlay",
                lambda: asyncio.to_thread(rootfs.ensure_overlay, place, len(self.lowerdirs)),
                lambda: asyncio.to_thread(rootfs.undo_overlay, place),
            ),
            *self.revival(),
        ]

    def revival(self) -> list[Step]:
        """The steps of a new PID 1 on a root that stands."""
        return [Step("bundle", self._write_bundle, _nothing), Step("oci", self._create, self._uncreate)]

    async def _write_bundle(self) -> None:
        """config.json and the files of /etc; the bundle's directory goes with the journal."""
        ground, record, place = self.ground, self.record, self.ground.place(self.record.id)
        host_name = spec.hostname(record.name, record.id)
        os.makedirs(place.etc, mode=0o700, exist_ok=True)
        for name, text in spec.etc_files(host_name).items():
            files.replace(f"{place.etc}/{name}", text.encode(), mode=0o644)
        config = spec.config(
            ground.host,
            command=record.command,
            hostname=host_name,
            rootfs=place.merged,
            etc=place.etc,
            host_id=record.host_id,
            cgroup=place.cgroup,
            limits=record.limits,
            cols=console.clamp(self.cols),
            rows=console.clamp(self.rows),
        )
        files.replace(place.spec, msgspec.json.encode(config))

    async def _create(self) -> None:
        place = self.ground.place(self.record.id)
        pid_file = f"{place.bundle}/init.pid"
        with console.listening(f"{place.mounts}/console") as listener:
            try:
                pid = await self.ground.oci.create(
                    self.record.id, bundle=place.bundle, console_socket=listener.path, pid_file=pid_file
                )
            except Fault as fault:
                raise _blame_the_command(fault, self.record.command) from fault
            master = listener.take(self.cols, self.rows)
        since = pidfd.starttime(pid)
        self.birth = Birth(pid, since or 0, master)
        if since is None:
            raise Fault(Code.SPAWN_FAILED, "PID 1 died before it was started", op="create")
        self._join_unified(pid)
        group = self.ground.group(self.record.id)
        group.forbid_swap()
        group.limit_cpu(spec.cpu_quota_usec(self.record.limits), spec.CPU_PERIOD_USEC)
        group.count_io(cgroups.disk_of(str(self.ground.config.images_dir)))  # its only disk: the upper lies in memory

    def _join_unified(self, pid: int) -> None:
        """Every container has a cgroup2 directory where the host has cgroup2, also when the runtime leaves it out."""
        group = self.ground.group(self.record.id)
        directory = group.paths.get("unified")
        if directory is not None and not os.path.isdir(directory):
            group.make("unified")
            files.write_text(f"{directory}/cgroup.procs", str(pid))

    async def _uncreate(self) -> None:
        if self.birth is not None:
            with contextlib.suppress(OSError):
                os.close(self.birth.master)
        await removal.forget_oci(self.ground, self.record.id)
        self.birth = None


async def _nothing() -> None:
    """The undo of what needs none."""


def _blame_the_command(fault: Fault, command: list[str]) -> Fault:
    missing = missing_program(fault.message, command)
    if missing is None:
        return fault
    return Fault(Code.SPAWN_FAILED, missing, field="command", hint="Is the program in this image?", op="create")
