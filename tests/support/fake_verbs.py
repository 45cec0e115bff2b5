"""What the fake worker does for each request: one function a verb, over records in memory."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from runtime.errors import Code, Fault
from runtime.protocol import VERSION, messages, model, xray
from runtime.server.happenings import Happenings
from tests.support.fake_exec import execute
from tests.support.fake_shell import Shell
from tests.support.fake_world import IMAGES, World

TICKET_SECONDS = 60.0
WALLS = {  # panel → key → file, manual page
    "mounts": {"mountinfo": ("/proc/1/mountinfo", "proc_pid_mountinfo(5)")},
    "devices": {"dev": ("/dev", "null(4)")},
    "identity": {
        "uid_map": ("/proc/1/uid_map", "user_namespaces(7)"),
        "gid_map": ("/proc/1/gid_map", "user_namespaces(7)"),
        "status": ("/proc/1/status", "proc_pid_status(5)"),
        "attr/current": ("/proc/1/attr/current", "proc_pid_attr(5)"),
        "seccomp": ("/run/terrarium/config.json", "seccomp(2)"),
    },
    "network": {
        "dev": ("/proc/1/net/dev", "proc_pid_net(5)"),
        "route": ("/proc/1/net/route", "proc_pid_net(5)"),
        "links": ("rtnetlink", "rtnetlink(7)"),
        "sockets": ("/proc/1/net/tcp", "proc_pid_net(5)"),
    },
}


@dataclass
class Held:
    """A container: its record is `world.info`, its terminals' shells by terminal id, the console first."""

    world: World
    shells: dict[str, Shell] = field(default_factory=dict)
    watchers: set[asyncio.Event] = field(default_factory=set)


@dataclass(frozen=True)
class Permit:
    """What a ticket allows."""

    container: str
    terminal: str
    user: str
    role: str
    expires_at: float
    name: str = ""
    guest: bool = False


class Store:
    """All that the worker knows; touched in its own thread only."""

    def __init__(self, max_containers: int) -> None:
        self.max_containers = max_containers
        self.containers: dict[str, Held] = {}
        self.tickets: dict[str, Permit] = {}
        self.recordings: dict[str, Any] = {}  # fake_recordings.Reel by id
        self.started_at = time.time()
        self.happenings = Happenings()
        self.uploads: dict[str, Any] = {}  # files under way: `fake_transfers.Upload` by name
        self.downloads: dict[str, str] = {}  # the text of each as it was at its first part
        self.jobs: list[str] = []  # what a test wants to be in the foreground of every terminal

    def find(self, id: str, owner: str | None) -> Held:
        held = self.containers.get(id)
        if held is None or owner not in (None, held.world.info.owner):
            raise Fault(Code.NOT_FOUND, f"no container {id}")
        return held

    def running(self, id: str, owner: str | None) -> Held:
        held = self.find(id, owner)
        if held.world.info.state is not model.State.RUNNING:
            text = f"container {id} is {held.world.info.state} and cannot be entered"
            raise Fault(Code.WRONG_STATE, text, hint="Start it first.")
        return held

    def changed(self, held: Held) -> None:
        """Bring the record up to date with its processes, and wake the watchers."""
        info = held.world.info
        console = next(iter(held.shells.values()))
        if console.exit is not None and info.state is model.State.RUNNING:
            end = model.Exit(at=time.time(), code=console.exit.code, signal=console.exit.signal)
            info = msgspec.structs.replace(info, state=model.State.STOPPED, pid=None, exit=end, frozen=False)
            held.world.tell(xray.Event(seq=0, at=0.0, kind="state", reason="stopped"))
            for shell in list(held.shells.values())[1:]:
                shell.finish(None, 9)
        terminals = [
            msgspec.structs.replace(
                terminal,
                exit=None
                if (body := held.shells[terminal.id].exit) is None
                else model.Exit(at=time.time(), code=body.code, signal=body.signal),
            )
            for terminal in info.terminals
        ]
        held.world.info = msgspec.structs.replace(info, terminals=terminals)
        for watcher in held.watchers:
            watcher.set()

    def open_shell(self, held: Held, argv: list[str], cols: int, rows: int, *, console: bool) -> model.Terminal:
        pid = held.world.spawn(argv)
        terminal = model.Terminal(
            id=secrets.token_hex(6),
            argv=argv,
            console=console,
            pid=held.world.host_pids[pid],
            created_at=time.time(),
        )
        held.shells[terminal.id] = Shell(held.world, pid, cols, rows)
        info = held.world.info
        held.world.info = msgspec.structs.replace(info, terminals=[*info.terminals, terminal])
        return terminal

    def run_init(self, held: Held, cols: int, rows: int) -> messages.Launched:
        world = held.world
        world.next_pid, world.processes, held.shells = 1, {}, {}
        world.info = msgspec.structs.replace(world.info, terminals=[])
        console = self.open_shell(held, world.info.command, cols, rows, console=True)
        world.info = msgspec.structs.replace(
            world.info, state=model.State.RUNNING, pid=console.pid, started_at=time.time(), exit=None
        )
        world.tell(xray.Event(seq=0, at=0.0, kind="state", reason="running"))
        self.changed(held)
        return messages.Launched(container=world.info, terminal=console.id, snapshot=world.snapshot(whole=False))


# -- one function a verb ----------------------------------------------------------------------------------------------


async def ping(store: Store, _: messages.Ping) -> messages.Reply:
    return messages.Pong(
        info=model.Info(
            version=VERSION,
            node="local",
            boot_id="6b6f3b1e-0000-4000-8000-000000000000",
            pid=4001,
            started_at=store.started_at,
            cgroup_mode="hybrid",
            kernel="6.1.0",
            oci_runtime="runc 1.1.5",
            containers=len(store.containers),
        )
    )


async def images(_store: Store, _: messages.ListImages) -> messages.Reply:
    return messages.Images(images=list(IMAGES.values()))


def running_already(held: Held) -> messages.Launched:
    info = held.world.info
    return messages.Launched(container=info, terminal=info.terminals[0].id, snapshot=held.world.snapshot())


async def launch(store: Store, request: messages.Launch) -> messages.Reply:
    held = store.containers.get(request.id)
    if held is not None:
        if held.world.info.owner != request.owner:
            raise Fault(Code.ALREADY_EXISTS, f"container {request.id} exists")
        return running_already(held)
    if request.image not in IMAGES:
        raise Fault(Code.NOT_FOUND, f"no image {request.image}", field="image")
    if len(store.containers) >= store.max_containers:
        raise Fault(Code.NO_CAPACITY, f"{store.max_containers} containers are the most here")
    info = model.Container(
        id=request.id,
        name=request.name,
        owner=request.owner,
        image=request.image,
        command=request.command or IMAGES[request.image].command,
        state=model.State.CREATED,
        pid=None,
        created_at=time.time(),
        started_at=None,
        limits=request.limits,
        host_id=1_879_048_192,
    )
    store.containers[request.id] = Held(World(info, tell=lambda event: store.happenings.tell(info.id, event)))
    return store.run_init(store.containers[request.id], request.cols, request.rows)


async def start(store: Store, request: messages.Start) -> messages.Reply:
    held = store.find(request.id, request.owner)
    if held.world.info.state is model.State.RUNNING:
        return running_already(held)
    return store.run_init(held, request.cols, request.rows)


async def stop(store: Store, request: messages.Stop) -> messages.Reply:
    held = store.find(request.id, request.owner)
    next(iter(held.shells.values())).finish(None, 15)
    store.changed(held)
    return messages.One(container=held.world.info)


async def delete(store: Store, request: messages.Delete) -> messages.Reply:
    held = store.containers.get(request.id)
    if held is not None:
        store.find(request.id, request.owner)
        for shell in held.shells.values():
            shell.finish(None, 9)
        store.happenings.flush(request.id)
        store.happenings.forget(request.id)
        del store.containers[request.id]
        for watcher in held.watchers:
            watcher.set()
    return messages.Done()


async def get(store: Store, request: messages.Get) -> messages.Reply:
    return messages.One(container=store.find(request.id, request.owner).world.info)


async def list_all(store: Store, request: messages.List) -> messages.Reply:
    found = [held.world.info for held in store.containers.values()]
    return messages.Many(containers=[info for info in found if request.owner in (None, info.owner)])


async def run(store: Store, request: messages.Exec) -> messages.Reply:
    held = store.running(request.id, request.owner)
    return messages.Executed(result=await execute(held.world, request))


async def open_terminal(store: Store, request: messages.OpenTerminal) -> messages.Reply:
    held = store.running(request.id, request.owner)
    argv = request.argv or IMAGES[held.world.info.image].command
    if argv[0].rsplit("/", 1)[-1] not in {"sh", "bash", "ash"}:
        raise Fault(Code.SPAWN_FAILED, f"no program {argv[0]} in the container", field="argv")
    terminal = store.open_shell(held, argv, request.cols, request.rows, console=False)
    store.changed(held)
    return messages.Opened(terminal=terminal)


async def close_terminal(store: Store, request: messages.CloseTerminal) -> messages.Reply:
    held = store.find(request.id, request.owner)
    shell = held.shells.get(request.terminal)
    if shell is None:
        raise Fault(Code.NOT_FOUND, f"no terminal {request.terminal}", field="terminal")
    if shell is next(iter(held.shells.values())):
        raise Fault(Code.WRONG_STATE, "the console ends with its container")
    shell.finish(None, 1)
    del held.shells[request.terminal]
    info = held.world.info
    rest = [terminal for terminal in info.terminals if terminal.id != request.terminal]
    held.world.info = msgspec.structs.replace(info, terminals=rest)
    store.changed(held)
    return messages.Done()


async def ticket(store: Store, request: messages.MintTicket) -> messages.Reply:
    held = store.find(request.id, request.owner)
    if request.terminal not in held.shells:
        raise Fault(Code.NOT_FOUND, f"no terminal {request.terminal}", field="terminal")
    secret, expires = secrets.token_urlsafe(16), time.time() + TICKET_SECONDS
    store.tickets[secret] = Permit(
        request.id, request.terminal, request.user, request.role, expires, request.name, request.guest
    )
    return messages.Ticket(ticket=secret, expires_at=expires)


async def dismiss(store: Store, request: messages.Dismiss) -> messages.Reply:
    held = store.find(request.id, request.owner)
    for secret, permit in list(store.tickets.items()):
        place = (permit.container, permit.terminal) == (request.id, request.terminal)
        if place and permit.guest and (not request.users or permit.user in request.users):
            del store.tickets[secret]
    if request.terminal in held.shells:
        held.shells[request.terminal].helm.dismiss(request.users)
    return messages.Done()


async def snapshot(store: Store, request: messages.TakeSnapshot) -> messages.Reply:
    return messages.Watched(seq=0, snapshot=store.find(request.id, request.owner).world.snapshot())


async def source(store: Store, request: messages.Source) -> messages.Reply:
    world = store.find(request.id, request.owner).world
    if request.panel == "namespaces" and request.key in model.NAMESPACE_KINDS:
        seen = world.snapshot()
        side = seen.container if request.side == "container" else seen.host
        path = f"/proc/{world.info.pid}/ns/{request.key}"
        raw, man = side.namespaces[request.key].id or "", "namespaces(7)"
    elif request.panel == "processes" and request.key in world.snapshot().host.processes:
        path, raw, man = f"/proc/{request.key}/status", "Name:\tsh\n", "proc_pid_status(5)"
    elif request.panel == "cgroup" and request.key.count("/") == 1 and ".." not in request.key:
        path, raw, man = f"/sys/fs/cgroup/{request.key}", "42\n", "cgroups(7)"
    elif request.key in WALLS.get(request.panel, {}):
        path, man = WALLS[request.panel][request.key]
        raw = "0 1879048192 65536\n"
    else:
        raise Fault(Code.NOT_FOUND, f"no source {request.key}", field="key")
    text = model.SourceText(
        path=path, raw=raw, truncated=False, man=man, command_host=f"cat {path}", command_container=None
    )
    return messages.Sourced(source=text)


async def doctor(_store: Store, _: messages.Doctor) -> messages.Reply:
    return messages.Diagnosis(checks=[model.Check(name="kernel", level="ok", detail="a fake")])


HANDLERS: dict[type[messages.Request], Callable[[Store, Any], Awaitable[messages.Reply]]] = {
    messages.Ping: ping,
    messages.ListImages: images,
    messages.Launch: launch,
    messages.Start: start,
    messages.Stop: stop,
    messages.Delete: delete,
    messages.Get: get,
    messages.List: list_all,
    messages.Exec: run,
    messages.OpenTerminal: open_terminal,
    messages.CloseTerminal: close_terminal,
    messages.MintTicket: ticket,
    messages.Dismiss: dismiss,
    messages.TakeSnapshot: snapshot,
    messages.Source: source,
    messages.Doctor: doctor,
}
