"""A pty with a very small shell on it: what the fake worker's terminals are attached to."""

from __future__ import annotations

import asyncio
import secrets

from runtime.protocol import pty
from tests.support.fake_helm import Helm, Viewer
from tests.support.fake_world import World

PROMPT = b"/ # "


class Shell:
    """Line editing, `echo`, `ps`, `touch`, `rm`, `hog`, `yes N`, `exit N`; `ended` is called with the exit code."""

    def __init__(self, world: World, pid: int, cols: int, rows: int) -> None:
        self.world = world
        self.pid = pid
        self.cols, self.rows = cols, rows
        self.epoch = secrets.token_hex(8)
        self.output = bytearray()
        self.helm = Helm()
        self.line = bytearray()
        self.exit: pty.ExitBody | None = None
        self.emit(PROMPT)

    # -- what a viewer does ---------------------------------------------------------------------------------------

    @property
    def viewers(self) -> list[Viewer]:
        return self.helm.viewers

    def join(self, hello: pty.Hello, user: str, role: str, name: str = "", *, guest: bool = False) -> Viewer:
        """WELCOME and replay are in the viewer's queue when this returns."""
        head = len(self.output)
        known = hello.epoch == self.epoch and hello.have is not None and hello.have <= head
        start = hello.have if known and hello.have is not None else max(0, head - pty.RING_BYTES)
        kind = pty.ReplayKind.DELTA if known else pty.ReplayKind.TAIL
        role = "ro" if hello.want == "ro" else role
        viewer = Viewer(asyncio.Queue(), start, start, user, name or user, role, guest)
        self.helm.come(viewer)
        if self.helm.driver is viewer:
            self.cols, self.rows = pty.clamp(hello.cols, pty.COLS), pty.clamp(hello.rows, pty.ROWS)
        welcome = pty.Welcome(
            v=1,
            sid=str(self.pid),
            epoch=self.epoch,
            viewer=viewer.id,
            role="ro" if role == "ro" else "rw",
            driver=self.helm.driver is viewer,
            cols=self.cols,
            rows=self.rows,
            head=head,
            tail=max(0, head - pty.RING_BYTES),
            window=pty.WINDOW,
            inwin=pty.MAX_INPUT_UNACKED,
            replay=pty.Replay(kind=kind, start=start, end=head),
        )
        put = viewer.queue.put_nowait
        put(pty.json_frame(pty.Kind.WELCOME, welcome))
        put(pty.replay_frame(pty.Kind.REPLAY_BEGIN, kind, start, head))
        while viewer.sent < head:
            piece = bytes(self.output[viewer.sent : min(viewer.sent + pty.MAX_REPLAY_OUTPUT, head)])
            put(pty.output_frame(viewer.sent, piece))
            viewer.sent += len(piece)
        put(pty.replay_frame(pty.Kind.REPLAY_END, kind, start, head))
        self.helm.tell()
        self.flow(viewer)
        return viewer

    def ack(self, viewer: Viewer, offset: int) -> None:
        viewer.acked = max(viewer.acked, min(offset, len(self.output)))
        self.flow(viewer)

    def flow(self, viewer: Viewer) -> None:
        """As much as the viewer's credit allows; EXIT after the last byte."""
        while viewer.sent < len(self.output) and viewer.sent - viewer.acked < pty.WINDOW:
            piece = bytes(self.output[viewer.sent : viewer.sent + pty.MAX_OUTPUT])
            viewer.queue.put_nowait(pty.output_frame(viewer.sent, piece))
            viewer.sent += len(piece)
        if self.exit is not None and viewer.sent == len(self.output):
            viewer.queue.put_nowait(pty.json_frame(pty.Kind.EXIT, self.exit))
            viewer.queue.put_nowait(None)

    def resize(self, cols: int, rows: int) -> None:
        self.cols, self.rows = cols, rows
        for viewer in self.viewers:
            viewer.queue.put_nowait(pty.size_frame(len(self.output), cols, rows))

    # -- what the shell does --------------------------------------------------------------------------------------

    def emit(self, data: bytes) -> None:
        self.output += data
        for viewer in self.viewers:
            self.flow(viewer)

    def type(self, data: bytes) -> None:
        """Keystrokes."""
        for byte in data:
            if self.exit is not None:
                return
            if byte == 0x03:
                self.line.clear()
                self.emit(b"^C\r\n" + PROMPT)
            elif byte == 0x04 and not self.line:
                self.finish(0)
            elif byte in (0x08, 0x7F):
                if self.line:
                    self.line.pop()
                    self.emit(b"\b \b")
            elif byte in (0x0A, 0x0D):
                line, self.line = bytes(self.line), bytearray()
                self.emit(b"\r\n")
                self._run(line.decode("utf-8", "replace").split())
            else:
                self.line.append(byte)
                self.emit(bytes([byte]))

    def finish(self, code: int | None, signal: int | None = None) -> None:
        """The shell ends; viewers get EXIT after the last byte."""
        if self.exit is None:
            self.exit = pty.ExitBody(code=code, signal=signal)
            self.world.end(self.pid, code, signal)
            for viewer in self.viewers:
                self.flow(viewer)

    def _run(self, words: list[str]) -> None:
        match words:
            case []:
                pass
            case ["exit", *code]:
                self.finish(int(code[0]) if code else 0)
                return
            case ["echo", *rest]:
                self.emit(" ".join(rest).encode() + b"\r\n")
            case ["ps", *_]:
                for pid, argv in self.world.processes.items():
                    self.emit(f"{pid:5} {' '.join(argv)}\r\n".encode())
            case ["touch", path]:
                self.world.write(f"/{path.lstrip('/')}")
            case ["rm", path]:
                self.world.remove(f"/{path.lstrip('/')}")
            case ["hog"]:
                self.world.oom(words)
                self.emit(b"Killed\r\n")
            case ["sleep", *_]:
                self.world.spawn(words)
            case ["yes", count]:
                self.emit(b"y\r\n" * int(count))
            case [name, *_]:
                self.emit(f"sh: {name}: not found\r\n".encode())
        self.emit(PROMPT)
