"""What the fake worker's containers look like: snapshots with figures a real host could show."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runtime.protocol import model, xray
from tests.support import fake_walls
from tests.support.fake_layers import Layers

HOST_NS = dict(zip(model.NAMESPACE_KINDS, range(4026531832, 4026531840), strict=True))
OWN_KINDS = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup")  # a container shares the host's time namespace
HOST_ID = 1_879_048_192
KEEPER_PID = 4000
KEEPER = model.Process(
    pid=KEEPER_PID,
    ns_pids=[KEEPER_PID],
    ppid=0,
    comm="python",
    cmdline=["python", "-m", "runtime.keeper"],
    uid=0,
    state="S",
    role="keeper",
)
_pids = itertools.count(5000)
_inodes = itertools.count(4026532500)


def image(name: str, *layers: tuple[str, int]) -> model.Image:
    """An image of these (title, bytes) layers, top first."""
    found = [
        model.Layer(digest=f"sha256:{i:064x}", title=t, size_bytes=s) for i, (t, s) in enumerate(layers, len(name))
    ]
    size = sum(layer.size_bytes for layer in found)
    command = ["sh"] if name == "busybox" else ["bash"]
    title = name.capitalize()
    return model.Image(name=name, title=title, command=command, layers=found, size_bytes=size, created_at=1.7e9)


IMAGES = {
    "busybox": image("busybox", ("busybox", 1_900_000)),
    "debian": image("debian", ("teaching tools", 21_000_000), ("Debian 12, minimal", 98_000_000)),
}


@dataclass
class World:
    """One container's inside, as far as anybody looks: processes, files written, time used."""

    info: model.Container
    namespaces: dict[str, int] = field(default_factory=lambda: {kind: next(_inodes) for kind in OWN_KINDS})
    processes: dict[int, list[str]] = field(default_factory=dict)  # pid inside → argv
    host_pids: dict[int, int] = field(default_factory=dict)  # pid inside → pid outside
    cpu_usec: int = 12_000
    next_pid: int = 1
    oom_kills: int = 0
    tell: Callable[[xray.Event], None] = lambda _event: None  # says what happened, to whoever listens

    def __post_init__(self) -> None:
        self.layers = Layers(self.info)

    def spawn(self, argv: list[str]) -> int:
        """A new process; its pid inside."""
        pid, self.next_pid = self.next_pid, self.next_pid + 1
        self.processes[pid] = argv
        self.host_pids[pid] = next(_pids)
        parent = KEEPER_PID if pid == 1 else self.host_pids[1]
        self._life("born", pid, ppid=parent, comm="runc:[2:INIT]" if pid == 1 else self.processes[1][0])
        self._life("exec", pid, ppid=parent, comm=argv[0])
        return pid

    def end(self, pid: int, code: int | None = 0, signal: int | None = None, *, short: bool = False) -> None:
        """With PID 1 all end, as the kernel has it."""
        others = [each for each in self.processes if each != pid] if pid == 1 else []
        for gone, how in [*((each, (None, 9)) for each in others), (pid, (code, signal))]:
            if (argv := self.processes.pop(gone, None)) is not None:
                comm, seconds = argv[0], 0.01 if short else 1.5
                self._life("died", gone, comm=comm, code=how[0], signal=how[1], seconds=seconds, short=short or None)

    def write(self, path: str, text: str = "") -> None:
        self.tell(self.layers.write(path, text))

    def remove(self, path: str) -> bool:
        """False when there was nothing."""
        event = self.layers.remove(path)
        if event is not None:
            self.tell(event)
        return event is not None

    def oom(self, argv: list[str]) -> None:
        """Somebody wants more than there may be."""
        pid = self.spawn(argv)
        self.oom_kills += 1
        most = self.info.limits.memory_bytes
        at = f"/terrarium/{self.info.id}"
        self._life("oom", pid, comm=argv[0], bytes=most - 4096, limit_bytes=most, limit_at=at)
        self.end(pid, None, 9)

    def used_bytes(self) -> int:
        return 1_200_000 * len(self.processes)

    def usage(self) -> dict[str, xray.Usage]:
        """Of every process that the snapshot has."""
        pids = [self.host_pids[pid] for pid in self.processes]
        each = self.cpu_usec // max(1, len(pids)) // 10_000 * 10_000  # clock ticks
        found = {str(pid): xray.Usage(cpu_usec=each, rss_bytes=1_048_576) for pid in pids}
        return found | {str(KEEPER_PID): xray.Usage(cpu_usec=140_000, rss_bytes=21 * model.MIB)}

    def graph(self) -> xray.NamespaceGraph:
        return fake_walls.graph(self.namespaces, HOST_NS, self.info.pid)

    def _life(self, kind: xray.EventKind, pid: int, **more: Any) -> None:
        self.tell(xray.Event(seq=0, at=0.0, kind=kind, pid=self.host_pids[pid], ns_pid=pid, **more))

    def snapshot(self, *, whole: bool = True) -> model.Snapshot:
        """`whole` false: as a launch answers, without the walls."""
        now = time.time()
        layers = IMAGES[self.info.image].layers
        return model.Snapshot(
            taken_at=now,
            monotonic=time.monotonic(),
            boot_id="6b6f3b1e-0000-4000-8000-000000000000",
            node="local",
            info=self.info,
            container=self._view(layers, inside=True),
            host=self._view(layers, inside=False),
            gaps={"host.cgroup.io": "the blkio controller counts nothing on tmpfs"},
            usage=self.usage(),
            graph=self.graph(),
            walls=fake_walls.walls(self.info.id, HOST_ID) if whole else None,
        )

    def _view(self, layers: list[model.Layer], *, inside: bool) -> model.View:
        root = f"/run/terrarium/mnt/{self.info.id}"
        group = "/" if inside else f"/terrarium/{self.info.id}"
        processes = {
            str(self.host_pids[pid]): self._process(pid, argv, inside=inside) for pid, argv in self.processes.items()
        }
        if not inside:
            processes[str(KEEPER_PID)] = KEEPER
        namespaces = {}
        for kind in model.NAMESPACE_KINDS:
            own = self.namespaces.get(kind, HOST_NS[kind]) if inside else HOST_NS[kind]
            namespaces[kind] = model.Namespace(id=f"{kind}:[{own}]", same_as_host=own == HOST_NS[kind])
        changes = self.layers.changes()
        return model.View(
            processes=processes,
            namespaces=namespaces,
            cgroup=self._cgroup(group),
            overlay=model.Overlay(
                lowerdir=[f"{root}/layers/{index}" for index in range(len(layers))],
                upperdir=f"{root}/upper",
                workdir=f"{root}/work",
                merged="/" if inside else f"{root}/merged",
                options=f"rw,lowerdir={root}/layers,upperdir={root}/upper",
                layers=layers,
                changes=changes,
                changes_truncated=False,
                upper_used_bytes=sum(change.blocks_bytes for change in changes.values()),
                upper_limit_bytes=self.info.limits.disk_bytes,
            ),
        )

    def _process(self, pid: int, argv: list[str], *, inside: bool) -> model.Process:
        host_pid = self.host_pids[pid]
        parent = KEEPER_PID if pid == 1 else self.host_pids.get(1, 0)
        return model.Process(
            pid=pid if inside else host_pid,
            ns_pids=[host_pid, pid],
            ppid=(0 if pid == 1 else 1) if inside else parent,
            comm=argv[0].rsplit("/", 1)[-1][:15],
            cmdline=argv,
            uid=0 if inside else HOST_ID,
            state="S",
            threads=1,
            starttime=1000 + pid,
            role="init" if pid == 1 else "",
        )

    def _cgroup(self, group: str) -> model.Cgroup:
        limits = self.info.limits
        used = self.used_bytes()
        return model.Cgroup(
            mode="hybrid",
            paths=dict.fromkeys(("memory", "cpu", "pids", "blkio"), group),
            memory={
                "memory.usage_in_bytes": used,
                "memory.limit_in_bytes": limits.memory_bytes,
                "memory.stat": {"total_rss": used - 8192, "total_cache": 8192, "total_inactive_file": 4096},
                "meminfo": {"MemTotal": 8 << 30, "MemAvailable": 5 << 30},
            },
            cpu={"cpuacct.usage": self.cpu_usec * 1000, "cpu.cfs_quota_us": int(limits.cpus * 100_000)},
            pids={"pids.current": len(self.processes), "pids.max": limits.pids},
            io={},
            summary=model.Summary(
                memory_bytes=used,
                memory_limit_bytes=limits.memory_bytes,
                memory_peak_bytes=used,
                oom_kills=self.oom_kills,
                cpu_usage_usec=self.cpu_usec,
                cpu_quota_usec=int(limits.cpus * 100_000),
                cpu_period_usec=100_000,
                nr_periods=0,
                nr_throttled=0,
                throttled_usec=0,
                pids_current=len(self.processes),
                pids_max=limits.pids,
            ),
            sources={"memory_bytes": "memory/memory.usage_in_bytes", "pids_current": "pids/pids.current"},
            frozen=self.info.frozen,
            effective={"memory_bytes": model.Effective(value=limits.memory_bytes, at=group, own=True)},
        )
