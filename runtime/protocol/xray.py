"""What the X-ray shows beyond the four first panels: events, namespaces as objects, the walls, files of a layer.

As in `model`: sizes are bytes, times seconds since the epoch unless the name says otherwise, a pid is the host's unless
it is called `ns_pid`. Maps, not lists, wherever a live stream patches them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

FileType = Literal["file", "dir", "symlink", "device", "fifo", "socket"]

EventKind = Literal[
    "born", "exec", "died", "namespace", "oom", "refused-fork", "throttled",
    "created", "copied_up", "whiteout", "opaque", "renamed", "removed", "written",
    "mounted", "unmounted", "frozen", "thawed", "limits", "state", "more",
]  # fmt: skip


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a container, told once. What does not apply is absent.

    `seq` rises within a container and goes on rising over a restart of the worker. Kinds:
    born, exec, died: `pid ns_pid ppid comm` (and `code` or `signal`; `seconds` it lived; `short`: no sample saw it);
    namespace: `pid`, what it made or entered in `namespace`, what it left in `was`, both as readlink prints them;
    oom: the victim's `pid ns_pid comm`, `bytes` it held, `limit_bytes`, `limit_at` (the cgroup whose limit it was);
    refused-fork, throttled: `count` since the event before, `limit`;
    created, copied_up, whiteout, opaque, renamed, removed, written: `path` inside, `to` for the new name, `type` (of a
    whiteout: of what it hides), `bytes` of a file (st_size), `layer`: the first lower that has it, as in `FileView`;
    mounted, unmounted: `path`, `type` the file system; limits: `reason` in the form `memory 1 → 2`;
    state: what it is now, in `reason`; more: `count` events of a burst that are not told one by one.
    """

    seq: int
    at: float
    kind: EventKind
    pid: int | None = None
    ns_pid: int | None = None
    ppid: int | None = None
    comm: str | None = None
    code: int | None = None
    signal: int | None = None
    seconds: float | None = None
    short: bool | None = None
    namespace: str | None = None
    was: str | None = None
    path: str | None = None
    to: str | None = None
    type: str | None = None
    layer: str | None = None
    bytes: int | None = None
    limit_bytes: int | None = None
    limit_at: str | None = None
    limit: int | None = None
    count: int | None = None
    reason: str | None = None


class Usage(Struct, frozen=True, kw_only=True):
    """What one process used: `utime + stime` (fields 14, 15 of proc_pid_stat(5), a clock tick exact) and its RSS."""

    cpu_usec: int
    rss_bytes: int


class KeptBy(Struct, frozen=True, kw_only=True):
    """What holds a namespace that has no process: `path` is the mount point as `pid` names it, `/proc/PID/fd/N`, or the
    key of a namespace in it or of it. `for_children`: those of `pid` will be born into it."""

    how: Literal["mount", "fd", "child", "for_children"]
    pid: int | None = None
    path: str | None = None


class NamespaceObject(Struct, frozen=True, kw_only=True):
    """One namespace of the kernel. Its key is what readlink prints: `net:[4026531840]`. `initial`: it is the host's.

    `owner`: key of the owning user namespace (NS_GET_USERNS), `owner_uid` as the host counts it (NS_GET_OWNER_UID; user
    only), `parent` for pid and user (NS_GET_PARENT); ioctl_nsfs(2). `first`: the oldest of the container's processes in
    it; null: none, and `kept_by` says why it is still there. `processes`: how many; 0 for PID 1's own and the host's,
    where each fork would change eight numbers: in those is every process that `differs` does not name."""

    kind: str
    initial: bool = False
    owner: str | None = None
    owner_uid: int | None = None
    parent: str | None = None
    processes: int = 0
    first: int | None = None
    kept_by: list[KeptBy] = []


class NamespaceGraph(Struct, frozen=True, kw_only=True):
    """The namespaces about a container: the host's, PID 1's, and those made inside.

    `own`: PID 1's, by kind, `pid_for_children` and `time_for_children` too. `differs`: pid → kind → id, only where a
    process differs from PID 1; an empty id: asked for by unshare(2), and not there before the first child (ENOENT)."""

    objects: dict[str, NamespaceObject] = {}
    own: dict[str, str] = {}
    differs: dict[str, dict[str, str]] = {}


class Mount(Struct, frozen=True, kw_only=True):
    """One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). Its key is the mount id.

    `propagation`: `private`, or the optional fields as they stand (`shared:3 master:1`). `purpose` says why it is
    there: `masked` and `readonly` are the runtime's walls over /proc, `bound` a single file of ours."""

    parent: int
    device: str
    root: str
    point: str
    options: str
    propagation: str
    fstype: str
    source: str
    super_options: str
    purpose: Literal["root", "api", "device", "scratch", "cgroup", "masked", "readonly", "bound", ""] = ""


class MountTables(Struct, frozen=True, kw_only=True):
    """`host` has only what concerns the container or every machine; `host_total` counts all."""

    container: dict[str, Mount] = {}
    host: dict[str, Mount] = {}
    host_total: int | None = None


class Device(Struct, frozen=True, kw_only=True):
    """One entry of /dev. `target`: where a symbolic link points. `bound`: a node of the host, bound in."""

    type: Literal["char", "block", "symlink", "dir", "file", "fifo", "socket"]
    major: int | None = None
    minor: int | None = None
    mode: int = 0
    uid: int | None = None
    gid: int | None = None
    target: str | None = None
    bound: bool = False


class Devices(Struct, frozen=True, kw_only=True):
    """Name below /dev → entry, on each side. The host's: nodes only, no links by serial number."""

    container: dict[str, Device] = {}
    host: dict[str, Device] = {}


class IdRange(Struct, frozen=True, kw_only=True):
    """One line of uid_map or gid_map (user_namespaces(7)): `outside` as the host counts."""

    inside: int
    outside: int
    count: int


class Identity(Struct, frozen=True, kw_only=True):
    """Who PID 1 is to the kernel. `capabilities`: set (`effective permitted inheritable bounding ambient`) → names
    such as `CAP_CHOWN`. `seccomp`: 0 off, 1 strict, 2 filter; `seccomp_filters` how many. `lsm`: the label of
    attr/current, null where no module sets one; `lsms` the modules this kernel runs."""

    uid_map: list[IdRange] = []
    gid_map: list[IdRange] = []
    capabilities: dict[str, list[str]] = {}
    no_new_privs: bool | None = None
    seccomp: int | None = None
    seccomp_filters: int | None = None
    lsm: str | None = None
    lsms: list[str] = []
    masked: list[str] = []
    readonly: list[str] = []


class Interface(Struct, frozen=True, kw_only=True):
    """One network interface; its key is the name. `peer`: of a veth pair, the other end's index and namespace."""

    index: int
    kind: str
    state: str
    mtu: int
    mac: str | None = None
    addresses: list[str] = []
    rx_bytes: int | None = None
    tx_bytes: int | None = None
    peer_index: int | None = None
    peer_name: str | None = None


class Route(Struct, frozen=True, kw_only=True):
    """One route of the main or local table. `destination`: `default` or a prefix."""

    family: Literal["inet", "inet6"]
    destination: str
    gateway: str | None = None
    interface: str | None = None
    table: str = "main"


class Listening(Struct, frozen=True, kw_only=True):
    """A socket that waits for connections, or a bound datagram socket (sock_diag(7))."""

    protocol: Literal["tcp", "udp", "tcp6", "udp6"]
    address: str
    port: int
    uid: int | None = None
    pid: int | None = None


class NetworkView(Struct, frozen=True, kw_only=True):
    """One side's network namespace. The host's has interfaces without addresses, routes or sockets."""

    interfaces: dict[str, Interface] = {}
    routes: list[Route] = []
    listening: list[Listening] = []


class Network(Struct, frozen=True, kw_only=True):
    container: NetworkView = NetworkView()
    host: NetworkView = NetworkView()


class Walls(Struct, frozen=True, kw_only=True):
    """What seldom moves: read when the container has run, and at leisure. Null: not read yet, or `gaps` says why."""

    mounts: MountTables | None = None
    devices: Devices | None = None
    identity: Identity | None = None
    network: Network | None = None


class Thread(Struct, frozen=True, kw_only=True):
    """One task of a process; `ns_tid` is its number inside."""

    tid: int
    ns_tid: int | None
    comm: str
    state: str
    cpu_usec: int


class ProcessDetail(Struct, frozen=True, kw_only=True):
    """One process looked at closely, on demand. Null: the kernel would not say, or it is not the viewer's business.

    `uids`, `gids`: real, effective, saved, file system, as the host counts; `uids_inside` the same in the container's
    user namespace (null for one that is not mapped). Paths are as the process itself names them. `namespaces` has the
    eight kinds and the two `_for_children`. `capabilities` as in `Identity`.
    """

    pid: int
    ns_pids: list[int]
    comm: str
    state: str
    role: str
    started_at: float
    cmdline: list[str] | None = None
    exe: str | None = None
    cwd: str | None = None
    root: str | None = None
    uids: list[int] | None = None
    gids: list[int] | None = None
    uids_inside: list[int | None] | None = None
    gids_inside: list[int | None] | None = None
    groups: list[int] | None = None
    threads: list[Thread] = []
    namespaces: dict[str, str] = {}
    cgroups: dict[str, str] = {}
    capabilities: dict[str, list[str]] = {}
    no_new_privs: bool | None = None
    seccomp: int | None = None
    oom_score: int | None = None
    oom_score_adj: int | None = None
    open_files: int | None = None
    rss_bytes: int | None = None
    vm_bytes: int | None = None
    voluntary_switches: int | None = None
    involuntary_switches: int | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """One name in a directory of a layer. Ids as inside. `mark` is how overlayfs marks it in this layer."""

    name: str
    type: FileType
    mode: int
    uid: int
    gid: int
    size_bytes: int
    blocks_bytes: int
    modified_at: float
    target: str | None = None
    mark: Literal["created", "copied_up", "whiteout", "opaque"] | None = None
    redirect: str | None = None
    metacopy: bool = False


class FileView(Struct, frozen=True, kw_only=True):
    """A path of one layer: a directory's `entries`, a regular file's first 64 KiB as `text`, or neither.

    `path`: with links on the way followed, as is done in `merged` alone. `layer`: `merged`, `upper`, or a lower's index
    from the top (`0` is our init layer). `binary`: it is no text, and `text` has its bytes in `xxd`'s form."""

    path: str
    layer: str
    entry: Entry
    entries: list[Entry] | None = None
    text: str | None = None
    binary: bool = False
    truncated: bool = False


class Sighting(Struct, frozen=True, kw_only=True):
    """What one layer says of a path. `hit`: this is what `/` shows; `hidden`: it is here, and something above hides it.

    `covered`: nothing is looked up here any more, since a layer above said so (whiteout, opaque directory)."""

    layer: str
    title: str
    found: Literal["hit", "hidden", "merged", "whiteout", "opaque", "absent", "covered"]
    type: FileType | None = None
    size_bytes: int | None = None
    blocks_bytes: int | None = None
    path: str | None = None  # where in this layer: led there by a redirect, or the directory on the way that ends it
    metacopy: bool = False


class Provenance(Struct, frozen=True, kw_only=True):
    """Where a path of the merged root comes from, top layer first. `resolved`: after symbolic links of its parents.

    `verdict`: created or copied_up (in the upper), lower (untouched), deleted (a whiteout hides it), absent."""

    path: str
    resolved: str
    verdict: Literal["created", "copied_up", "lower", "deleted", "absent"]
    sightings: list[Sighting]


class SeccompRule(Struct, frozen=True, kw_only=True):
    """`args`: conditions in words such as `arg0 & 0x7e020000 == 0`; none: always."""

    names: list[str]
    action: str
    errno: str | None = None
    args: list[str] = []


class Seccomp(Struct, frozen=True, kw_only=True):
    """The filter a container was born with (seccomp(2)), from its config.json; the kernel does not tell it back."""

    default_action: str
    default_errno: str | None
    architectures: list[str]
    rules: list[SeccompRule]


class Meter(Struct, frozen=True, kw_only=True):
    """A container's counters for a metrics scrape; null: this host does not count it. Seconds, bytes, plain counts."""

    id: str
    name: str
    image: str
    started_at: float | None = None
    cpu_usage_seconds: float | None = None
    cpu_user_seconds: float | None = None
    cpu_system_seconds: float | None = None
    cfs_periods: int | None = None
    cfs_throttled_periods: int | None = None
    cfs_throttled_seconds: float | None = None
    cpu_quota_cores: float | None = None
    memory_usage_bytes: int | None = None
    memory_working_set_bytes: int | None = None
    memory_rss_bytes: int | None = None
    memory_cache_bytes: int | None = None
    memory_max_usage_bytes: int | None = None
    memory_limit_bytes: int | None = None
    oom_events: int | None = None
    processes: int | None = None
    threads: int | None = None
    threads_max: int | None = None
    fs_usage_bytes: int | None = None
    fs_limit_bytes: int | None = None
    fs_reads_bytes: int | None = None
    fs_writes_bytes: int | None = None
    network_receive_bytes: int | None = None
    network_transmit_bytes: int | None = None
    pressure: dict[str, float] = {}  # `cpu waiting`, `memory stalled` … → seconds since birth


class HostTotals(Struct, frozen=True, kw_only=True):
    """The machine in few numbers, for everybody."""

    processes: int
    threads: int
    containers: int
    mounts: int
    namespaces: dict[str, int]  # kind → how many the host's processes are in
