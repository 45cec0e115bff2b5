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
from msgspec import Struct

from runtime.errors import Code
from runtime.protocol import model

MAX_ARGV = 256
MAX_ARGV_BYTES = 64 * 1024
MAX_STDIN = 1024 * 1024
MAX_OUTPUT = 1024 * 1024  # each of stdout and stderr
MAX_TIMEOUT = 300.0


class Request(Struct, frozen=True, kw_only=True, tag_field="op"):
    """Base of all requests; the tag is the verb."""


class Ping(Request, tag="ping"):
    """→ `Pong`."""


class ListImages(Request, tag="images"):
    """→ `Images`."""


class Launch(Request, tag="launch"):
    """Create and start → `Launched`. The id (16 of `[a-z0-9]`) is minted by the caller; the same id again returns the same container."""

    id: str
    owner: str
    name: str
    image: str
    command: list[str] = []  # empty: the image's own
    limits: model.Limits = model.Limits()
    cols: int = 80
    rows: int = 24
    deadline_seconds: float | None = None  # stopped by the worker after that, though the web be gone


class Start(Request, tag="start"):
    """Run PID 1 again in a stopped container → `Launched`."""

    id: str
    owner: str | None
    cols: int = 80
    rows: int = 24


class Stop(Request, tag="stop"):
    """SIGTERM and SIGHUP, then SIGKILL after `grace_seconds` → `One`. Stopping a stopped container is no error."""

    id: str
    owner: str | None
    grace_seconds: float = 2.0


class Delete(Request, tag="delete"):
    """Kill and remove all of it → `Done`, also when there is nothing."""

    id: str
    owner: str | None


class Get(Request, tag="get"):
    """→ `One`."""

    id: str
    owner: str | None


class List(Request, tag="list"):
    """→ `Many`: those of `owner`, or all for the operator."""

    owner: str | None


class Exec(Request, tag="exec"):
    """Run `argv` inside, no shell, no terminal → `Executed`."""

    id: str
    owner: str | None
    argv: list[str]
    stdin: bytes = b""
    timeout_seconds: float = 10.0
    output_bytes: int = MAX_OUTPUT


class OpenTerminal(Request, tag="terminal-open"):
    """A further pty in a running container → `Opened`. Empty `argv`: the image's shell."""

    id: str
    owner: str | None
    argv: list[str] = []
    cols: int = 80
    rows: int = 24


class CloseTerminal(Request, tag="terminal-close"):
    """SIGHUP to its foreground, as a closed window gives → `Done`. The console cannot be closed, only stopped."""

    id: str
    owner: str | None
    terminal: str


class MintTicket(Request, tag="ticket"):
    """A one-use, 60-second permission to attach → `Ticket`."""

    id: str
    owner: str | None
    terminal: str
    user: str
    role: Literal["rw", "ro"] = "rw"


class Attach(Request, tag="attach"):
    """Turn this connection into `pty.v1`; the next frame must be the browser's HELLO. `user` is the web's, checked against the ticket."""

    user: str


class TakeSnapshot(Request, tag="snapshot"):
    """→ `Watched` with the whole snapshot, once."""

    id: str
    owner: str | None


class Watch(Request, tag="watch"):
    """→ a stream: one `Watched`, then `Patched` as things change, `Gone` at the end."""

    id: str
    owner: str | None


class Source(Request, tag="source"):
    """Where a figure comes from → `Sourced`.

    `key`: processes: a host pid; namespaces: a kind; cgroup: `controller/file`; overlay: `mountinfo` or `upperdir`.
    """

    id: str
    owner: str | None
    side: Literal["container", "host"]
    panel: Literal["processes", "namespaces", "cgroup", "overlay"]
    key: str


class Doctor(Request, tag="doctor"):
    """What this host offers → `Diagnosis`."""


AnyRequest = (
    Ping | ListImages | Launch | Start | Stop | Delete | Get | List | Exec | OpenTerminal | CloseTerminal
    | MintTicket | Attach | TakeSnapshot | Watch | Source | Doctor
)  # fmt: skip


class Reply(Struct, frozen=True, kw_only=True, tag_field="re"):
    """Base of all replies."""


class Pong(Reply, tag="pong"):
    info: model.Info


class Images(Reply, tag="images"):
    images: list[model.Image]


class Launched(Reply, tag="launched"):
    """The container, its console's terminal id, and the first snapshot."""

    container: model.Container
    terminal: str
    snapshot: model.Snapshot


class One(Reply, tag="container"):
    container: model.Container


class Many(Reply, tag="containers"):
    containers: list[model.Container]


class Executed(Reply, tag="executed"):
    result: model.ExecResult


class Opened(Reply, tag="terminal"):
    terminal: model.Terminal


class Ticket(Reply, tag="ticket"):
    ticket: str
    expires_at: float


class Watched(Reply, tag="snapshot"):
    """`seq` starts at 0; each patch is one more. A gap means: watch anew."""

    seq: int
    snapshot: model.Snapshot


class Patched(Reply, tag="patch"):
    """`patch` is an RFC 7396 merge patch of the snapshot."""

    seq: int
    patch: dict[str, Any]


class Gone(Reply, tag="gone"):
    """The container was deleted; nothing follows."""

    reason: str


class Sourced(Reply, tag="source"):
    source: model.SourceText


class Diagnosis(Reply, tag="diagnosis"):
    checks: list[model.Check]


class Done(Reply, tag="done"):
    pass


class Refused(Reply, tag="fault"):
    """A `runtime.errors.Fault`, on the wire."""

    code: Code
    message: str
    field: str | None = None
    hint: str | None = None
    op: str | None = None
    errno: str | None = None


AnyReply = (
    Pong | Images | Launched | One | Many | Executed | Opened | Ticket | Watched | Patched | Gone | Sourced
    | Diagnosis | Done | Refused
)  # fmt: skip

request_decoder: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
reply_decoder: msgspec.json.Decoder[AnyReply] = msgspec.json.Decoder(AnyReply)
_encoder = msgspec.json.Encoder()


def encode(message: Request | Reply) -> bytes:
    """One frame's payload, JSON."""
    return _encoder.encode(message)
