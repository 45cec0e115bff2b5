"""Trees of files that look like /proc and like cgroupfs: worlds for probes that need no root and no kernel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.protocol import model
from runtime.protocol.model import NAMESPACE_KINDS

RECORDED = Path(__file__).parent / "recorded"
HOST_NAMESPACES = {kind: f"{kind}:[40265318{number}]" for number, kind in enumerate(NAMESPACE_KINDS, 30)}
OWN_NAMESPACES = {kind: f"{kind}:[40265324{number}]" for number, kind in enumerate(NAMESPACE_KINDS, 10)}


class ProcTree:
    """A /proc in which processes are born and end by hand. Namespaces: kind → link text."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "sys/kernel/random").mkdir(parents=True)
        (root / "sys/kernel/random/boot_id").write_text("5c0c9f0e-6d0b-4c6f-9b0a-5b7f8d1e2a3c\n")
        self._namespaces(root / "self", HOST_NAMESPACES)

    @property
    def proc(self) -> procfs.Proc:
        return procfs.Proc(str(self.root))

    def process(
        self,
        pid: int,
        *,
        ppid: int = 1,
        ns_pids: tuple[int, ...] = (),
        comm: bytes = b"sh",
        cmdline: bytes = b"sh\0",
        uid: int = 0,
        state: str = "S",
        threads: int = 1,
        starttime: int = 1000,
        ticks: tuple[int, int] = (0, 0),
        pages: int = 0,
        namespaces: dict[str, str] | None = None,
        uid_map: str = "         0          0 4294967295\n",
        mountinfo: str = "",
    ) -> None:
        """Let a process be there; called again for the same pid, let it have become this."""
        directory = self.root / str(pid)
        (directory / "task" / str(pid)).mkdir(parents=True, exist_ok=True)
        # ppid, what nobody reads, utime and stime (14, 15), num_threads (20), starttime (22), vsize, rss (24)
        numbers = [ppid, *[0] * 9, *ticks, *[0] * 4, threads, 0, starttime, 0, pages, 0]
        tail = " ".join([state, *map(str, numbers)])
        (directory / "stat").write_bytes(b"%d (%s) %s\n" % (pid, comm, tail.encode()))
        nspid = "\t".join(map(str, ns_pids or (pid,)))
        (directory / "status").write_text(
            f"Name:\tx\nPPid:\t{ppid}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nNSpid:\t{nspid}\n"
        )
        (directory / "cmdline").write_bytes(cmdline)
        (directory / "uid_map").write_text(uid_map)
        (directory / "mountinfo").write_text(mountinfo)
        (directory / "task" / str(pid) / "children").touch()
        self._namespaces(directory, namespaces or HOST_NAMESPACES)
        parent = self.root / str(ppid) / "task" / str(ppid) / "children"
        if parent.exists() and str(pid) not in parent.read_text().split():
            parent.write_text(f"{parent.read_text()}{pid} ")

    def end(self, pid: int) -> None:
        """Take a process away, with its name in its parent's list."""
        directory = self.root / str(pid)
        for path in sorted(directory.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        directory.rmdir()
        for children in self.root.glob("*/task/*/children"):
            left = [child for child in children.read_text().split() if child != str(pid)]
            children.write_text("".join(f"{child} " for child in left))

    def _namespaces(self, directory: Path, namespaces: dict[str, str]) -> None:
        (directory / "ns").mkdir(parents=True, exist_ok=True)
        for kind, name in namespaces.items():
            link = directory / "ns" / kind
            link.unlink(missing_ok=True)
            link.symlink_to(name)


def recorded(name: str) -> dict[str, str]:
    """File → text, of files that a real kernel wrote: `v2` and `hybrid`."""
    parts = (RECORDED / f"{name}.txt").read_text().split("=== ")[1:]
    return {head: text for head, _, text in (part.partition("\n") for part in parts)}


def cgroup_tree(root: Path, mode: Literal["v1", "v2", "hybrid"], group: str = "terrarium/c") -> dict[str, str]:
    """A cgroup's directories below `root`, filled with recorded files. Returns them by controller."""
    paths: dict[str, str] = {}
    for name, text in recorded("v2" if mode == "v2" else "hybrid").items():
        controller, _, file = name.rpartition("/")
        controller = controller or "unified"
        if mode == "v1" and controller == "unified":
            continue
        directory = root / controller / group
        directory.mkdir(parents=True, exist_ok=True)
        (directory / file).write_text(text)
        paths[controller] = str(directory)
    for directory_ in paths.values():
        (Path(directory_) / "cgroup.procs").write_text("")
    return paths


def members(paths: dict[str, str], *pids: int) -> None:
    """Write `cgroup.procs` of all directories."""
    for directory in paths.values():
        (Path(directory) / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))


def container(pid: int | None = 500, **fields: object) -> model.Container:
    values: dict[str, object] = {
        "id": "k3v9q2m7x4t8b1zc",
        "name": "quiet-fern",
        "owner": "ada",
        "image": "busybox",
        "command": ["sh"],
        "state": model.State.RUNNING if pid else model.State.STOPPED,
        "pid": pid,
        "created_at": 1.0,
        "started_at": 2.0,
        "limits": model.Limits(),
        "host_id": 1_879_048_192,
        **fields,
    }
    return model.Container(**values)  # type: ignore[arg-type]


@dataclass
class World:
    """A host with one container: keeper 400, PID 1 500, as `target` says."""

    tree: ProcTree
    paths: dict[str, str]
    target: Target

    def write(self, file: str, text: str) -> None:
        """Let a file of the container's cgroup say something else: `pids/pids.current`."""
        controller, _, name = file.partition("/")
        Path(self.paths[controller], name).write_text(text)


UID_MAP = "         0 1879048192      65536\n"


def world(root: Path, mode: Literal["v1", "v2", "hybrid"] = "hybrid") -> World:
    """The host's first process 1, a manager 300, the keeper 400, the container's PID 1 500 and its child 501."""
    tree = ProcTree(root / "proc")
    paths = cgroup_tree(root / "cgroup", mode)
    tree.process(1, ppid=0, comm=b"systemd", cmdline=b"/sbin/init\0--secret\0")
    tree.process(300, ppid=1, comm=b"manager", cmdline=b"manager\0--password=x\0")
    tree.process(400, ppid=300, comm=b"keeper", cmdline=b"python3\0-m\0runtime.keeper\0")
    tree.process(
        500, ppid=400, ns_pids=(500, 1), uid=1_879_048_192, namespaces=OWN_NAMESPACES, uid_map=UID_MAP, starttime=5000
    )
    tree.process(
        501, ppid=500, ns_pids=(501, 7), uid=1_879_048_192 + 33, comm=b"sleep", cmdline=b"sleep\0009\0",
        namespaces=OWN_NAMESPACES, uid_map=UID_MAP, starttime=5001,
    )  # fmt: skip
    members(paths, 500, 501)
    target = Target(
        container=container(),
        pid=500,
        starttime=5000,
        keeper_pid=400,
        cgroup_mode=mode,
        cgroup_paths=paths,
        merged="/run/terrarium/mnt/k3v9q2m7x4t8b1zc/merged",
    )
    return World(tree, paths, target)
