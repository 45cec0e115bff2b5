"""The containers of this host: made, run, entered, stopped and removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from runtime.config import RuntimeConfig
from runtime.engine import admission, control, execution, removal, rootfs, spawn
from runtime.engine.creation import Creation
from runtime.engine.exits import ExitBook, OwnChildren, exit_of
from runtime.engine.ground import Ground
from runtime.engine.journal import Journal
from runtime.engine.oci import OciRuntime
from runtime.engine.reconcile import reconcile
from runtime.engine.record import Birth, Record
from runtime.engine.slots import Slots
from runtime.engine.spec import Host
from runtime.engine.steps import Step, perform
from runtime.engine.transfers import Porter
from runtime.engine.turns import Turns
from runtime.errors import Code, Fault
from runtime.images.store import ImageStore
from runtime.kernel import cgroups, files, pidfd
from runtime.kernel.target import Target
from runtime.protocol import messages, model

_LIVE = (model.State.CREATED, model.State.RUNNING)


class Engine:
    """All verbs raise `Fault`. One lock a container; no lock is held across two containers."""

    def __init__(self, config: RuntimeConfig, images: ImageStore, exits: ExitBook | None = None) -> None:
        """Reads the host, makes nothing. `exits`: the keeper's book; without one only own children's ends are known."""
        hierarchies = cgroups.detect()
        self.config = config
        self.hierarchies = hierarchies
        self._ground = Ground(
            config=config,
            images=images,
            hierarchies=hierarchies,
            host=Host.survey(hierarchies),
            oci=OciRuntime(config),
            slots=Slots(config),
            journal=Journal(config),
            exits=exits or OwnChildren(),
        )
        self._turns = Turns()
        self._lock_fd: int | None = None
        self.troubles: list[str] = []

    @property
    def failpoint(self) -> Callable[[str], None]:
        """Called with a step's name after each journaled step; for tests."""
        return self._ground.failpoint

    @failpoint.setter
    def failpoint(self, point: Callable[[str], None]) -> None:
        self._ground.failpoint = point

    async def reconcile(self) -> list[Record]:
        """At start: undo what was half made, finish deletes, adopt what lives, sweep what is nobody's.

        Returns the containers that are alive (created or running), whose terminals the caller may take up again;
        `troubles` says what resisted. Raises `Fault(wrong-state)` when another engine has this name.
        """
        self._claim()
        self.troubles = await reconcile(self._ground)
        return [record for record in self.records() if record.state in _LIVE]

    def close(self) -> None:
        """Let go of the name. Containers live on; empty parents of their cgroups and mounts are removed."""
        for mount in set(self.hierarchies.mounts.values()):
            with contextlib.suppress(OSError):
                os.rmdir(f"{mount}/{self.config.name}")
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    async def create(self, launch: messages.Launch) -> Birth | None:
        """Make the container up to OCI `created`: PID 1 is there, its program is not loaded yet.

        None: a container of this id and owner was there before; `record` tells of it. Raises `invalid-spec`,
        `not-found` or `image-invalid` (the image), `no-capacity`, `already-exists` (someone else's id),
        `unsupported-kernel`, `spawn-failed`. On any of them nothing is left.
        """
        admission.check_launch(launch)
        async with self._turns.turn(launch.id):
            known = self._ground.journal.records.get(launch.id)
            if known is not None:
                if known.owner != launch.owner:
                    raise Fault(Code.ALREADY_EXISTS, f"there is a container {launch.id}", field="id")
                return None
            lowerdirs, layers = self._layers(launch.image)
            record = self._admit(launch, layers)
            creation = Creation(self._ground, record, lowerdirs, cols=launch.cols, rows=launch.rows)
            try:
                birth = await self._bear(creation, creation.steps())
            except BaseException as error:
                await self._unmake(record, error)
                raise
            self._ground.journal.write(_born(record, birth))
            return birth

    def _layers(self, image: str) -> tuple[list[Path], list[model.Layer]]:
        """Directories and records of an image's layers, top first, our init layer above them. Raises as `create`."""
        images = self._ground.images
        stored = images.get(image)
        return [images.init_layer(), *stored.lowerdirs], [images.init_record(), *stored.image.layers]

    def _admit(self, launch: messages.Launch, layers: list[model.Layer]) -> Record:
        """The new container's record, its slot and its share of the host taken. Nothing here waits."""
        command = launch.command or self._ground.images.get(launch.image).image.command
        slot = self._ground.slots.take(launch.id)
        now = time.time()
        record = Record(
            id=launch.id,
            owner=launch.owner,
            name=launch.name,
            image=launch.image,
            command=command,
            limits=launch.limits,
            slot=slot,
            host_id=self._ground.slots.host_id(slot),
            state=model.State.CREATING,
            created_at=now,
            deadline_at=None if launch.deadline_seconds is None else now + launch.deadline_seconds,
            layers=layers,
            intent="create",
        )
        try:
            admission.check_argv(record.command, "command")
            admission.check_capacity(self.config, self._ground.journal.records.values(), record)
            return self._ground.journal.write(record)
        except BaseException:
            self._ground.slots.give_back(slot, launch.id)
            raise

    async def _bear(self, creation: Creation, steps: list[Step]) -> Birth:
        try:
            await perform(self._ground, creation.record, steps)
        except OSError as error:
            fault = Fault.from_os_error(error, op="create")
            for note in getattr(error, "__notes__", ()):
                fault.add_note(note)
            raise fault from error
        if creation.birth is None:
            raise Fault(Code.INTERNAL_ERROR, f"container {creation.record.id}: no PID 1 was made")
        return creation.birth

    async def _unmake(self, record: Record, error: BaseException) -> None:
        """After a failed create: the last pieces, the user ids and the record; what resists is left to a restart."""
        try:
            await spawn.to_the_end(removal.demolish(self._ground, record))
        except Exception as failure:
            error.add_note(f"undo create: {failure}")

    async def start(self, id: str) -> Record:
        """Let the created PID 1 run its command."""
        async with self._turns.turn(id):
            record = self.record(id)
            if record.state is model.State.RUNNING:
                return record
            if record.state is not model.State.CREATED:
                raise _wrong_state(record, "be started")
            await spawn.to_the_end(self._ground.oci.start(id))
            latest = self.record(id)
            if latest.state is model.State.STOPPED:  # it ended before we came back
                return self._ground.journal.write(replace(latest, started_at=time.time()))
            return self._ground.journal.write(replace(latest, state=model.State.RUNNING, started_at=time.time()))

    async def recreate(self, id: str, cols: int, rows: int) -> Birth:
        """A new PID 1, OCI `created`, for a stopped container; the files it wrote are still there.

        Raises `wrong-state` unless it is stopped, `no-capacity`, and what `create` raises; it stays stopped then.
        """
        async with self._turns.turn(id):
            record = self.record(id)
            if record.state is not model.State.STOPPED:
                raise _wrong_state(record, "be started")
            place = self._ground.place(id)
            lowerdirs, layers = ([], record.layers) if rootfs.stands(place) else self._layers(record.image)
            revived = replace(
                record,
                state=model.State.CREATING,
                generation=record.generation + 1,
                pid=None,
                exit=None,
                started_at=None,
                layers=layers,
                kept_bytes=rootfs.kept_bytes(place),
                intent="revive",
            )
            admission.check_capacity(self.config, self._ground.journal.records.values(), revived)
            creation = Creation(self._ground, revived, lowerdirs, cols=cols, rows=rows)
            self._ground.journal.write(revived)
            try:
                await removal.forget_oci(self._ground, record)
                birth = await self._bear(creation, creation.steps() if lowerdirs else creation.revival())
            except BaseException:
                self._ground.journal.write(record)
                raise
            self._ground.journal.write(_born(revived, birth))
            return birth

    async def stop(self, id: str, grace_seconds: float = 2.0) -> Record:
        """SIGTERM and SIGHUP to PID 1, SIGKILL after the grace. Returns when it is dead; stopped already: no error."""
        record = self.record(id)
        if record.state is model.State.CREATING:
            async with self._turns.turn(id):
                record = self.record(id)
        if record.state not in _LIVE or record.pid is None:
            return record
        watch = pidfd.open_pidfd(record.pid, record.starttime)
        status = None
        try:
            if watch is not None:
                self._ground.group(id).thaw()
                if record.state is model.State.RUNNING and grace_seconds > 0:
                    pidfd.send(record.pid, record.starttime, signal.SIGTERM, signal.SIGHUP, signal.SIGCONT)
                    await spawn.ended(watch, grace_seconds)
            async with self._turns.turn(id):
                latest = self.record(id)
                if (latest.generation, latest.starttime) != (record.generation, record.starttime):
                    return latest  # another PID 1 by now: nobody asked for its end
                await removal.kill(self._ground, id, record.pid, record.starttime)
                if watch is not None and not await spawn.ended(watch, removal.SECONDS):
                    raise Fault(Code.TIMEOUT, f"container {id}: PID 1 survives SIGKILL", op="kill")
                status = await self._ground.exits.status(record.pid, record.starttime, execution.STATUS_SECONDS)
                return self.exited(id, self.autopsy(id, status))
        finally:
            if watch is not None:
                os.close(watch)

    async def freeze(self, id: str, frozen: bool) -> bool:
        """Hold all processes of a running container still, or let them go on. False: it was so already.

        Raises `wrong-state`, and `timeout` when some could not be held: then none is.
        """
        async with self._turns.turn(id):
            return await control.freeze(self._ground, self._running(id), frozen)

    async def set_limits(self, id: str, limits: model.Limits) -> Record:
        """Other limits, all or none; the record then has them as the kernel does, in whole pages.

        Raises `invalid-spec`, `no-capacity`, and `wrong-state` with the field for less than is in use.
        """
        admission.check_limits(limits)
        async with self._turns.turn(id):
            return await control.set_limits(self._ground, self.record(id), limits)

    async def delete(self, id: str) -> None:
        """Kill it and remove all of it. Nothing there: no error. Raises `timeout` when something resists."""
        async with self._turns.turn(id):
            record = self._ground.journal.records.get(id)
            if record is None:
                return
            record = self._ground.journal.write(replace(record, intent="delete"))
            try:
                await spawn.to_the_end(removal.demolish(self._ground, record))
            except OSError as error:
                raise Fault.from_os_error(error, op="delete") from error

    async def exec(self, request: messages.Exec) -> model.ExecResult:
        """Run a command inside, no terminal. Raises `not-found`, `wrong-state`, `invalid-spec`, `limit-reached`,
        `spawn-failed`, `vanished`. A program that is not there is no error but a result without `exit_code`, with the
        reason."""
        admission.check_exec(request)
        return await execution.on_pipes(self._ground, self._enterable(request.id), request)

    async def exec_tty(self, id: str, argv: list[str], cols: int, rows: int) -> Birth:
        """Run a command inside on a new pty. Empty `argv`: the image's command. Raises as `exec` does; a program that
        is not there is `spawn-failed`."""
        record = self._enterable(id)
        if argv:
            admission.check_argv(argv)
        else:
            argv = self._ground.images.get(record.image).image.command
        return await spawn.to_the_end(execution.on_tty(self._ground, record, argv, cols, rows), _abandon)

    async def carry(self, what: Literal["put", "get"], id: str, path: str, *, replace: bool = False) -> Porter:
        """Begin to take a file in or out. Raises `not-found`, `wrong-state`, and what the path gives cause for."""
        return await Porter.begin(self._ground, self._enterable(id), what, path, replace=replace)

    def _running(self, id: str) -> Record:
        record = self.record(id)
        if record.state is not model.State.RUNNING:
            raise _wrong_state(record, "be entered", hint="Start it first.")
        return record

    def _enterable(self, id: str) -> Record:
        """Running, and not frozen: what enters a frozen container hangs until it is thawed."""
        record = self._running(id)
        if self._ground.group(id).frozen():
            raise Fault(Code.WRONG_STATE, f"container {id} is frozen and cannot be entered", hint="Thaw it first.")
        return record

    def exited(self, id: str, exit: model.Exit) -> Record:
        """PID 1 ended: the caller saw it. Told twice, the fuller word stays. Raises `not-found`."""
        record = self.record(id)
        if record.state is model.State.STOPPED:
            known = record.exit
            if known is not None and (known.code is not None or known.signal is not None):
                return record
        elif record.state not in _LIVE or record.intent is not None:
            return record
        return self._ground.journal.write(removal.stopped(self._ground, record, exit))

    def autopsy(self, id: str, status: int | None) -> model.Exit:
        """The `Exit` of PID 1 from its raw wait status (None: unknown) and what its cgroup counted. Call it at once."""
        exit = exit_of(status)
        if exit.signal == signal.SIGKILL and self._ground.group(id).oom_kills():
            return replace(exit, oom=True, reason="out of memory")
        return exit

    def records(self) -> list[Record]:
        """All containers, oldest first."""
        return sorted(self._ground.journal.records.values(), key=lambda record: (record.created_at, record.id))

    def record(self, id: str) -> Record:
        """Raises `not-found`."""
        record = self._ground.journal.records.get(id)
        if record is None:
            raise Fault(Code.NOT_FOUND, f"there is no container {id}")
        return record

    def container(self, id: str, terminals: Sequence[model.Terminal] = ()) -> model.Container:
        """The container as the protocol shows it, frozen or not by the kernel's own word. Raises `not-found`."""
        record = self.record(id)
        frozen = record.state is model.State.RUNNING and self._ground.group(id).frozen()
        return record.container(terminals, self.config.node, frozen=frozen)

    def target(self, id: str, *, terminals: Sequence[model.Terminal] = (), keeper_pid: int | None = None) -> Target:
        """What the probes look at. Raises `not-found`."""
        record, place = self.record(id), self._ground.place(id)
        return Target(
            container=self.container(id, terminals),
            pid=record.pid if record.state in _LIVE else None,
            starttime=record.starttime,
            keeper_pid=keeper_pid,
            cgroup_mode=self.hierarchies.mode,
            cgroup_paths=dict(self._ground.group(id).paths),
            lowerdir=[place.layer(index) for index in range(len(record.layers))],
            upperdir=place.upper,
            workdir=place.work,
            merged=place.merged,
            layers=list(record.layers),
        )

    def _claim(self) -> None:
        """One engine a name: two would sweep each other's containers."""
        for directory, mode in (
            (self.config.run_dir, 0o711),
            (self.config.state_dir, 0o755),
            (self.config.containers_dir, 0o700),
            (self.config.mounts_dir, 0o711),
            (self.config.oci_root, 0o700),
        ):
            os.makedirs(directory, mode=mode, exist_ok=True)
        if self._lock_fd is None:
            fd = os.open(self.config.run_dir / "engine.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                raise Fault(Code.WRONG_STATE, f"another worker of the name {self.config.name} is running") from None
            self._lock_fd = fd
        files.boot_id()


def _born(record: Record, birth: Birth) -> Record:
    return replace(
        record,
        state=model.State.CREATED,
        pid=birth.pid,
        starttime=birth.starttime,
        boot_id=files.boot_id(),
        files_kept=True,
        intent=None,
        step=None,
    )


def _abandon(birth: Birth) -> None:
    """Nobody will hear of this process."""
    os.close(birth.master)
    pidfd.send(birth.pid, birth.starttime, signal.SIGKILL)


def _wrong_state(record: Record, verb: str, *, hint: str | None = None) -> Fault:
    return Fault(Code.WRONG_STATE, f"container {record.id} is {record.state} and cannot {verb}", hint=hint)
