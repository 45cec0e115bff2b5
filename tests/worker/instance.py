"""The real keeper and worker under a name of the tests' own, and clients of its socket."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import os
import secrets
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from runtime.config import RuntimeConfig
from runtime.errors import Code, Fault
from runtime.keeper import leftovers
from runtime.protocol import client, messages, pty
from runtime.protocol.framing import MAX_PTY_FRAME, Deframer, framed
from tests.support.pty_viewer import Screen, until

ROOT = Path(__file__).resolve().parents[2]
IDMAP_BASE = 1_962_934_272  # 0x7500_0000
SLOTS = 32
RANGES = 8
R = TypeVar("R", bound=messages.Reply)


def new_id() -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(16))


def _range_of_ids() -> tuple[int, int]:
    """A range of user ids that no other run of the tests on this machine has now: (the lock on it, its first id)."""
    for number in range(RANGES):
        path = f"{tempfile.gettempdir()}/terrarium-test-ids-{number}.lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        return fd, IDMAP_BASE + number * SLOTS * 65_536
    raise RuntimeError(f"{RANGES} instances are under test on this machine already")


class Instance:
    """One keeper, which has one worker."""

    def __init__(self, directory: Path, images: Path, **environ: str) -> None:
        self._range, first_id = _range_of_ids()
        outside = {key: value for key, value in os.environ.items() if not key.startswith("TERRARIUM_")}
        self.environ = {
            **outside,  # an instance's directories follow from its name alone: `sweep` removes them
            "TERRARIUM_NAME": f"terrarium-test-{secrets.token_hex(3)}",
            "TERRARIUM_IMAGES_DIR": str(images),
            "TERRARIUM_IDMAP_BASE": str(first_id),
            "TERRARIUM_IDMAP_SLOTS": str(SLOTS),
            **environ,
        }
        self.config = RuntimeConfig.from_environ(self.environ)
        self.first_id = self.config.idmap_base
        self.log = open(directory / "log", "w+b")  # noqa: SIM115 -- closed by stop
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runtime.keeper"],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.PIPE,
            stderr=self.log,
            start_new_session=True,
        )

    @property
    def said(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()

    def call(self, request: messages.Request, expected: type[R], *, timeout: float = 30.0) -> R:
        return client.call(self.config.socket, request, expected, timeout=timeout)

    def refusal(self, request: messages.Request) -> Fault:
        """Assert that it is refused; with what."""
        with pytest.raises(Fault) as caught:
            self.call(request, messages.Reply)
        return caught.value

    async def ask(self, request: messages.Request, expected: type[R]) -> R:
        return await asyncio.to_thread(self.call, request, expected)

    def ready(self, *, but: int = 0) -> messages.Pong:
        """Wait for a worker that is not the one of pid `but`."""
        deadline = time.monotonic() + 15
        while True:
            try:
                pong = self.call(messages.Ping(), messages.Pong)
                if pong.info.pid != but:
                    return pong
            except Fault as fault:
                if fault.code is not Code.WORKER_UNAVAILABLE:
                    raise
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, f"no worker within 15 s:\n{self.said}"
            time.sleep(0.01)

    async def kill_worker(self) -> None:
        """SIGKILL; returns when the next one answers."""
        pid = (await self.ask(messages.Ping(), messages.Pong)).info.pid
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(self.ready, but=pid)

    def launch(self, *command: str, id: str | None = None, **more: object) -> messages.Launched:
        name = id or new_id()
        body = {"owner": "anna", "name": f"test-{name[:4]}", "image": "busybox", **more}
        request = messages.Launch(id=name, command=list(command), **body)  # type: ignore[arg-type]
        return self.call(request, messages.Launched)

    def stop(self) -> int:
        """In order. The exit code of the keeper; once stopped, the same again."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        finally:
            self.log.close()
            assert self.process.stdin is not None
            self.process.stdin.close()
        return code

    def sweep(self) -> None:
        """The directories, which outlive an instance on purpose."""
        for directory in (self.config.run_dir, self.config.state_dir):
            if directory.name != self.config.name or not directory.name.startswith("terrarium-test-"):
                raise RuntimeError(f"{directory} is not a test's to remove")
            shutil.rmtree(directory, ignore_errors=True)
        os.close(self._range)

    def remains(self) -> list[str]:
        """What is left on the host after `stop`."""
        name = self.config.name
        found = [str(path) for path in leftovers.cgroups(name)]
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        found += [line for line in mounts if str(self.config.run_dir) in line]
        ids = range(self.first_id, self.first_id + SLOTS * 65_536)
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if entry.stat().st_uid in ids:
                        found.append(f"{entry} {(entry / 'cmdline').read_bytes()!r}")
        found += [str(path) for path in (self.config.socket, self.config.run_dir / "keeper.pid") if path.exists()]
        return found


@contextlib.contextmanager
def standing(directory: Path, images: Path, **environ: str) -> Iterator[Instance]:
    """An instance that is ready to answer, and gone without a trace afterwards."""
    made = Instance(directory, images, **environ)
    try:
        made.ready()
        yield made
    finally:
        code = made.stop()
        left = made.remains()
        made.sweep()
        assert (left, code) == ([], 0)


@dataclass
class Visitor:
    """A page: a connection that speaks `pty.v1`, and acknowledges what it reads."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    screen: Screen = field(default_factory=Screen)
    acks: bool = True
    _seq: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _task: asyncio.Task[None] | None = None

    def send(self, frame: bytes) -> None:
        self.writer.write(framed(frame))

    def type(self, text: bytes) -> None:
        self.send(pty.input_frame(next(self._seq), text))

    async def sees(self, what: bytes | Callable[[], object], *, within: float = 10.0) -> None:
        found = (lambda: what in self.screen.output) if isinstance(what, bytes) else what
        try:
            await until(found, repr(what), within=within)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen ends in {bytes(self.screen.output[-300:])!r}") from None

    async def listen(self) -> None:
        deframer = Deframer(MAX_PTY_FRAME)
        try:
            while data := await self.reader.read(256 * 1024):
                before = self.screen.parsed
                for frame in deframer.feed(data):
                    self.screen.feed(frame)
                if self.acks and self.screen.parsed is not None and self.screen.parsed != before:
                    self.send(pty.ack_frame(self.screen.parsed))
        except ConnectionError:
            pass
        self.screen.closed = True


@contextlib.asynccontextmanager
async def visit(
    instance: Instance, container: str, terminal: str = "console", *, have: Screen | None = None, **hello: object
) -> AsyncIterator[Visitor]:
    """Attach, with what `have` parsed already."""
    mint = messages.MintTicket(id=container, owner="anna", terminal=terminal, user="7")
    ticket = (await instance.ask(mint, messages.Ticket)).ticket
    reader, writer = await client.connect(instance.config.socket, messages.Attach(user="7"))
    epoch = have.welcome.epoch if have and have.welcome else None
    body = pty.Hello(v=1, ticket=ticket, epoch=epoch, have=have.parsed if have else None, **hello)  # type: ignore[arg-type]
    writer.write(framed(pty.json_frame(pty.Kind.HELLO, body)))
    visitor = Visitor(reader, writer)
    task = asyncio.create_task(visitor.listen())
    try:
        yield visitor
    finally:
        task.cancel()
        writer.close()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await task
        with contextlib.suppress(OSError):
            await writer.wait_closed()
