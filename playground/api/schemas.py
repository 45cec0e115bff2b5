"""What is sent and answered, as OpenAPI shows it. Unknown members are refused, and a number is not a string."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from playground.api.mirrored import mirrored
from runtime.protocol import accounting, messages, model, pty, terminals, xray

MIN_MEMORY = 6 * 1024**2  # what the OCI runtime itself needs to get a process going


def _bytes(text: str) -> int:
    """Its length as UTF-8, which half a surrogate pair has not."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise ValueError(_("it must be valid Unicode")) from None


def _argv(argv: list[str]) -> list[str]:
    if any("\0" in word for word in argv):
        raise ValueError(_("an argument cannot hold a NUL byte"))
    if sum(_bytes(word) + 1 for word in argv) > messages.MAX_ARGV_BYTES:
        raise ValueError(_("all arguments together may take %(most)d bytes") % {"most": messages.MAX_ARGV_BYTES})
    if argv and not argv[0]:
        raise ValueError(_("the first argument names a program"))
    return argv


def _name(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise ValueError(_("a name has at least one letter, and no control characters"))
    return name.strip()


def _image(name: str) -> str:
    if not name.isprintable():
        raise ValueError(_("a name has at least one letter, and no control characters"))
    return name


def _stdin(text: str) -> str:
    if _bytes(text) > messages.MAX_STDIN:
        raise ValueError(_("stdin may take %(most)d bytes") % {"most": messages.MAX_STDIN})
    return text


Argv = Annotated[list[str], Field(max_length=messages.MAX_ARGV), AfterValidator(_argv)]
Cols = Annotated[int, Field(ge=pty.COLS[0], le=pty.COLS[1])]
Rows = Annotated[int, Field(ge=pty.ROWS[0], le=pty.ROWS[1])]
Memory = Annotated[int | None, Field(ge=MIN_MEMORY, le=2**62, description="limit of memory and swap")]
Cpus = Annotated[float | None, Field(ge=0.01, le=1024, description="1.0 is one core")]
Pids = Annotated[int | None, Field(ge=1, le=2**22, description="processes and threads")]
Disk = Annotated[int | None, Field(ge=1024**2, le=2**62, description="what may be written to its files")]
Moment = Annotated[str, Field(description="ISO 8601, UTC", examples=["2026-01-31T12:00:00.000Z"])]


class Asked(Schema):
    """Base of request bodies: strict types, no unknown members, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class LaunchIn(Asked):
    image: Annotated[
        str,
        Field(min_length=1, max_length=128, description="one of `GET /images`", examples=["busybox"]),
        AfterValidator(_image),
    ]
    command: Argv = Field(default_factory=list, description="what PID 1 runs; empty: the image's own")
    name: Annotated[str | None, Field(max_length=63), AfterValidator(lambda n: n if n is None else _name(n))] = None
    memory_bytes: Memory = None
    cpus: Cpus = None
    pids: Pids = None
    disk_bytes: Disk = None
    cols: Cols = 80
    rows: Rows = 24


class LimitsIn(Asked):
    """What is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": {"memory_bytes": 128 * 1024**2, "cpus": 0.25}})

    memory_bytes: Memory = None
    cpus: Cpus = None
    pids: Pids = None
    disk_bytes: Disk = None


class StartIn(Asked):
    cols: Cols = 80
    rows: Rows = 24


class ExecIn(Asked):
    argv: Annotated[
        Argv, Field(min_length=1, description="program and arguments; no shell", examples=[["ps", "-o", "pid,comm"]])
    ]
    stdin: Annotated[str, AfterValidator(_stdin)] = ""
    timeout_seconds: Annotated[float, Field(gt=0, le=messages.MAX_TIMEOUT)] = 10.0


class TerminalIn(Asked):
    argv: Argv = Field(default_factory=list, description="empty: the image's shell")
    cols: Cols = 80
    rows: Rows = 24


class TerminalNameIn(Asked):
    name: Annotated[
        str,
        Field(max_length=terminals.MAX_NAME, description="empty: the program's again"),
        AfterValidator(lambda name: _name(name) if name.strip() else ""),
    ]


class AttachIn(Asked):
    role: Annotated[Literal["rw", "ro"], Field(description="ro: watch only")] = "rw"


class ErrorOut(Schema):
    """Every refusal."""

    code: Annotated[str, Field(description="one of the codes in docs/rest-api.md")]
    message: Annotated[str, Field(description="what happened, to what; for scripts and logs")]
    field: Annotated[str | None, Field(description="the member of the request that is to blame")] = None
    hint: Annotated[str | None, Field(description="what to do, in the reader's language")] = None


class LimitsOut(Schema):
    memory_bytes: int
    cpus: float
    pids: int
    disk_bytes: int


class ExitOut(Schema):
    """How it ended. `code` is null where it is not known, and `reason` says why."""

    at: Moment
    code: int | None
    signal: int | None
    oom: bool
    reason: str | None


TERMINAL: dict[str, Any] = {
    "id": "8c1f03d2",
    "argv": ["bash"],
    "console": False,
    "pid": 51240,
    "exit": None,
    "created_at": "2026-01-31T12:00:00.000Z",
    "name": "build",
}


class TerminalOut(Schema):
    """A pty. `console` is PID 1's own."""

    model_config = ConfigDict(json_schema_extra={"example": TERMINAL})

    id: str
    argv: list[str]
    console: bool
    pid: Annotated[int | None, Field(description="as the host counts")]
    exit: ExitOut | None
    created_at: Moment | None
    name: Annotated[str, Field(description="a person's for it; empty: none was given")]


class JobOut(Schema):
    pid: Annotated[int, Field(description="as the host counts")]
    name: Annotated[str, Field(description="as it calls itself")]


class TerminalDetailOut(Schema):
    """A terminal as it is now."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "terminal": TERMINAL,
                "busy": True,
                "jobs": [{"pid": 51302, "name": "make"}],
                "cols": 80,
                "rows": 24,
                "viewers": 1,
                "echo": True,
                "recording": None,
            }
        }
    )

    terminal: TerminalOut
    busy: Annotated[bool, Field(description="something else than its own program is in the foreground")]
    jobs: Annotated[list[JobOut], Field(description="what: the foreground's processes, oldest first")]
    cols: int
    rows: int
    viewers: int
    echo: Annotated[bool, Field(description="false: what is typed is not shown, as for a password")]
    recording: Annotated[str | None, Field(description="the recording under way")]


class FilePutOut(Schema):
    model_config = ConfigDict(json_schema_extra={"example": {"path": "/root/notes.txt", "bytes": 1024}})

    path: str
    bytes: int


class ContainerOut(Schema):
    """A container as it is now. One that the worker no longer knows is `stopped` with the exit reason `lost`."""

    id: str
    name: str
    image: str
    command: list[str]
    state: Literal["creating", "created", "running", "stopped"]
    pid: Annotated[int | None, Field(description="PID 1 as the host counts; null unless it runs")]
    created_at: Moment
    started_at: Moment | None
    exit: ExitOut | None
    files_kept: Annotated[bool, Field(description="false: stopped, and what it wrote is gone; start begins afresh")]
    frozen: Annotated[bool, Field(description="its cgroup's freezer holds every process still")]
    limits: LimitsOut
    node: str
    tier: str
    terminal_url: Annotated[str | None, Field(description="WebSocket of the console, subprotocol `pty.v1`")]
    live_url: Annotated[str, Field(description="WebSocket of live snapshots, subprotocol `live.v1`")]
    terminals: list[TerminalOut]


class AttachOut(Schema):
    """`ticket` goes into the first frame (HELLO), never into an address. It works once."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "url": "/ws/terminal/k3v9q0x2b7mdz1ce/8c1f03d2",
                "ticket": "LDfJr0GDR-zvmRkYqin0Hg",
                "expires_at": "2026-01-31T12:01:00.000Z",
                "subprotocol": "pty.v1",
            }
        }
    )

    url: str
    ticket: str
    expires_at: Moment
    subprotocol: str


class ExecOut(Schema):
    exit_code: Annotated[int | None, Field(description="null when there is none; `reason` says why")]
    signal: int | None
    reason: str | None
    stdout: Annotated[str, Field(description="UTF-8; U+FFFD for bytes that are none")]
    stderr: str
    truncated: Annotated[bool, Field(description=f"more than {messages.MAX_OUTPUT} bytes came out of one of them")]
    timed_out: bool
    duration_ms: int


class LayerOut(Schema):
    digest: str
    title: str
    size_bytes: int


class ImageOut(Schema):
    name: str
    title: str
    command: Annotated[list[str], Field(description="what runs when a launch names none")]
    layers: Annotated[list[LayerOut], Field(description="top first")]
    size_bytes: int
    created_at: Moment


class ProcessOut(mirrored(model.Process)):  # type: ignore[misc]
    """A process as one side sees it; `host_pid` is equal on both sides for one process."""

    host_pid: int
    cpu_usec: Annotated[int | None, Field(description="time used, in user and kernel mode")]
    rss_bytes: Annotated[int | None, Field(description="resident set size")]


class ChangeOut(mirrored(model.Change)):  # type: ignore[misc]
    path: str


class OverlayOut(mirrored(model.Overlay)):  # type: ignore[misc]
    """Directories as the host names them; layers top first."""

    changes: list[ChangeOut]


class ViewOut(Schema):
    processes: list[ProcessOut]
    namespaces: Annotated[
        dict[str, mirrored(model.Namespace)],  # type: ignore[valid-type]
        Field(description="mnt pid net ipc uts user cgroup time"),
    ]
    cgroup: mirrored(model.Cgroup)  # type: ignore[valid-type]
    overlay: OverlayOut


class GraphDataOut(Schema):
    LowerDir: Annotated[str, Field(description="top first, joined by colons")]
    MergedDir: str
    UpperDir: str
    WorkDir: str


class GraphDriverOut(Schema):
    """What `docker inspect -f '{{json .GraphDriver}}'` would print, member by member."""

    Data: GraphDataOut
    Name: Literal["overlay2"]


class SnapshotOut(Schema):
    """A container from both sides, from one pass. What could not be had is null and named in `gaps` with its reason.

    `usage`, `graph` and `walls` have the live stream's form: maps by host pid, by namespace, by mount id.
    """

    taken_at: Moment
    boot_id: str
    node: str
    info: ContainerOut
    container: ViewOut
    host: ViewOut
    gaps: dict[str, str]
    usage: Annotated[dict[str, mirrored(xray.Usage)], Field(description="by host pid")]  # type: ignore[valid-type]
    graph: Annotated[  # namespaces as objects
        mirrored(xray.NamespaceGraph) | None,  # type: ignore[valid-type]
        Field(description="the host's namespaces, PID 1's, and those made inside"),
    ]
    walls: Annotated[
        mirrored(xray.Walls) | None,  # type: ignore[valid-type]
        Field(description="mounts, devices, identity, network; null where they were not read yet"),
    ]
    used_memory: Annotated[
        mirrored(accounting.UsedMemory),  # type: ignore[valid-type]
        Field(description="what the kernel, docker, kubernetes and free(1) each would call used, and its parts"),
    ]
    graph_driver: Annotated[GraphDriverOut | None, Field(description="null where no overlay is mounted")]


class SourceOut(Schema):
    """The file behind a figure, as it reads now, and the commands that print the same."""

    path: str
    raw: str
    truncated: bool
    man: str
    command_host: str
    command_container: str | None
