"""A terminal: the only reader of its pty, and the viewers it shows the output to.

The viewer that drives governs: the pty is read only as far as that viewer has credit, so a flood runs at the speed
of the screen that shows it and Ctrl-C overtakes it. Other viewers never hold anybody up.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
from typing import Literal

from runtime.errors import Code, Fault
from runtime.kernel import pty as kernel_pty
from runtime.protocol import pty
from runtime.protocol.pty import ControlOp, InputStatus, Kind
from runtime.terminal.drain import LEASED, Drain
from runtime.terminal.keyboard import Keyboard
from runtime.terminal.modes import Modes
from runtime.terminal.replay import plan
from runtime.terminal.ring import Ring
from runtime.terminal.viewer import Outlet, Viewer

TURN = 64 * 1024  # bytes read before others get their turn, about a millisecond
PAUSE_BELOW, RESUME_AT = 4096, 32 * 1024
COALESCE = 0.003
AFTER_INPUT = 0.05  # seconds in which output is an answer to a key, and is not kept waiting
SPARSE = 1024  # after so small a read the next one would only say EAGAIN
RECHECK = 0.05
LAST_BYTES = 1024 * 1024
WIGGLE = 0.05
MAX_VIEWERS = 32


class Session:
    """`master` None: the process has ended before, only its output is left. Owns the descriptors it is given."""

    def __init__(self, sid: str, master: int | None, ring: Ring, *, ended: pty.ExitBody | None = None) -> None:
        self.sid = sid
        self.ring = ring
        self.modes, known = Modes.load(ring.note())
        self.modes.feed(ring.read(max(ring.tail, min(known, ring.head)), ring.head), ring.head)
        self.viewers: dict[int, Viewer] = {}
        self.driver: Viewer | None = None
        self.exit = ended
        self._ids = itertools.count(1)
        self._loop = asyncio.get_running_loop()
        self._drain = Drain(ring.head)
        self._reading = False
        self._later: asyncio.TimerHandle | None = None  # the next flush
        self._recheck: asyncio.TimerHandle | None = None
        self._wiggling: asyncio.TimerHandle | None = None
        self._last_input = self._last_flush = 0.0
        self._master = -1
        self.size = kernel_pty.Winsize(80, 24)
        if master is not None:
            os.set_blocking(master, False)
            self._master = master
            self._peer = kernel_pty.open_peer(master)  # while we hold a slave, "nobody has it open" is never read
            self.size = kernel_pty.winsize(master)
            self._keyboard = Keyboard(master, self._peer)
            self._consider()

    # --- viewers ---------------------------------------------------------------------------------------------------

    def attach(
        self,
        hello: pty.Hello,
        user: str,
        role: Literal["rw", "ro"],
        outlet: Outlet,
        *,
        name: str = "",
        guest: bool = False,
    ) -> Viewer:
        """WELCOME, the replay, and from then on the output. Raises `Fault(limit-reached)`."""
        if len(self.viewers) >= MAX_VIEWERS:
            raise Fault(Code.LIMIT_REACHED, f"terminal {self.sid} has {MAX_VIEWERS} viewers already")
        viewer = Viewer(next(self._ids), user, "ro" if hello.want == "ro" else role, hello, outlet)
        viewer.name, viewer.guest = name or user, guest
        self.viewers[viewer.id] = viewer
        self._read_on()  # what is there already belongs to the replay
        course = plan(hello, self.ring, self.modes)
        self._elect(newcomer=viewer)
        viewer.say(pty.json_frame(Kind.WELCOME, self._welcome(viewer, course.kind, course.begin)))
        viewer.replay(course, self.ring.head)
        self._tell_state()
        self._pump(viewer)
        self._consider()
        if course.redraw:
            self._wiggle()
        return viewer

    def detach(self, viewer: Viewer) -> None:
        """The viewer's socket is gone."""
        if self.viewers.pop(viewer.id, None) is None:
            return
        if viewer is self.driver and self.ring.head - viewer.acked < LEASED:
            self._drain.lease(viewer.acked)
        self._elect()
        self._tell_state()
        self._consider()

    def drained(self, viewer: Viewer) -> None:
        """The viewer's socket takes bytes again."""
        self._pump(viewer)

    def receive(self, viewer: Viewer, frame: bytes) -> None:
        """A frame from a viewer. Raises `Fault(protocol-error)`: the connection is then to be closed."""
        if viewer.id not in self.viewers:
            return
        match pty.kind_of(frame):
            case Kind.INPUT:
                self._input(viewer, *pty.input_body(frame))
            case Kind.ACK:
                viewer.ack(pty.ack_body(frame))
                self._pump(viewer)
                self._consider()
            case Kind.RESIZE:
                _, *size = pty.resize_body(frame)
                viewer.size = (size[0], size[1], size[2], size[3])
                if viewer is self.driver:
                    self._resize(viewer)
            case Kind.PING:
                viewer.say(pty.pong_frame(frame))
            case Kind.SIGNAL:
                signum = pty.byte_body(frame)
                if signum not in pty.SIGNALS:
                    raise Fault(Code.PROTOCOL_ERROR, f"SIGNAL {signum} is not one of {pty.SIGNALS}")
                if viewer is self.driver and self._master >= 0:
                    self._last_input = time.monotonic()
                    with contextlib.suppress(OSError):
                        kernel_pty.send_signal(self._master, signum)
            case Kind.VISIBILITY:
                self._show(viewer, pty.byte_body(frame) != 0)
            case Kind.CONTROL:
                op, _ = pty.control_body(frame)
                if op is ControlOp.TAKE and viewer.role == "rw":
                    self._promote(viewer)
            case Kind.REDRAW:
                if viewer is self.driver:
                    self._wiggle()
            case kind:
                raise Fault(Code.PROTOCOL_ERROR, f"{kind.name} is not for the worker to receive")

    # --- the end ---------------------------------------------------------------------------------------------------

    def end(self, exit: pty.ExitBody) -> None:
        """The terminal's process is gone: the last of its output, then EXIT. Also hangs the line up."""
        if self.exit is not None:
            return
        if self._master >= 0:
            before = self.ring.head
            with contextlib.suppress(OSError):
                while self.ring.head - before < LAST_BYTES and self.ring.fill(self._master, TURN):
                    pass
            self._heed(before)
        self.exit = exit
        self._hang_up()
        self._flush()

    def close(self, error: pty.ErrorBody) -> None:
        """The terminal is to be no more: every viewer is told why."""
        self._hang_up()
        for viewer in list(self.viewers.values()):
            viewer.hang_up(error)
        self.viewers.clear()
        self.ring.close()

    def descriptors(self) -> list[int]:
        """What the keeper is to hold: the ring, and the master while there is one."""
        return [self.ring.fd] if self._master < 0 else [self.ring.fd, self._master]

    def foreground_hang_up(self) -> None:
        """SIGHUP to what runs in the foreground."""
        if self._master >= 0:
            kernel_pty.hang_up(self._master)

    def _hang_up(self) -> None:
        for handle in (self._later, self._recheck, self._wiggling):
            if handle:
                handle.cancel()
        self._later = self._recheck = self._wiggling = None
        if self._master >= 0:
            self._pause()
            self._keyboard.close()
            os.close(self._peer)
            os.close(self._master)
            self._master = -1

    # --- output ----------------------------------------------------------------------------------------------------

    @property
    def _governor(self) -> Viewer | None:
        return self.driver if self.driver and self.driver.visible else None

    def _room(self) -> int:
        """How many bytes may be read now."""
        if governor := self._governor:
            return governor.window - (self.ring.head - governor.acked)
        return self._drain.room(self.ring.head)

    def _read(self) -> None:
        self._read_on()
        now = time.monotonic()
        fresh = self.ring.head - min((viewer.sent for viewer in self.viewers.values()), default=self.ring.head)
        since = now - self._last_flush
        if fresh >= pty.MAX_OUTPUT or now - self._last_input < AFTER_INPUT or since >= COALESCE:
            self._flush()
        elif self._later is None:
            self._later = self._loop.call_later(COALESCE - since, self._flush)

    def _read_on(self) -> None:
        """Read what is there, within one turn and the room there is."""
        if not self._reading:
            return
        before = self.ring.head
        try:
            while self.ring.head - before < TURN:
                room = self._room()
                if room < PAUSE_BELOW:
                    self._pause()
                    self._consider()
                    break
                if self.ring.fill(self._master, room) < SPARSE:
                    break
        except BlockingIOError:
            pass
        except OSError:
            self._pause()  # EIO: nobody has the slave open; with a peer of our own it does not come
        if self.ring.head > before:
            if self._governor is None:
                self._drain.took(self.ring.head - before)
            self._heed(before)

    def _heed(self, before: int) -> None:
        if self.modes.feed(self.ring.read(max(before, self.ring.tail), self.ring.head), self.ring.head):
            self.ring.write_note(self.modes.dump(self.ring.head))

    def _flush(self) -> None:
        if self._later:
            self._later.cancel()
            self._later = None
        self._last_flush = time.monotonic()
        for viewer in list(self.viewers.values()):
            self._pump(viewer)

    def _pump(self, viewer: Viewer) -> None:
        viewer.pump(self.ring, self.modes, governs=viewer is self._governor, exit=self.exit)

    def _pause(self) -> None:
        if self._reading:
            self._loop.remove_reader(self._master)
            self._reading = False

    def _consider(self) -> None:
        """Read again when there is room for it; without a governor, look again in a while."""
        if self._master < 0 or self._reading:
            return
        governor = self._governor
        if self._room() >= (min(RESUME_AT, governor.window // 2) if governor else RESUME_AT):
            self._reading = True
            self._loop.add_reader(self._master, self._read)
        elif governor is None and self._recheck is None:
            self._recheck = self._loop.call_later(RECHECK, self._consider_again)

    def _consider_again(self) -> None:
        self._recheck = None
        self._consider()

    # --- input -----------------------------------------------------------------------------------------------------

    def _input(self, viewer: Viewer, seq: int, data: bytes) -> None:
        def done(status: InputStatus) -> None:
            if viewer.id in self.viewers:
                viewer.say(pty.input_ack_frame(seq, status))

        if viewer is not self.driver:
            done(InputStatus.NOT_DRIVER)
        elif self._master < 0:
            done(InputStatus.DROPPED)
        else:
            self._last_input = time.monotonic()
            self._keyboard.type(data, done)

    def _resize(self, viewer: Viewer, *, but: Viewer | None = None) -> None:
        """Give the pty the viewer's size and tell all, save the one whose WELCOME will."""
        size = kernel_pty.Winsize(*viewer.size)
        if size == self.size or self._master < 0:
            return
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, size)
        self.size = size
        for other in self.viewers.values():
            if other is not but:
                other.say(pty.size_frame(self.ring.head, size.cols, size.rows))

    def _wiggle(self) -> None:
        """The kernel sends SIGWINCH only when the size changes: one row less, and back."""
        if self._wiggling or self._master < 0:
            return
        rows = self.size.rows - 1 if self.size.rows > pty.ROWS[0] else self.size.rows + 1
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, kernel_pty.Winsize(self.size.cols, rows))
        self._wiggling = self._loop.call_later(WIGGLE, self._unwiggle)

    def _unwiggle(self) -> None:
        self._wiggling = None
        with contextlib.suppress(OSError):
            kernel_pty.set_winsize(self._master, self.size)

    # --- who drives ------------------------------------------------------------------------------------------------

    def _show(self, viewer: Viewer, visible: bool) -> None:
        if visible == viewer.visible:
            return
        viewer.visible = visible
        if visible:
            self._promote(viewer)
        else:
            self._elect()
        self._consider()

    def _promote(self, viewer: Viewer) -> None:
        viewer.rank = next(self._ids)
        self._elect()

    def _elect(self, *, newcomer: Viewer | None = None) -> None:
        """The newest visible viewer that may write drives. On a reload that is the new page, not the one dying."""
        candidates = [viewer for viewer in self.viewers.values() if viewer.role == "rw"]
        best = max(candidates, key=lambda viewer: (viewer.visible, viewer.rank), default=None)
        if best is self.driver:
            return
        self.driver = best
        if best:
            self._drain.attended()
            self._resize(best, but=newcomer)
        if newcomer is None:
            self._tell_state()
        self._consider()

    def _tell_state(self) -> None:
        body = pty.StateBody(
            driver=self.driver.id if self.driver else None,
            viewers=[viewer.told() for viewer in self.viewers.values()],
        )
        frame = pty.json_frame(Kind.STATE, body)
        for viewer in self.viewers.values():
            viewer.say(frame)

    def _welcome(self, viewer: Viewer, kind: int, begin: int) -> pty.Welcome:
        return pty.Welcome(
            v=1,
            sid=self.sid,
            epoch=self.ring.epoch,
            viewer=viewer.id,
            role=viewer.role,
            driver=viewer is self.driver,
            cols=self.size.cols,
            rows=self.size.rows,
            head=self.ring.head,
            tail=self.ring.tail,
            window=viewer.window,
            inwin=pty.MAX_INPUT_UNACKED,
            replay=pty.Replay(kind=kind, start=begin, end=self.ring.head),
        )
