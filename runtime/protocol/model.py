"""What a container is, and what can be seen of it. Names are the kernel's and OCI's own.

Every figure that the kernel may refuse is `None` when it cannot be had, and named in `Snapshot.gaps` with the
reason. Sizes are bytes, times are seconds since the epoch unless the name says otherwise.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from runtime.protocol import xray

MIB = 1024 * 1024

NAMESPACE_KINDS = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time")
"""The eight kinds, as `/proc/PID/ns` spells them (namespaces(7))."""

Figure = int | float | str | None | dict[str, int | float | str | None]
"""One kernel file: a number, a word such as `max`, or a keyed file such as `cpu.stat`."""


class State(StrEnum):
    """The four states of the OCI runtime specification."""

    CREATING = "creating"
    CREATED = "created"
    RUNNING = "running"
    STOPPED = "stopped"


class Limits(Struct, frozen=True, kw_only=True):
    """What a container may use. `cpus`: 1.0 is one core. `disk_bytes` bounds the upper layer."""

    memory_bytes: int = 256 * MIB
    cpus: float = 0.5
    pids: int = 128
    disk_bytes: int = 128 * MIB


class Exit(Struct, frozen=True, kw_only=True):
    """How a process ended. `code` is null where it is not known, and `reason` then says why; never a made-up 0."""

    at: float
    code: int | None = None
    signal: int | None = None
    oom: bool = False
    reason: str | None = None


class Terminal(Struct, frozen=True, kw_only=True):
    """A pty of a container. `console` is PID 1's own; the others were opened beside it."""

    id: str
    argv: list[str]
    console: bool
    pid: int | None = None
    exit: Exit | None = None
    created_at: float = 0.0
    name: str = ""  # a person's; empty: none was given


class Container(Struct, frozen=True, kw_only=True):
    """One container as the worker knows it. `pid` is PID 1 as the host counts it, null unless it runs.

    `files_kept` is false for a stopped container whose upper layer went with the keeper: started again, it begins with
    the image's files alone.
    """

    id: str
    name: str
    owner: str
    image: str
    command: list[str]
    state: State
    pid: int | None
    created_at: float
    started_at: float | None
    limits: Limits
    exit: Exit | None = None
    files_kept: bool = True
    frozen: bool = False  # its cgroup's freezer holds every process still
    terminals: list[Terminal] = []
    host_id: int = 0  # the host's uid of the container's root: start of its range of 65,536
    generation: int = 1
    node: str = "local"
    tier: str = "T1"


class Layer(Struct, frozen=True, kw_only=True):
    """One read-only layer of an image, by digest (`sha256:…`), top first in every list.

    `size_bytes` adds up its files' sizes, each inode once; `blocks_bytes` is what it really takes on the disk it was
    built on, null for one that was built before that was measured.
    """

    digest: str
    title: str
    size_bytes: int
    blocks_bytes: int | None = None


class Image(Struct, frozen=True, kw_only=True):
    """An image that can be launched. `command` is what runs when a request names none."""

    name: str
    title: str
    command: list[str]
    layers: list[Layer]
    size_bytes: int
    created_at: float


class Process(Struct, frozen=True, kw_only=True):
    """One process as one side sees it.

    `pid`, `ppid` and `uid` are that side's numbers; `ns_pids` is `NSpid:` of /proc/PID/status, outermost first
    (proc(5)). `ppid` is 0 where the parent is outside the view. `starttime` is in clock ticks since boot: with the
    pid it is the process's identity. `role` names what the process is to us: `keeper`, `worker`, `init` (PID 1
    inside), `terminal`, `exec`, `host-init` (the host's PID 1, of which only the first word of the command line is
    told, as of whatever is not ours), or empty.
    """

    pid: int
    ns_pids: list[int]
    ppid: int
    comm: str
    cmdline: list[str]
    uid: int | None
    state: str
    threads: int | None = None
    starttime: int = 0
    role: str = ""


class Namespace(Struct, frozen=True, kw_only=True):
    """`id` as readlink(1) prints it (`mnt:[4026531832]`). `same_as_host` is null when it cannot be told."""

    id: str | None
    same_as_host: bool | None


class Summary(Struct, frozen=True, kw_only=True):
    """The same figures on every kind of host, for charts and bars; null limit: none is set."""

    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    memory_peak_bytes: int | None = None
    oom_kills: int | None = None
    cpu_usage_usec: int | None = None
    cpu_quota_usec: int | None = None
    cpu_period_usec: int | None = None
    nr_periods: int | None = None
    nr_throttled: int | None = None
    throttled_usec: int | None = None
    pids_current: int | None = None
    pids_max: int | None = None
    io_read_bytes: int | None = None
    io_write_bytes: int | None = None


class Effective(Struct, frozen=True, kw_only=True):
    """The limit that bites: the least over a cgroup and its ancestors. `at`: whose it is, as the host names it."""

    value: int
    at: str
    own: bool


class Cgroup(Struct, frozen=True, kw_only=True):
    """One cgroup's files by controller, under the kernel's own names (`memory.max`, or v1's `memory.limit_in_bytes`).

    `paths`: controller → directory, as this side names it. `sources`: field of `Summary` → `controller/file`, the
    key a `Source` request takes. `effective`: `memory_bytes`, `pids` → the limit that bites, where there is one.
    """

    mode: Literal["v1", "v2", "hybrid"]
    paths: dict[str, str]
    memory: dict[str, Figure]
    cpu: dict[str, Figure]
    pids: dict[str, Figure]
    io: dict[str, Figure]
    summary: Summary
    sources: dict[str, str]
    frozen: bool | None = None
    effective: dict[str, Effective] = {}


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the upper layer: how it got there, what it is, and the blocks it really takes.

    `redirect`: the name in the layers below, of a directory renamed with `redirect_dir=on`. `metacopy`: owner and mode
    were copied up, the data was not. Our own mounts have neither; absent where they do not apply.
    """

    kind: Literal["created", "copied_up", "deleted", "opaque"]
    type: xray.FileType
    size_bytes: int
    blocks_bytes: int
    redirect: str | None = None
    metacopy: bool | None = None


class Overlay(Struct, frozen=True, kw_only=True):
    """The root file system's mount. Directories as the host names them; `merged` is `/` on the container's side.

    `layers` pairs with `lowerdir`, top first. `changes` maps paths inside (`/etc/motd`) and is cut at 500 entries.
    """

    lowerdir: list[str]
    upperdir: str | None
    workdir: str | None
    merged: str
    options: str | None
    layers: list[Layer]
    changes: dict[str, Change]
    changes_truncated: bool
    upper_used_bytes: int | None
    upper_limit_bytes: int | None
    upper_used_inodes: int | None = None
    upper_limit_inodes: int | None = None


class View(Struct, frozen=True, kw_only=True):
    """A container from one side. Both sides key a process by its host pid: equal keys are one process."""

    processes: dict[str, Process]
    namespaces: dict[str, Namespace]
    cgroup: Cgroup
    overlay: Overlay


class Snapshot(Struct, frozen=True, kw_only=True):
    """Container and host from one pass of the sampler. `gaps`: `host.cgroup.io.…` → why it is null.

    What is neither side's alone stands beside them: `usage` of each process by its host pid, namespaces as objects in
    `graph`, and the `walls`, null in the snapshot that a launch answers with.
    """

    taken_at: float
    monotonic: float
    boot_id: str
    node: str
    info: Container
    container: View
    host: View
    gaps: dict[str, str]
    usage: dict[str, xray.Usage] = {}
    graph: xray.NamespaceGraph | None = None
    walls: xray.Walls | None = None


class HostView(Struct, frozen=True, kw_only=True):
    """The machine around all containers.

    `processes`: what the viewer may see of them, by pid; with the sight of a student the first process and ours alone.
    """

    totals: xray.HostTotals
    processes: dict[str, Process]
    usage: dict[str, xray.Usage]
    mounts: dict[str, xray.Mount]
    complete: bool  # every process is here: the viewer has the permission


class SourceText(Struct, frozen=True, kw_only=True):
    """Where a figure comes from. `raw` is the file as read now (at most 64 KiB, undecodable bytes escaped)."""

    path: str
    raw: str
    truncated: bool
    man: str  # "proc_pid_status(5)"
    command_host: str
    command_container: str | None


class ExecResult(Struct, frozen=True, kw_only=True):
    """What a command left. `exit_code` is null with a `reason` when there is none (timed out, killed, vanished)."""

    exit_code: int | None
    signal: int | None
    reason: str | None
    stdout: bytes
    stderr: bytes
    truncated: bool
    timed_out: bool
    duration_ms: int


class Check(Struct, frozen=True, kw_only=True):
    """One line of `doctor`: what the host offers, and the command that mends what it lacks."""

    name: str
    level: Literal["ok", "warn", "bad"]
    detail: str
    fix: str | None = None


class Info(Struct, frozen=True, kw_only=True):
    """Who answers: the worker's protocol version, its process, its host."""

    version: int
    node: str
    boot_id: str
    pid: int
    started_at: float
    cgroup_mode: str
    kernel: str
    oci_runtime: str
    containers: int
