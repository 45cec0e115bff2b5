"""The X-ray's verbs of the fake worker: one thing closely, other limits, the host, counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from runtime.errors import Code, Fault
from runtime.protocol import messages, model, pty, xray
from runtime.protocol.terminals import Histogram
from tests.support.fake_verbs import Store
from tests.support.fake_walls import HOST_MOUNT
from tests.support.fake_world import HOST_NS, IMAGES, KEEPER, World

FIRST = model.Process(
    pid=1, ns_pids=[1], ppid=0, comm="systemd", cmdline=["/sbin/init"], uid=0, state="S", role="first"
)
STRANGERS = [
    model.Process(pid=pid, ns_pids=[pid], ppid=1, comm=argv[0], cmdline=argv, uid=uid, state="S")
    for pid, uid, argv in ((612, 0, ["sshd", "-D"]), (740, 1000, ["psql", "--password=secret"]))
]


async def inspect(store: Store, request: messages.Inspect) -> messages.Reply:
    world = store.find(request.id, request.owner).world
    process = world.snapshot().host.processes.get(str(request.pid))
    if process is None:
        raise Fault(Code.NOT_FOUND, f"no process {request.pid} in container {request.id}", field="pid")
    inside = len(process.ns_pids) > 1
    usage = world.usage()
    detail = xray.ProcessDetail(
        pid=process.pid,
        ns_pids=process.ns_pids,
        comm=process.comm,
        state=process.state,
        role=process.role,
        started_at=world.info.started_at or world.info.created_at,
        cmdline=process.cmdline,
        exe="/bin/busybox" if inside else None,
        cwd="/" if inside else None,
        root="/" if inside else None,
        uids=[process.uid or 0] * 4,
        gids=[process.uid or 0] * 4,
        uids_inside=[0] * 4 if inside else None,
        gids_inside=[0] * 4 if inside else None,
        groups=[],
        threads=[
            xray.Thread(
                tid=process.pid,
                ns_tid=process.ns_pids[-1] if inside else None,
                comm=process.comm,
                state=process.state,
                cpu_usec=usage[str(process.pid)].cpu_usec,
            )
        ],
        namespaces=world.graph().own if inside else {kind: f"{kind}:[{inode}]" for kind, inode in HOST_NS.items()},
        cgroups={"memory": f"/terrarium/{world.info.id}" if inside else "/"},
        capabilities={"effective": ["CAP_CHOWN", "CAP_KILL"]},
        no_new_privs=inside,
        seccomp=2 if inside else 0,
        open_files=3,
        rss_bytes=usage[str(process.pid)].rss_bytes,
    )
    return messages.Inspected(process=detail)


async def look_at_host(store: Store, request: messages.LookAtHost) -> messages.Reply:
    """A student sees the first process and ours."""
    ours = [FIRST, KEEPER]
    everyone = ours + STRANGERS
    for held in store.containers.values():
        everyone += held.world.snapshot().host.processes.values()
    seen = everyone if request.sight == "host" else ours
    processes = {str(process.pid): process for process in seen}
    view = model.HostView(
        totals=xray.HostTotals(
            processes=len(everyone),
            threads=len(everyone) * 2,
            containers=len(store.containers),
            mounts=41,
            namespaces={kind: 1 + len(store.containers) * (kind != "time") for kind in HOST_NS},
        ),
        processes=processes,
        usage={pid: xray.Usage(cpu_usec=9000, rss_bytes=8 * model.MIB) for pid in processes},
        mounts={"25": HOST_MOUNT},
        complete=request.sight == "host",
    )
    return messages.HostSeen(host=view)


async def freeze(store: Store, request: messages.Freeze) -> messages.Reply:
    held = store.running(request.id, request.owner)
    info = held.world.info
    if info.frozen != request.frozen:
        held.world.info = msgspec.structs.replace(info, frozen=request.frozen)
        held.world.tell(xray.Event(seq=0, at=0.0, kind="frozen" if request.frozen else "thawed"))
        store.changed(held)
    return messages.One(container=held.world.info)


async def set_limits(store: Store, request: messages.SetLimits) -> messages.Reply:
    held = store.find(request.id, request.owner)
    before, after = held.world.info.limits, request.limits
    used = held.world.used_bytes()
    if after.memory_bytes < used:
        text = f"memory_bytes of {after.memory_bytes} is less than the {used} in use"
        raise Fault(Code.INVALID_SPEC, text, field="memory_bytes")
    held.world.info = msgspec.structs.replace(held.world.info, limits=after)
    changes = [
        f"{name.removesuffix('_bytes')} {getattr(before, name)} → {getattr(after, name)}"
        for name in ("memory_bytes", "cpus", "pids", "disk_bytes")
        if getattr(before, name) != getattr(after, name)
    ]
    if changes:
        held.world.tell(xray.Event(seq=0, at=0.0, kind="limits", reason=", ".join(changes)))
    store.changed(held)
    return messages.One(container=held.world.info)


async def read_file(store: Store, request: messages.ReadFile) -> messages.Reply:
    world = store.find(request.id, request.owner).world
    layers = len(IMAGES[world.info.image].layers)
    return messages.FileSeen(file=world.layers.view(request.path, request.layer, layers))


async def trace(store: Store, request: messages.Trace) -> messages.Reply:
    world = store.find(request.id, request.owner).world
    return messages.Traced(provenance=world.layers.provenance(request.path, IMAGES[world.info.image].layers))


async def read_seccomp(store: Store, request: messages.ReadSeccomp) -> messages.Reply:
    store.find(request.id, request.owner)
    rules = [
        xray.SeccompRule(names=["close", "openat", "read", "write"], action="SCMP_ACT_ALLOW"),
        xray.SeccompRule(names=["clone"], action="SCMP_ACT_ALLOW", args=["arg0 & 0x7e020000 == 0"]),
        xray.SeccompRule(names=["clone3"], action="SCMP_ACT_ERRNO", errno="ENOSYS"),
    ]
    seccomp = xray.Seccomp(
        default_action="SCMP_ACT_ERRNO", default_errno="EPERM", architectures=["SCMP_ARCH_X86_64"], rules=rules
    )
    return messages.SeccompSeen(seccomp=seccomp)


async def measure(store: Store, _: messages.Measure) -> messages.Reply:
    running = [held.world for held in store.containers.values() if held.world.info.state is model.State.RUNNING]
    return messages.Measured(meters=[_meter(world) for world in running], terminals=_terminals(store))


def _terminals(store: Store) -> messages.TerminalMeters:
    shells = [shell for held in store.containers.values() for shell in held.shells.values()]
    roles = Counter("guest" if viewer.guest else viewer.role for shell in shells for viewer in shell.viewers)
    return messages.TerminalMeters(
        sessions=len(shells),
        viewers=dict(roles),
        pty_read_bytes=sum(len(shell.output) for shell in shells),
        sent_bytes=1_000_000,
        replay_bytes=4096,
        paused_seconds=1.5,
        lag_gaps=2,
        input_dropped=1,
        attach_failures={"ticket": 3},
        ring_bytes=len(shells) * pty.RING_BYTES,
        keeper_fds=2 * len(shells),
        recordings=0,
        unacked_bytes=Histogram(bounds=[4096, 65536], counts=[5, 2, 1], sum=250_000),
        echo_seconds=Histogram(bounds=[0.001, 0.01], counts=[90, 9, 1], sum=0.25),
    )


def _meter(world: World) -> xray.Meter:
    info, used = world.info, world.used_bytes()
    return xray.Meter(
        id=info.id,
        name=info.name,
        image=info.image,
        started_at=info.started_at,
        cpu_usage_seconds=world.cpu_usec / 1e6,
        cpu_user_seconds=world.cpu_usec / 2e6,
        cpu_system_seconds=world.cpu_usec / 2e6,
        cfs_periods=40,
        cfs_throttled_periods=3,
        cfs_throttled_seconds=0.125,
        cpu_quota_cores=info.limits.cpus,
        memory_usage_bytes=used,
        memory_working_set_bytes=used - 4096,
        memory_rss_bytes=used // 2,
        memory_cache_bytes=4096,
        memory_max_usage_bytes=used,
        memory_limit_bytes=info.limits.memory_bytes,
        oom_events=world.oom_kills,
        processes=len(world.processes),
        threads=len(world.processes),
        threads_max=info.limits.pids,
        fs_usage_bytes=sum(change.blocks_bytes for change in world.layers.changes().values()),
        fs_limit_bytes=info.limits.disk_bytes,
        network_receive_bytes=0,
        network_transmit_bytes=0,
        pressure={"cpu waiting": 0.25, "memory waiting": 0.0, "memory stalled": 0.0},
    )


LOOKS: dict[type[messages.Request], Callable[[Store, Any], Awaitable[messages.Reply]]] = {
    messages.Inspect: inspect,
    messages.LookAtHost: look_at_host,
    messages.Freeze: freeze,
    messages.SetLimits: set_limits,
    messages.ReadFile: read_file,
    messages.Trace: trace,
    messages.ReadSeccomp: read_seccomp,
    messages.Measure: measure,
}
