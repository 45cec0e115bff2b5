"""Engines for tests: an instance of its own name, the keeper's part played by a reaper, nothing left afterwards."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runtime.config import IDS_PER_CONTAINER, RuntimeConfig
from runtime.engine import Birth, Engine
from runtime.images.build import build
from runtime.images.store import ImageStore
from runtime.kernel.pidfd import of_user_range
from runtime.protocol import messages, model
from tests.support import leaks, private_mounts
from tests.support.reaper import Reaper, reaping

MIB = 1024 * 1024


_SLOTS = 16


@contextlib.contextmanager
def user_ids() -> Iterator[int]:
    """The first of a range of user ids that no other test run on this machine has.

    Claimed by the name of an abstract socket, which is gone when this process is, whatever becomes of it.
    """
    first = int(os.environ.get("TERRARIUM_IDMAP_BASE", 1_946_157_056))
    for number in range(16):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claim:
            try:
                claim.bind(f"\0terrarium-tests-{first}-{number}")
            except OSError:
                continue
            yield first + number * _SLOTS * IDS_PER_CONTAINER
            return
    raise RuntimeError("sixteen other test runs are under way")


def instance(idmap_base: int) -> RuntimeConfig:
    """A configuration nobody else has; images are the host's."""
    name = f"terrarium-eng-{secrets.token_hex(3)}"
    return RuntimeConfig(
        name=name,
        run_dir=Path("/run") / name,
        state_dir=Path("/var/lib") / name,
        images_dir=Path(os.environ.get("TERRARIUM_IMAGES_DIR", "/var/lib/terrarium/images")),
        idmap_base=idmap_base,
        idmap_slots=_SLOTS,
    )


@dataclass
class Room:
    """An engine and what a test needs around it."""

    config: RuntimeConfig
    images: ImageStore
    reaper: Reaper
    engine: Engine
    masters: dict[str, int] = field(default_factory=dict)

    def launch(self, *command: str, limits: model.Limits | None = None, image: str = "busybox") -> messages.Launch:
        return messages.Launch(
            id=secrets.token_hex(8),
            owner="ada",
            name="A box",
            image=image,
            command=list(command),
            limits=limits or model.Limits(memory_bytes=64 * MIB),
        )

    async def running(self, *command: str, limits: model.Limits | None = None, image: str = "busybox") -> str:
        """The id of a container that runs; its terminal is held until the end."""
        launch = self.launch(*(command or ("sleep", "1000")), limits=limits, image=image)
        birth = await self.engine.create(launch)
        assert birth is not None
        self.hold(launch.id, birth)
        await self.engine.start(launch.id)
        return launch.id

    def hold(self, id: str, birth: Birth) -> None:
        self.drop(id)
        self.masters[id] = birth.master

    def drop(self, id: str) -> None:
        if id in self.masters:
            os.close(self.masters.pop(id))

    async def sh(self, id: str, script: str, **more: object) -> model.ExecResult:
        request = {"id": id, "owner": None, "argv": ["sh", "-c", script], **more}
        return await self.engine.exec(messages.Exec(**request))  # type: ignore[arg-type]

    async def crash(self) -> None:
        """The worker dies where it stands and a new one starts: all that the old one knew is what is on disk."""
        if self.engine._lock_fd is not None:
            os.close(self.engine._lock_fd)
        self.engine = Engine(self.config, self.images, self.reaper)

    def remains(self, id: str) -> list[str]:
        """Everything on this host that is named after the container, or runs under its user ids."""
        tops = [self.config.containers_dir, self.config.mounts_dir, self.config.oci_root]
        found = [str(top / id) for top in tops if (top / id).exists()]
        return found + [path for path in self.engine.hierarchies.group(f"{self.config.name}/{id}").directories
                        if os.path.isdir(path)]  # fmt: skip


@contextlib.asynccontextmanager
async def engine_room() -> AsyncIterator[Room]:
    """A reconciled engine; afterwards the leak guard has looked, and the instance's directories are gone."""
    private_mounts.enter()
    umask = os.umask(0o077)  # the worker's
    with user_ids() as base:
        config = instance(base)
        try:
            async with _reconciled(config) as room:
                yield room
            assert of_user_range(config.idmap_base, _SLOTS * IDS_PER_CONTAINER) == {}
        finally:
            os.umask(umask)
            shutil.rmtree(config.run_dir, ignore_errors=True)
            shutil.rmtree(config.state_dir, ignore_errors=True)


@contextlib.asynccontextmanager
async def _reconciled(config: RuntimeConfig) -> AsyncIterator[Room]:
    images = ImageStore(config)
    build(images, "busybox", _unread)
    images.init_layer()
    with leaks.none(config.name), reaping(config) as reaper:
        room = Room(config, images, reaper, Engine(config, images, reaper))
        try:
            await room.engine.reconcile()
            yield room
        finally:
            for record in room.engine.records():
                await room.engine.delete(record.id)
                assert room.remains(record.id) == []
            for id in list(room.masters):
                room.drop(id)
            room.engine.close()
    assert not room.engine.hierarchies.group(config.name).exists()


def _unread(text: str, done: float) -> None:
    """Progress that nobody reads."""
