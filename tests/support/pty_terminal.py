"""A program on a pty, its session, and what looks at it: without a container."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty as stdlib_pty
import signal
from collections.abc import Callable

from runtime.kernel import pty as kernel_pty
from runtime.protocol import pty
from runtime.protocol.pty import Close
from runtime.terminal.ring import Ring
from runtime.terminal.session import Session
from runtime.terminal.viewer import Viewer
from tests.support.pty_viewer import FakeOutlet, Screen


class Terminal:
    """A program on a pty, its session, and what looks at it."""

    def __init__(self, argv: list[str], *, cols: int = 80, rows: int = 24) -> None:
        self.pid, self.master = stdlib_pty.fork()
        if self.pid == 0:
            for signum in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
                signal.signal(signum, signal.SIG_DFL)
            os.execvp(argv[0], argv)  # noqa: S606
        kernel_pty.set_winsize(self.master, kernel_pty.Winsize(cols, rows))
        self.spare = os.dup(self.master)  # as the keeper holds it
        self.session = Session("t1", self.master, Ring.create())
        self._closed = False
        self._seq = 0

    def attach(
        self,
        hello: pty.Hello | None = None,
        *,
        role: str = "rw",
        acks: bool = True,
        user: str = "anna",
        guest: bool = False,
        outlet: FakeOutlet | None = None,
    ) -> tuple[Viewer, Screen]:
        outlet = outlet or FakeOutlet()
        known: list[Viewer] = []

        def heard() -> None:
            parsed = outlet.screen.parsed
            if acks and known and parsed is not None and parsed > known[0].acked:
                asyncio.get_running_loop().call_soon(self.session.receive, known[0], pty.ack_frame(parsed))

        outlet.heard = heard
        viewer = self.session.attach(
            hello or pty.Hello(v=1, ticket=""), user, "ro" if guest or role == "ro" else "rw", outlet, guest=guest
        )
        known.append(viewer)
        heard()
        return viewer, outlet.screen

    def type(self, viewer: Viewer, data: bytes) -> int:
        self._seq += 1
        self.session.receive(viewer, pty.input_frame(self._seq, data))
        return self._seq

    async def ended(self) -> None:
        """The process is gone: as the server does on its pidfd."""
        fd = os.pidfd_open(self.pid)
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(fd, gone.set)
        await asyncio.wait_for(gone.wait(), 20)
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)
        _, status = os.waitpid(self.pid, 0)  # noqa: ASYNC222 -- it is dead
        self.pid = 0
        self.session.end(pty.ExitBody(code=os.waitstatus_to_exitcode(status)))

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.session.close(pty.ErrorBody(code="not-found", msg="over", close=Close.NO_SESSION))
        with contextlib.suppress(OSError):
            os.close(self.spare)


Make = Callable[..., Terminal]
