"""`pty.v1`: the terminal's binary frames, one a WebSocket message, one a frame on the worker's socket.

First byte: the frame's kind; integers are big-endian. The web process forwards frames without reading them, save
for the first (HELLO), and stamps PING. Kinds below 0x80 go to the worker, the others to the browser.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Literal

import msgspec
from msgspec import Struct

from runtime.errors import Code, Fault

SUBPROTOCOL = "pty.v1"
MAX_HELLO = 4096
MAX_INPUT = 16 * 1024  # bytes of keystrokes in one INPUT frame
MAX_INPUT_UNACKED = 64 * 1024
MAX_OUTPUT = 16 * 1024  # bytes of output in one OUTPUT frame
MAX_REPLAY_OUTPUT = 32 * 1024
WINDOW = 128 * 1024  # bytes a viewer may have unacknowledged
HISTORY = 256 * 1024  # bytes of history shown on a reload, unless HELLO asks for more
ACK_EVERY = 16 * 1024
RING_BYTES = 2 * 1024 * 1024
COLS = (2, 500)
ROWS = (2, 1000)
SIGNALS = (2, 3, 20)  # SIGINT SIGQUIT SIGTSTP


class Kind(IntEnum):
    HELLO = 0x01
    INPUT = 0x02
    ACK = 0x03
    RESIZE = 0x04
    PING = 0x05
    SIGNAL = 0x06
    CONTROL = 0x07
    VISIBILITY = 0x08
    REDRAW = 0x09
    WELCOME = 0x81
    OUTPUT = 0x82
    REPLAY_BEGIN = 0x83
    REPLAY_END = 0x84
    SIZE = 0x85
    INPUT_ACK = 0x86
    PONG = 0x87
    STATE = 0x88
    MARK = 0x89
    GAP = 0x8A
    EXIT = 0x8B
    ERROR = 0x8C


class Close(IntEnum):
    """WebSocket close codes: the closed list the browser knows.

    RESTART also ends what a viewer sees that said nothing for 45 seconds: a page whose machine slept comes back at once
    when it wakes, with the bytes it lacks. IDLE would need a person's click.
    """

    RESTART = 1012
    PROTOCOL = 4400
    TICKET = 4401
    ROLE = 4403
    NO_SESSION = 4404
    IDLE = 4408
    TAKEN_OVER = 4409
    ENDED = 4410
    INPUT_QUOTA = 4413
    RATE = 4429
    WORKER_AWAY = 4503


class InputStatus(IntEnum):
    WRITTEN = 0
    QUEUED = 1
    NOT_DRIVER = 2
    DROPPED = 3


class ReplayKind(IntEnum):
    DELTA = 0  # exactly the bytes the viewer lacks
    TAIL = 1  # the ring's tail: reset the screen first


class ControlOp(IntEnum):
    """What CONTROL asks for. REQUEST, RELEASE and TAKE are about the sender, the others name a viewer.

    An owner may TAKE, GRANT, DENY; a guest may REQUEST, and RELEASE what was granted.
    """

    REQUEST = 1
    RELEASE = 2
    GRANT = 3
    TAKE = 4
    DENY = 5


class MarkKind(IntEnum):
    """What was found in the output: OSC 133's four, the title (OSC 0, 2), the directory (OSC 7), BEL.

    A hint, never proof: whatever a person prints can hold any of them.
    """

    PROMPT = 0  # A: the prompt begins
    COMMAND = 1  # B: what is typed begins
    OUTPUT = 2  # C: the command runs, its output begins
    DONE = 3  # D: it ended, with an exit status if told
    TITLE = 4
    CWD = 5
    BELL = 6


class Hello(Struct, frozen=True, kw_only=True):
    """`have`: the offset the viewer has parsed up to, null for a new page; with `epoch` it decides delta or tail.

    `history`: bytes of tail wanted, at most what the ring has. `lease`: a random word of the page's; a driver who
    comes back with it within half a minute drives again.
    """

    v: int
    ticket: str
    epoch: str | None = None
    have: int | None = None
    cols: int = 80
    rows: int = 24
    xpx: int = 0
    ypx: int = 0
    want: Literal["rw", "ro"] = "rw"
    visible: bool = True
    client: str = ""
    history: int = HISTORY
    lease: str = ""


class Replay(Struct, frozen=True, kw_only=True):
    kind: int
    start: int
    end: int


class Welcome(Struct, frozen=True, kw_only=True):
    """`head`: offset after the last byte of output so far; `tail`: the oldest the ring still has."""

    v: int
    sid: str
    epoch: str
    viewer: int
    role: Literal["rw", "ro"]
    driver: bool
    cols: int
    rows: int
    head: int
    tail: int
    window: int
    inwin: int
    replay: Replay


class ExitBody(Struct, frozen=True, kw_only=True):
    code: int | None = None
    signal: int | None = None
    oom: bool = False
    reason: str | None = None


class ErrorBody(Struct, frozen=True, kw_only=True):
    code: str
    msg: str
    close: int
    retry_ms: int | None = None


class ViewerBody(Struct, frozen=True, kw_only=True):
    """Somebody who looks at the terminal. `owner`: of the container, who may always write; all others are guests.

    `asking`: a guest wants the driving; `granted`: has it until it is taken back or given up. `lag`: bytes behind.
    """

    id: int
    name: str
    role: Literal["rw", "ro"]
    owner: bool
    visible: bool
    asking: bool = False
    granted: bool = False
    lag: int = 0


class RecordingBody(Struct, frozen=True, kw_only=True):
    """The output is being recorded. `started_at`: seconds since the epoch; `by`: who began it."""

    id: str
    started_at: float
    by: str = ""


class StateBody(Struct, frozen=True, kw_only=True):
    """At most four a second. `driver`: a viewer's id; `typed_at`: the last input, in seconds since the epoch.

    `flow`: `held` while the pty is not read, as who governs is behind.
    """

    driver: int | None
    viewers: list[ViewerBody]
    recording: RecordingBody | None = None
    typed_at: float | None = None
    flow: Literal["open", "held"] = "open"


class MarkBody(Struct, frozen=True, kw_only=True):
    """`status`: of DONE; `text`: the title, or the directory's path."""

    status: int | None = None
    text: str | None = None


_U64 = struct.Struct(">BQ")
_RESIZE = struct.Struct(">BHHHHH")
_INPUT = struct.Struct(">BI")
_PING = struct.Struct(">BIdI")
_STAMP = struct.Struct(">Q")
_CONTROL = struct.Struct(">BBI")
_MARK = struct.Struct(">BQB")
_PONG = struct.Struct(">BIdHH")
_SIZE = struct.Struct(">BQHH")
_REPLAY = struct.Struct(">BBQQ")
_GAP = struct.Struct(">BQQ")
_INPUT_ACK = struct.Struct(">BIB")


def kind_of(frame: bytes) -> Kind:
    """The frame's kind. Raises `Fault(protocol-error)` for an empty frame or an unknown one."""
    try:
        return Kind(frame[0])
    except (IndexError, ValueError):
        raise Fault(Code.PROTOCOL_ERROR, f"unknown terminal frame {frame[:1].hex() or 'of no bytes'}") from None


def json_frame(kind: Kind, body: Struct) -> bytes:
    """HELLO, WELCOME, STATE, EXIT, ERROR."""
    return bytes([kind]) + msgspec.json.encode(body)


def hello(frame: bytes) -> Hello:
    """Raises `Fault(protocol-error)` when it is not a HELLO of this version."""
    if len(frame) > MAX_HELLO or kind_of(frame) is not Kind.HELLO:
        raise Fault(Code.PROTOCOL_ERROR, "the first terminal frame must be a HELLO of at most 4096 bytes")
    try:
        body = msgspec.json.decode(frame[1:], type=Hello)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Fault(Code.PROTOCOL_ERROR, f"HELLO: {error}") from None
    if body.v != 1:
        raise Fault(Code.PROTOCOL_ERROR, f"HELLO: version {body.v}, this worker speaks 1", field="v")
    return body


def _unpack(form: struct.Struct, frame: bytes) -> tuple[int, ...]:
    try:
        return form.unpack(frame)[1:]
    except struct.error:
        raise Fault(
            Code.PROTOCOL_ERROR, f"{kind_of(frame).name} frame of {len(frame)} bytes, expected {form.size}"
        ) from None


def input_frame(seq: int, data: bytes) -> bytes:
    return _INPUT.pack(Kind.INPUT, seq) + data


def input_body(frame: bytes) -> tuple[int, bytes]:
    """(seq, keystrokes)."""
    (seq,) = _unpack(_INPUT, frame[: _INPUT.size])
    if len(frame) - _INPUT.size > MAX_INPUT:
        raise Fault(Code.PROTOCOL_ERROR, f"INPUT of {len(frame) - _INPUT.size} bytes, at most {MAX_INPUT}")
    return seq, frame[_INPUT.size :]


def ack_frame(offset: int) -> bytes:
    return _U64.pack(Kind.ACK, offset)


def ack_body(frame: bytes) -> int:
    """The offset parsed up to."""
    return _unpack(_U64, frame)[0]


def resize_frame(seq: int, cols: int, rows: int, xpx: int = 0, ypx: int = 0) -> bytes:
    return _RESIZE.pack(Kind.RESIZE, seq & 0xFFFF, cols, rows, xpx, ypx)


def resize_body(frame: bytes) -> tuple[int, int, int, int, int]:
    """(seq, cols, rows, xpx, ypx), clamped to what a terminal can be."""
    seq, cols, rows, xpx, ypx = _unpack(_RESIZE, frame)
    return seq, clamp(cols, COLS), clamp(rows, ROWS), xpx, ypx


def ping_frame(ident: int, client_ms: float, last_rtt_us: int = 0) -> bytes:
    """`last_rtt_us`: how long the ping before took, 0 when there was none."""
    return _PING.pack(Kind.PING, ident, client_ms, min(last_rtt_us, 0xFFFF_FFFF))


def stamp_ping(ping: bytes, monotonic_us: int) -> bytes:
    """The web process adds its CLOCK_MONOTONIC, in µs: on one host the worker has the same."""
    return ping[: _PING.size] + _STAMP.pack(monotonic_us)


def ping_body(frame: bytes) -> tuple[int, float, int, int | None]:
    """(ident, client's clock in ms, last round trip in µs, the web process' stamp in µs)."""
    ident, client_ms, rtt = _unpack(_PING, frame[: _PING.size])
    stamp = frame[_PING.size :]
    if len(stamp) not in (0, _STAMP.size):
        raise Fault(Code.PROTOCOL_ERROR, f"PING frame of {len(frame)} bytes, expected {_PING.size}")
    return ident, client_ms, rtt, _STAMP.unpack(stamp)[0] if stamp else None


def pong_frame(ping: bytes, web_to_worker: int = 0, loop_lag_ms: int = 0) -> bytes:
    """The answer to a PING frame; `web_to_worker` in units of 10 µs."""
    ident, client_ms, _, _ = ping_body(ping)
    return _PONG.pack(Kind.PONG, ident, client_ms, min(web_to_worker, 0xFFFF), min(loop_lag_ms, 0xFFFF))


def control_frame(op: ControlOp, viewer: int = 0) -> bytes:
    return _CONTROL.pack(Kind.CONTROL, op, viewer)


def control_body(frame: bytes) -> tuple[ControlOp, int]:
    """(what is asked, the viewer it is about: 0 for the sender). Raises `Fault(protocol-error)`."""
    op, viewer = _unpack(_CONTROL, frame)
    try:
        return ControlOp(op), viewer
    except ValueError:
        raise Fault(Code.PROTOCOL_ERROR, f"CONTROL {op} is not known") from None


def mark_frame(at: int, kind: MarkKind, body: MarkBody) -> bytes:
    """`at`: the offset after the sequence that made the mark.

    Like SIZE it comes when a viewer has exactly the bytes before `at`, in a replay too. A tail begins with the title
    and the directory that hold there; after a GAP nothing of what lay in it follows. On a reconnection (DELTA) those at
    the very offset the viewer `have`s are not said again.
    """
    return _MARK.pack(Kind.MARK, at, kind) + msgspec.json.encode(body)


def byte_frame(kind: Kind, value: int) -> bytes:
    """SIGNAL and VISIBILITY."""
    return bytes([kind, value])


def byte_body(frame: bytes) -> int:
    if len(frame) != 2:
        raise Fault(Code.PROTOCOL_ERROR, f"{kind_of(frame).name} frame of {len(frame)} bytes, expected 2")
    return frame[1]


def output_frame(offset: int, data: bytes) -> bytes:
    return _U64.pack(Kind.OUTPUT, offset) + data


def output_body(frame: bytes) -> tuple[int, bytes]:
    """(offset of the first byte, bytes)."""
    return _unpack(_U64, frame[: _U64.size])[0], frame[_U64.size :]


def replay_frame(kind: Literal[Kind.REPLAY_BEGIN, Kind.REPLAY_END], replay: ReplayKind, start: int, end: int) -> bytes:
    return _REPLAY.pack(kind, replay, start, end)


def gap_frame(start: int, end: int) -> bytes:
    """A viewer fell too far behind: it is not shown `start` up to `end`. A tail's REPLAY_BEGIN follows."""
    return _GAP.pack(Kind.GAP, start, end)


def size_frame(at: int, cols: int, rows: int) -> bytes:
    return _SIZE.pack(Kind.SIZE, at, cols, rows)


def input_ack_frame(seq: int, status: InputStatus) -> bytes:
    return _INPUT_ACK.pack(Kind.INPUT_ACK, seq, status)


def clamp(value: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(bounds[1], value))
