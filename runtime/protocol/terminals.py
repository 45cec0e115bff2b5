"""What is asked about terminals, their recordings, and files that go in and out; and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from runtime.protocol import model
from runtime.protocol.wire import Reply, Request

MAX_NAME = 63  # characters of a terminal's or recording's name
MAX_PART = 1024 * 1024  # bytes of a file in one message, recording or container's
MAX_FILE = 64 * 1024 * 1024  # bytes of a file that goes in or out


class OpenTerminal(Request, frozen=True, kw_only=True, tag="terminal-open"):
    """A further pty in a running container → `Opened`. Empty `argv`: the image's shell."""

    id: str
    owner: str | None
    argv: list[str] = []
    cols: int = 80
    rows: int = 24


class CloseTerminal(Request, frozen=True, kw_only=True, tag="terminal-close"):
    """SIGHUP to its foreground, as a closed window gives → `Done`. The console cannot be closed, only stopped."""

    id: str
    owner: str | None
    terminal: str


class RenameTerminal(Request, frozen=True, kw_only=True, tag="terminal-rename"):
    """An empty name goes back to the program's → `Opened`."""

    id: str
    owner: str | None
    terminal: str
    name: str


class LookAtTerminal(Request, frozen=True, kw_only=True, tag="terminal-look"):
    """What runs in it now → `TerminalSeen`."""

    id: str
    owner: str | None
    terminal: str


class MintTicket(Request, frozen=True, kw_only=True, tag="ticket"):
    """A one-use, 60-second permission to attach → `Ticket`.

    `name`: what the other viewers are shown. `guest`: not the container's owner: looks on, and may ask to drive.
    """

    id: str
    owner: str | None
    terminal: str
    user: str
    role: Literal["rw", "ro"] = "rw"
    name: str = ""
    guest: bool = False


class Dismiss(Request, frozen=True, kw_only=True, tag="dismiss"):
    """End what these guests see of a terminal, 4403, and their unused tickets → `Done`. Empty: all guests."""

    id: str
    owner: str | None
    terminal: str
    users: list[str] = []


class Attach(Request, frozen=True, kw_only=True, tag="attach"):
    """Turn this connection into `pty.v1`; the next frame must be the browser's HELLO.

    `user` is who the web side says it is, checked against the ticket; so are the container `id` and `terminal` that the
    browser addressed, where they are said: whom the web side let in there is not let in elsewhere.
    """

    user: str
    id: str | None = None
    terminal: str | None = None


class StartRecording(Request, frozen=True, kw_only=True, tag="recording-start"):
    """Record a terminal's output from now on → `RecordingSeen`. Refused where one is under way (`wrong-state`).

    `by`: who, as the viewers are told.
    """

    id: str
    owner: str | None
    terminal: str
    by: str
    title: str = ""


class StopRecording(Request, frozen=True, kw_only=True, tag="recording-stop"):
    """→ `RecordingSeen`. Stopping a stopped one is no error."""

    owner: str | None
    recording: str


class ListRecordings(Request, frozen=True, kw_only=True, tag="recordings"):
    """→ `Recordings`, the newest first: those of `owner` (all for the operator), of one container if named."""

    owner: str | None
    container: str | None = None


class ReadRecording(Request, frozen=True, kw_only=True, tag="recording-read"):
    """Bytes of its asciicast from `offset` on → `Part`. Of one under way: as far as it is written."""

    owner: str | None
    recording: str
    offset: int = 0


class DeleteRecording(Request, frozen=True, kw_only=True, tag="recording-delete"):
    """Ends it if it is under way → `Done`. Deleting what is gone is no error."""

    owner: str | None
    recording: str


class PutFile(Request, frozen=True, kw_only=True, tag="file-put"):
    """A part of a file for a running container → `FilePut`.

    The first part has no `upload`; each further one names what the first was answered, and begins at `offset`. Nothing
    is seen at `path` (absolute, inside; its directory must be there) until the part with `last` is in; then it is there
    as a whole. Where `path` is taken it is refused (`already-exists`) unless `replace`.
    """

    id: str
    owner: str | None
    path: str
    data: bytes
    upload: str | None = None
    offset: int = 0
    last: bool = True
    replace: bool = False


class FetchFile(Request, frozen=True, kw_only=True, tag="file-fetch"):
    """Bytes of a regular file of a running container, as its processes see it → `Part`.

    The first part has no `download`; each further one names what the first was answered, and is of the very same file.
    """

    id: str
    owner: str | None
    path: str
    offset: int = 0
    download: str | None = None


class Opened(Reply, frozen=True, kw_only=True, tag="terminal"):
    terminal: model.Terminal


class Ticket(Reply, frozen=True, kw_only=True, tag="ticket"):
    ticket: str
    expires_at: float


class Job(Struct, frozen=True, kw_only=True):
    """A process of the foreground group. `pid` is the host's."""

    pid: int
    name: str


class TerminalView(Struct, frozen=True, kw_only=True):
    """`busy`: something else than the terminal's own program is in the foreground; `jobs`: what."""

    terminal: model.Terminal
    busy: bool
    jobs: list[Job]
    cols: int
    rows: int
    viewers: int
    echo: bool  # false: what is typed is not shown, as for a password
    recording: str | None = None


class TerminalSeen(Reply, frozen=True, kw_only=True, tag="terminal-view"):
    view: TerminalView


class Recording(Struct, frozen=True, kw_only=True):
    """One asciicast v3 file. Times in seconds since the epoch, on the clock of the snapshots.

    `ended`: why it ended: `stopped` by a person, `exit` of the terminal, its `quota` was full, or it was cut off with
    its host (`lost`); null while it goes on.
    """

    id: str
    owner: str
    container: str
    container_name: str
    terminal: str
    terminal_name: str
    title: str
    started_at: float
    ended_at: float | None
    seconds: float
    bytes: int
    cols: int
    rows: int
    ended: Literal["stopped", "exit", "quota", "lost"] | None = None


class RecordingSeen(Reply, frozen=True, kw_only=True, tag="recording"):
    recording: Recording


class Recordings(Reply, frozen=True, kw_only=True, tag="recordings"):
    """`bytes_used` of `bytes_allowed` that this owner may keep, `recording_bytes` one recording may have.

    `days`: they are removed when older; null: never.
    """

    recordings: list[Recording]
    bytes_used: int
    bytes_allowed: int
    recording_bytes: int
    days: float | None


class Part(Reply, frozen=True, kw_only=True, tag="part"):
    """`size`: of the whole file, as it is now; `end`: nothing follows. `download`: what the next part names, of a
    container's file that has one."""

    data: bytes
    size: int
    end: bool
    download: str | None = None


class FilePut(Reply, frozen=True, kw_only=True, tag="file-put"):
    """`upload`: what the next part names; `size`: bytes so far."""

    upload: str
    size: int


class Histogram(Struct, frozen=True, kw_only=True):
    """`counts[i]`: observations up to `bounds[i]` and above the bound before; one more for those above all."""

    bounds: list[float]
    counts: list[int]
    sum: float


class TerminalMeters(Struct, frozen=True, kw_only=True):
    """Of all terminals since this worker began; gauges are as of now. Bytes, seconds."""

    sessions: int = 0
    viewers: dict[str, int] = {}  # role → how many
    pty_read_bytes: int = 0
    sent_bytes: int = 0
    replay_bytes: int = 0
    paused_seconds: float = 0.0
    lag_gaps: int = 0
    input_dropped: int = 0
    attach_failures: dict[str, int] = {}  # reason → how often
    ring_bytes: int = 0
    keeper_fds: int = 0
    recordings: int = 0
    unacked_bytes: Histogram | None = None
    echo_seconds: Histogram | None = None  # from writing input to the first output
    ping_rtt_seconds: Histogram | None = None
