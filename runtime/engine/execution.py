"""Commands inside a container: on pipes with a deadline, or on a pty."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from runtime.engine import console, oci, removal, spec
from runtime.engine.exits import signal_name
from runtime.engine.ground import Ground
from runtime.engine.record import Birth, Record
from runtime.engine.spawn import Collector, ended
from runtime.errors import Code, Fault
from runtime.kernel import files, pidfd
from runtime.kernel.cgroups import UNIFIED, Group
from runtime.protocol import messages, model

MAX_GUESTS = 16
STATUS_SECONDS = 2.0
"""How long the keeper may take to say how a process ended that has ended."""


@dataclass(frozen=True)
class Room:
    """One exec's directory, and the cgroup that all its descendants are born in, where the runtime can do that."""

    directory: str
    group: Group | None
    option: str | None

    @property
    def process(self) -> str:
        return f"{self.directory}/process.json"

    @property
    def pid_file(self) -> str:
        return f"{self.directory}/pid"


def _new_name(kind: str) -> str:
    """A name that no command had before, not even one that a worker before us began: what that left may still live."""
    return f"{kind}-{secrets.token_hex(4)}"


@contextmanager
def _guest(ground: Ground, id: str) -> Iterator[str]:
    """A command's name while it is under way. Until it is inside, it is a program of the host, beyond the limits of
    its container: so few at once. Raises `Fault(limit-reached)`."""
    guests = ground.guests.setdefault(id, set())
    if len(guests) >= MAX_GUESTS:
        raise Fault(
            Code.LIMIT_REACHED,
            f"container {id} runs {MAX_GUESTS} commands already",
            hint="Wait until one of them has ended.",
            op="exec",
        )
    name = _new_name("exec")
    guests.add(name)
    try:
        yield name
    finally:
        guests.discard(name)
        if not guests:
            del ground.guests[id]


@contextmanager
def _room(ground: Ground, id: str) -> Iterator[Room]:
    with _guest(ground, id) as name:
        directory = f"{ground.place(id).bundle}/{name}"
        os.mkdir(directory, 0o700)
        group, option = _subgroup(ground, id, name)
        try:
            yield Room(directory, group, option)
        finally:
            if group is not None:
                _tidy(group, ground.guests[id] - {name})
            shutil.rmtree(directory, ignore_errors=True)


def _tidy(group: Group, under_way: set[str]) -> None:
    """Remove the groups of all commands that are over. Refused, until later, where something they left behind lives."""
    with contextlib.suppress(FileNotFoundError):  # gone with the container
        for entry in list(os.scandir(os.path.dirname(group.directories[0]))):
            if entry.name.startswith("exec-") and entry.name not in under_way:
                with contextlib.suppress(OSError):
                    os.rmdir(entry.path)


def _subgroup(ground: Ground, id: str, name: str) -> tuple[Group | None, str | None]:
    """One hierarchy is enough to find all descendants: v1's freezer, which also holds them still, or cgroup2."""
    if not ground.oci.enters_subgroups:
        return None, None
    whole = ground.group(id)
    controller = UNIFIED if whole.mode == "v2" else "freezer" if "freezer" in whole.paths else "pids"
    if controller not in whole.paths:
        return None, None
    group = Group(whole.mode, {controller: f"{whole.paths[controller]}/{name}"})
    group.make(controller)
    return group, name if controller == UNIFIED else f"{controller}:{name}"


async def on_pipes(ground: Ground, record: Record, request: messages.Exec) -> model.ExecResult:
    """Run `request.argv` and give what it left.

    The result has no `exit_code`, and a `reason`, when the program is not there, was killed, or ran out of time;
    then it and all its descendants are killed first. Descendants of a command that ended by itself live on, and
    what they write later is not waited for. Raises `Fault`: `limit-reached`, `spawn-failed`, `vanished` when the
    container ends.
    """
    begun = time.monotonic()
    kills_before = ground.group(record.id).oom_kills() or 0
    with _room(ground, record.id) as room:
        process = spec.process(ground.host, request.argv, terminal=False)
        files.replace(room.process, msgspec.json.encode(process))
        run = _Run(ground, record, request, room)
        try:
            failed = await run.begin()
            status = None if failed else await run.finish()
        finally:
            await run.clean_up()
        killed_for_memory = (ground.group(record.id).oom_kills() or 0) > kills_before
        code, number, reason = _verdict(status, request, run.timed_out, killed_for_memory)
        return model.ExecResult(
            exit_code=code,
            signal=number,
            reason=failed or reason,
            stdout=b"" if failed else bytes(run.out.data),
            stderr=b"" if failed else bytes(run.err.data),
            truncated=run.out.truncated or run.err.truncated,
            timed_out=run.timed_out,
            duration_ms=round((time.monotonic() - begun) * 1000),
        )


class _Run:
    """One command on pipes, from the runtime's start to its last byte."""

    def __init__(self, ground: Ground, record: Record, request: messages.Exec, room: Room) -> None:
        self.ground, self.record, self.request, self.room = ground, record, request, room
        self.timed_out = False
        self._deadline = asyncio.get_running_loop().time() + request.timeout_seconds
        self._refused_before = ground.group(record.id).refused_forks() or 0
        self._pid = 0
        self._pidfd: int | None = None
        self._over = False
        ours, theirs = _pipes()
        try:
            self._runtime = ground.oci.exec_piped(
                record.id, process=room.process, pid_file=room.pid_file, cgroup=room.option, stdio=theirs
            )
        except OSError as error:
            for fd in ours:
                os.close(fd)
            raise Fault.from_os_error(error, op="exec", code=Code.SPAWN_FAILED) from error
        finally:
            for fd in theirs:
                os.close(fd)
        self._stdin = _Feeder(ours[0], request.stdin)
        # One complaint of the runtime must fit, however little of the command's own is wanted.
        self.out = Collector(ours[1], request.output_bytes)
        self.err = Collector(ours[2], max(request.output_bytes, 4096))

    async def begin(self) -> str | None:
        """Wait for the runtime to let go of the command. Returns why there is none to run, if it is the request's
        fault; raises `Fault` otherwise."""
        watch = os.pidfd_open(self._runtime.pid)
        try:
            if not await ended(watch, max(self._left(), 0.0) + oci.SECONDS):
                raise Fault(Code.TIMEOUT, f"{self.ground.oci.name} exec did not begin in time", op="exec")
        finally:
            os.close(watch)
        if self._runtime.wait() == 0:
            self._pid = int(files.read_text(self.room.pid_file))
            self._pidfd = pidfd.open_pidfd(self._pid)
            return None
        self._over = True
        self.err.drain()
        complaint = oci.reason(bytes(self.err.data))
        missing = oci.missing_program(complaint, self.request.argv)
        if missing:
            return missing
        _still_there(self.record)
        raise _no_room(self.ground, self.record, self._refused_before) or Fault(Code.SPAWN_FAILED, complaint, op="exec")

    async def finish(self) -> int | None:
        """Wait for the command's end, or make it. Returns its raw wait status, None when nobody knows it."""
        since = pidfd.starttime(self._pid) or 0
        if self._pidfd is not None and not await ended(self._pidfd, max(self._left(), 0.0)):
            self.timed_out = True
            await self._kill()
        self._over = True
        status = await self.ground.exits.status(self._pid, since, STATUS_SECONDS)
        self.out.drain()
        self.err.drain()
        limit = self.request.output_bytes
        if len(self.err.data) > limit:
            del self.err.data[limit:]
            self.err.truncated = True
        return status

    async def clean_up(self) -> None:
        """Leave no process of a command that was given up, and no descriptor."""
        if not self._over:
            await self._kill()
        if self._runtime.poll() is None:
            self._runtime.kill()
            self._runtime.wait()
        for closing in (self._stdin, self.out, self.err):
            closing.close()
        if self._pidfd is not None:
            os.close(self._pidfd)

    async def _kill(self) -> None:
        """SIGKILL to the command and its descendants, wherever they hung themselves in the process tree."""
        group = self.room.group

        def gone() -> bool:
            if group is not None:
                group.kill()
            elif self._pid:
                for pid in (*pidfd.descendants(self._pid), self._pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            left = bool(group.processes()) if group is not None else False
            return not left and (self._pidfd is None or pidfd.ended(self._pidfd))

        await removal.until(gone, removal.SECONDS)

    def _left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()


class _Feeder:
    """Writes all of `data` into a pipe as it takes it, then closes it. A reader that goes away is no error."""

    def __init__(self, fd: int, data: bytes) -> None:
        self._fd: int | None = fd
        self._rest = memoryview(data)
        os.set_blocking(fd, False)
        if data:
            asyncio.get_running_loop().add_writer(fd, self._write)
        else:
            os.close(fd)
            self._fd = None

    def _write(self) -> None:
        if self._fd is None:
            return
        try:
            self._rest = self._rest[os.write(self._fd, self._rest[:65_536]) :]
        except BlockingIOError:
            return
        except OSError:
            self._rest = self._rest[:0]
        if not self._rest:
            self.close()

    def close(self) -> None:
        if self._fd is not None:
            asyncio.get_running_loop().remove_writer(self._fd)
            os.close(self._fd)
            self._fd = None


def _still_there(record: Record) -> None:
    """Raises `Fault(vanished)` when PID 1 is dead: why a command did not begin then needs no other reason."""
    if not pidfd.alive(record.pid, record.starttime):
        raise Fault(Code.VANISHED, f"container {record.id} ended", op="exec")


def _no_room(ground: Ground, record: Record, refused_before: int) -> Fault | None:
    """The fault of a container that is full of processes, if forks were refused since `refused_before`."""
    if (ground.group(record.id).refused_forks() or 0) <= refused_before:
        return None
    return Fault(
        Code.SPAWN_FAILED,
        f"container {record.id} has as many processes as it may ({record.limits.pids})",
        hint="End some of them, or stop and start the container.",
        op="exec",
    )


def _pipes() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Our ends and theirs of stdin, stdout and stderr, all close-on-exec."""
    (in_theirs, in_ours), (out_ours, out_theirs), (err_ours, err_theirs) = (os.pipe2(os.O_CLOEXEC) for _ in range(3))
    return (in_ours, out_ours, err_ours), (in_theirs, out_theirs, err_theirs)


def _verdict(
    status: int | None, request: messages.Exec, timed_out: bool, killed_for_memory: bool
) -> tuple[int | None, int | None, str | None]:
    """Exit code, signal and reason from a raw wait status."""
    code = None if status is None else os.waitstatus_to_exitcode(status)
    number = -code if code is not None and code < 0 else None
    if timed_out:
        return None, number, f"timed out after {request.timeout_seconds:g} s"
    if code is None:
        return None, None, "its exit status is not known"
    if number is None:
        return code, None, None
    memory = " for want of memory" if killed_for_memory and number == signal.SIGKILL else ""
    return None, number, f"killed by {signal_name(number)}{memory}"


async def on_tty(ground: Ground, record: Record, argv: list[str], cols: int, rows: int) -> Birth:
    """Run `argv` on a pty of its own; the process is the keeper's child from then on. Raises `Fault`:
    `spawn-failed`, `vanished`."""
    place = ground.place(record.id)
    refused_before = ground.group(record.id).refused_forks() or 0
    name = _new_name("tty")
    directory = f"{place.bundle}/{name}"
    os.mkdir(directory, 0o700)
    try:
        process = spec.process(ground.host, argv, terminal=True, cols=console.clamp(cols), rows=console.clamp(rows))
        files.replace(f"{directory}/process.json", msgspec.json.encode(process))
        with console.listening(f"{place.mounts}/{name}") as listener:
            try:
                pid = await ground.oci.exec_tty(
                    record.id,
                    process=f"{directory}/process.json",
                    console_socket=listener.path,
                    pid_file=f"{directory}/pid",
                )
            except Fault as fault:
                missing = oci.missing_program(fault.message, argv)
                if missing is not None:
                    raise Fault(Code.SPAWN_FAILED, missing, field="argv", op="exec") from fault
                _still_there(record)
                raise _no_room(ground, record, refused_before) or fault from None
            return Birth(pid, pidfd.starttime(pid) or 0, listener.take(cols, rows))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
