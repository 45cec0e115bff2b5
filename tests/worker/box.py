"""A real container of the default tier to probe from inside, and the host's own values to compare with."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runtime.config import IDS_PER_CONTAINER, RuntimeConfig
from runtime.engine.engine import Engine
from runtime.engine.record import Record
from runtime.images.build import build
from runtime.images.store import ImageStore
from runtime.protocol import messages, model
from tests.support import census
from tests.support.reaper import reaping

_IDMAP_BASE = 1_996_488_704  # 0x7700_0000: a range of its own, as each suite has

KEPT_SYSCTLS = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/panic",
    "/proc/sys/kernel/sysrq",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/vm/overcommit_memory",
)


@dataclass(frozen=True)
class Said:
    """What a command in a container left."""

    status: int | None
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class Box:
    """A running container: `pid` is its PID 1 as the host counts it."""

    engine: Engine
    id: str

    @property
    def record(self) -> Record:
        return self.engine.record(self.id)

    @property
    def pid(self) -> int:
        assert self.record.pid is not None
        return self.record.pid

    async def run(self, *argv: str) -> Said:
        """Run a program inside, as an exec does: root there, the tier's rights."""
        result = await self.engine.exec(messages.Exec(id=self.id, owner=None, argv=list(argv), timeout_seconds=20))
        assert not result.timed_out, argv
        return Said(result.exit_code, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace"))

    async def sh(self, script: str) -> Said:
        """Run a shell script inside. The shell of the busybox image: what it runs are its own applets."""
        return await self.run("/bin/sh", "-c", script)

    async def refused(self, script: str, *reasons: str) -> None:
        """Assert that the script fails and says one of `reasons`: a script that could not run would say another."""
        said = await self.sh(script)
        assert said.status not in (0, None, 126, 127), f"{script!r} was allowed: {said}"
        assert any(reason.lower() in said.err.lower() for reason in reasons), f"{script!r}: {said}"

    def mounts(self) -> str:
        """PID 1's mountinfo, read on the host."""
        return Path(f"/proc/{self.pid}/mountinfo").read_text()

    def open_files(self) -> list[str]:
        """What PID 1's descriptors lead to, read on the host."""
        return [os.readlink(entry) for entry in Path(f"/proc/{self.pid}/fd").iterdir()]


def config(scratch: Path, *, images: Path | None = None) -> RuntimeConfig:
    """An instance of its own. `scratch`: for its state; `images`: another directory than the host's."""
    shared = os.environ.get("TERRARIUM_IMAGES_DIR", "/var/lib/terrarium/images")
    name = f"terrarium-probe-{secrets.token_hex(3)}"
    return RuntimeConfig(
        name=name,
        run_dir=Path("/run") / name,
        state_dir=scratch / "state",
        images_dir=images or Path(shared),
        idmap_base=_IDMAP_BASE,
        idmap_slots=64,
    )


@asynccontextmanager
async def engine(settings: RuntimeConfig) -> AsyncIterator[Engine]:
    """An engine; afterwards no container, mount, cgroup, process or directory of it may be left."""
    for directory in (settings.run_dir, settings.state_dir):
        directory.mkdir(parents=True, exist_ok=True)
    with reaping(settings) as exits:
        made = Engine(settings, ImageStore(settings), exits)
        await made.reconcile()
        try:
            yield made
        finally:
            for record in made.records():
                await made.delete(record.id)
    try:
        assert census.mounts(settings.name) == []
        assert census.cgroups(settings.name) == []
        assert census.processes_in_range(settings.idmap_base, settings.idmap_slots * IDS_PER_CONTAINER) == []
    finally:
        _remove(settings)


def _remove(settings: RuntimeConfig) -> None:
    for top in (Path("/sys/fs/cgroup", settings.name), *Path("/sys/fs/cgroup").glob(f"*/{settings.name}")):
        with suppress(OSError):
            top.rmdir()
    for directory in (settings.run_dir, settings.state_dir):
        shutil.rmtree(directory, ignore_errors=True)


async def launch(made: Engine, *, image: str = "busybox", command: tuple[str, ...] = ("sleep", "1000")) -> Box:
    """Create and start; the terminal is closed at once, as nobody looks at it."""
    id = secrets.token_hex(8)
    birth = await made.create(
        messages.Launch(id=id, owner="probe", name="probe", image=image, command=list(command), limits=model.Limits())
    )
    assert birth is not None
    await made.start(id)
    _masters.append(birth.master)
    return Box(made, id)


_masters: list[int] = []
"""Kept open while a container lives: closing the master hangs its terminal up."""


def close_terminals() -> None:
    while _masters:
        os.close(_masters.pop())


def ready_images(settings: RuntimeConfig, name: str = "busybox") -> None:
    """Build the image when it is missing."""
    build(ImageStore(settings), name, _unread)


def _unread(text: str, done: float) -> None:
    """Progress that nobody reads."""


@contextmanager
def host_stays_as_it_is() -> Iterator[None]:
    """Assert that what probes try to change on the host is the same afterwards."""
    before = _host()
    yield
    assert _host() == before


def _host() -> dict[str, object]:
    found: dict[str, object] = {"/dev/null": census.null_device(), "hostname": os.uname().nodename}
    for path in KEPT_SYSCTLS:
        with suppress(OSError):
            found[path] = Path(path).read_text()
    for path in ("/proc/sys/kernel/core_pattern", "/dev/null", "/etc/passwd", "/etc/hosts"):
        info = os.stat(path)
        found[f"{path} owner"] = (info.st_uid, info.st_gid, info.st_mode)
    return found


def kind(path: str) -> Literal["none", "directory", "file"]:
    """What this host has at `path`."""
    if not os.path.exists(path):
        return "none"
    return "directory" if os.path.isdir(path) else "file"


def mask(*numbers: int) -> str:
    """A capability set as /proc/PID/status prints it."""
    return f"{sum(1 << number for number in numbers):016x}"


def namespace(pid: int | str, kind: str) -> str:
    """`mnt:[4026531832]`."""
    link = os.readlink(f"/proc/{pid}/ns/{kind}")
    assert re.fullmatch(r"[a-z]+:\[\d+\]", link)
    return link
