"""Requests to the worker and its replies: two closed, tagged unions.

A connection carries any number of requests in turn, each answered by one reply; after `Watch` it carries
`Watched` frames until either side closes, and after `Attach` it carries `pty.v1` frames both ways. Every request
on a container names the `owner` the web side checked; the worker compares it with its own record and answers
`not-found` on a difference, so that a forgotten check fails closed. `None` is the operator (reconciler, command line).

No request carries a path of the host, an OCI fragment, an environment or a command for the host.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from runtime.errors import Code
from runtime.protocol import model, xray
from runtime.protocol.terminals import Attach as Attach
from runtime.protocol.terminals import CloseTerminal as CloseTerminal
from runtime.protocol.terminals import DeleteRecording as DeleteRecording
from runtime.protocol.terminals import Dismiss as Dismiss
from runtime.protocol.terminals import FetchFile as FetchFile
from runtime.protocol.terminals import FilePut as FilePut
from runtime.protocol.terminals import ListRecordings as ListRecordings
from runtime.protocol.terminals import LookAtTerminal as LookAtTerminal
from runtime.protocol.terminals import MintTicket as MintTicket
from runtime.protocol.terminals import Opened as Opened
from runtime.protocol.terminals import OpenTerminal as OpenTerminal
from runtime.protocol.terminals import Part as Part
from runtime.protocol.terminals import PutFile as PutFile
from runtime.protocol.terminals import ReadRecording as ReadRecording
from runtime.protocol.terminals import Recordings as Recordings
from runtime.protocol.terminals import RecordingSeen as RecordingSeen
from runtime.protocol.terminals import RenameTerminal as RenameTerminal
from runtime.protocol.terminals import StartRecording as StartRecording
from runtime.protocol.terminals import StopRecording as StopRecording
from runtime.protocol.terminals import TerminalMeters as TerminalMeters
from runtime.protocol.terminals import TerminalSeen as TerminalSeen
from runtime.protocol.terminals import Ticket as Ticket
from runtime.protocol.wire import Reply as Reply
from runtime.protocol.wire import Request as Request

Side = Literal["container", "host"]
Panel = Literal["processes", "namespaces", "cgroup", "overlay", "mounts", "devices", "identity", "network"]
"""Of the page: what a figure's source is asked by."""

MAX_ARGV = 256
MAX_ARGV_BYTES = 64 * 1024
MAX_STDIN = 1024 * 1024
MAX_OUTPUT = 1024 * 1024  # each of stdout and stderr
MAX_TIMEOUT = 300.0


class Ping(Request, frozen=True, kw_only=True, tag="ping"):
    """→ `Pong`."""


class ListImages(Request, frozen=True, kw_only=True, tag="images"):
    """→ `Images`."""


class Launch(Request, frozen=True, kw_only=True, tag="launch"):
    """Create and start → `Launched`.

    The id (16 of `[a-z0-9]`) is minted by the caller; the same id again returns the same container.
    """

    id: str
    owner: str
    name: str
    image: str
    command: list[str] = []  # empty: the image's own
    limits: model.Limits = model.Limits()
    cols: int = 80
    rows: int = 24
    deadline_seconds: float | None = None  # stopped by the worker after that, though the web be gone


class Start(Request, frozen=True, kw_only=True, tag="start"):
    """Run PID 1 again in a stopped container → `Launched`."""

    id: str
    owner: str | None
    cols: int = 80
    rows: int = 24


class Stop(Request, frozen=True, kw_only=True, tag="stop"):
    """SIGTERM and SIGHUP, then SIGKILL after `grace_seconds` → `One`. Stopping a stopped container is no error."""

    id: str
    owner: str | None
    grace_seconds: float = 2.0


class Delete(Request, frozen=True, kw_only=True, tag="delete"):
    """Kill and remove all of it → `Done`, also when there is nothing."""

    id: str
    owner: str | None


class Get(Request, frozen=True, kw_only=True, tag="get"):
    """→ `One`."""

    id: str
    owner: str | None


class List(Request, frozen=True, kw_only=True, tag="list"):
    """→ `Many`: those of `owner`, or all for the operator."""

    owner: str | None


class Exec(Request, frozen=True, kw_only=True, tag="exec"):
    """Run `argv` inside, no shell, no terminal → `Executed`."""

    id: str
    owner: str | None
    argv: list[str]
    stdin: bytes = b""
    timeout_seconds: float = 10.0
    output_bytes: int = MAX_OUTPUT


class TakeSnapshot(Request, frozen=True, kw_only=True, tag="snapshot"):
    """→ `Watched` with the whole snapshot, once."""

    id: str
    owner: str | None


class Watch(Request, frozen=True, kw_only=True, tag="watch"):
    """→ a stream: one `Watched`, then `Patched` as things change and `Happened` as they happen, `Gone` at the end.

    `what`: with `events` neither snapshot nor patches come. `after`: tell first what happened since that event, as far
    as it is remembered; null: all that is remembered.
    """

    id: str
    owner: str | None
    what: Literal["all", "events"] = "all"
    after: int | None = None


class Inspect(Request, frozen=True, kw_only=True, tag="inspect"):
    """One process, closely → `Inspected`. `pid` is the host's, of the container's tree or of the chain above it."""

    id: str
    owner: str | None
    pid: int


class LookAtHost(Request, frozen=True, kw_only=True, tag="host"):
    """→ `HostSeen`. `sight`: what the web side's permission allows the viewer; the worker leaves out the rest."""

    sight: Literal["student", "host"] = "student"


class Freeze(Request, frozen=True, kw_only=True, tag="freeze"):
    """Hold every process of a running container still, or let them go on → `One`. Twice the same is no error."""

    id: str
    owner: str | None
    frozen: bool


class SetLimits(Request, frozen=True, kw_only=True, tag="limits"):
    """Change the limits of a container, running or not → `One`. All four are given; what is equal is not touched.

    Refused with the field's name when the kernel would not have it (v1: memory below what is in use is EBUSY); then
    none has changed.
    """

    id: str
    owner: str | None
    limits: model.Limits


class ReadFile(Request, frozen=True, kw_only=True, tag="file"):
    """A directory or file of one layer, or of the merged root → `FileSeen`. `path` is absolute, inside."""

    id: str
    owner: str | None
    path: str
    layer: str = "merged"


class Trace(Request, frozen=True, kw_only=True, tag="provenance"):
    """Which layer a path comes from, and what hides it → `Traced`."""

    id: str
    owner: str | None
    path: str


class ReadSeccomp(Request, frozen=True, kw_only=True, tag="seccomp"):
    """The filter of its processes → `SeccompSeen`."""

    id: str
    owner: str | None


class Measure(Request, frozen=True, kw_only=True, tag="metrics"):
    """Counters of every container on this host, for a metrics scrape → `Measured`."""


class Source(Request, frozen=True, kw_only=True, tag="source"):
    """Where a figure comes from → `Sourced`.

    `key`: processes: a host pid, or `PID/file` with one of the files of /proc/PID that a panel shows; namespaces: a
    kind; cgroup: `controller/file`; overlay: `mountinfo`, `upperdir`, `marks` (overlayfs's extended attributes), `disk`
    (what the upper's file system has and uses); mounts: `mountinfo`; devices: `dev`; identity: `uid_map`, `gid_map`,
    `status`, `attr/current`, `seccomp`; network: `dev`, `route`, `links`, `sockets`.
    """

    id: str
    owner: str | None
    side: Side
    panel: Panel
    key: str


class Doctor(Request, frozen=True, kw_only=True, tag="doctor"):
    """What this host offers → `Diagnosis`."""


AnyRequest = (
    Ping | ListImages | Launch | Start | Stop | Delete | Get | List | Exec | OpenTerminal | CloseTerminal
    | MintTicket | Attach | TakeSnapshot | Watch | Source | Doctor | Inspect | LookAtHost | Freeze | SetLimits
    | ReadFile | Trace | ReadSeccomp | Measure | RenameTerminal | LookAtTerminal | Dismiss
    | StartRecording | StopRecording | ListRecordings | ReadRecording | DeleteRecording | PutFile | FetchFile
)  # fmt: skip


class Pong(Reply, frozen=True, kw_only=True, tag="pong"):
    info: model.Info


class Images(Reply, frozen=True, kw_only=True, tag="images"):
    images: list[model.Image]


class Launched(Reply, frozen=True, kw_only=True, tag="launched"):
    """The container, its console's terminal id, and the first snapshot."""

    container: model.Container
    terminal: str
    snapshot: model.Snapshot


class One(Reply, frozen=True, kw_only=True, tag="container"):
    container: model.Container


class Many(Reply, frozen=True, kw_only=True, tag="containers"):
    containers: list[model.Container]


class Executed(Reply, frozen=True, kw_only=True, tag="executed"):
    result: model.ExecResult


class Watched(Reply, frozen=True, kw_only=True, tag="snapshot"):
    """`seq` starts at 0; each patch is one more. A gap means: watch anew."""

    seq: int
    snapshot: model.Snapshot


class Patched(Reply, frozen=True, kw_only=True, tag="patch"):
    """`patch` is an RFC 7396 merge patch of the snapshot."""

    seq: int
    patch: dict[str, Any]


class Happened(Reply, frozen=True, kw_only=True, tag="events"):
    """In order; between patches, as things happen. The first of a stream has what is remembered."""

    events: list[xray.Event]


class Gone(Reply, frozen=True, kw_only=True, tag="gone"):
    """The container was deleted; nothing follows."""

    reason: str


class Sourced(Reply, frozen=True, kw_only=True, tag="source"):
    source: model.SourceText


class Inspected(Reply, frozen=True, kw_only=True, tag="process"):
    process: xray.ProcessDetail


class HostSeen(Reply, frozen=True, kw_only=True, tag="host"):
    host: model.HostView


class FileSeen(Reply, frozen=True, kw_only=True, tag="file"):
    file: xray.FileView


class Traced(Reply, frozen=True, kw_only=True, tag="provenance"):
    provenance: xray.Provenance


class SeccompSeen(Reply, frozen=True, kw_only=True, tag="seccomp"):
    seccomp: xray.Seccomp


class Measured(Reply, frozen=True, kw_only=True, tag="metrics"):
    meters: list[xray.Meter]
    terminals: TerminalMeters = TerminalMeters()


class Diagnosis(Reply, frozen=True, kw_only=True, tag="diagnosis"):
    checks: list[model.Check]


class Done(Reply, frozen=True, kw_only=True, tag="done"):
    pass


class Refused(Reply, frozen=True, kw_only=True, tag="fault"):
    """A `runtime.errors.Fault`, on the wire."""

    code: Code
    message: str
    field: str | None = None
    hint: str | None = None
    op: str | None = None
    errno: str | None = None


AnyReply = (
    Pong | Images | Launched | One | Many | Executed | Opened | Ticket | Watched | Patched | Gone | Sourced
    | Diagnosis | Done | Refused | Happened | Inspected | HostSeen | FileSeen | Traced | SeccompSeen | Measured
    | TerminalSeen | RecordingSeen | Recordings | Part | FilePut
)  # fmt: skip

request_decoder: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
reply_decoder: msgspec.json.Decoder[AnyReply] = msgspec.json.Decoder(AnyReply)
_encoder = msgspec.json.Encoder()


def encode(message: Request | Reply) -> bytes:
    """One frame's payload, JSON."""
    return _encoder.encode(message)
