"""A terminal: the only reader of its pty, and the viewers it shows the output to.

The viewer that drives governs: the pty is read only as far as that viewer has credit, so a flood runs at the speed
of the screen that shows it and Ctrl-C overtakes it. Other viewers never hold anybody up.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from typing import Literal

from runtime.errors import Code, Fault
from runtime.kernel import pty as kernel_pty
from runtime.protocol import pty
from runtime.protocol.pty import ControlOp, InputStatus, Kind
from runtime.terminal.drain import LEASED
from runtime.terminal.flow import Flow
from runtime.terminal.keyboard import Keyboard
from runtime.terminal.modes import Modes
from runtime.terminal.replay import plan
from runtime.terminal.ring import Ring
from runtime.terminal.sizing import Sizing
from runtime.terminal.tape import Tape
from runtime.terminal.viewer import Outlet, Viewer

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
        self.tape: Tape | None = None
        self._ids = itertools.count(1)
        self._flow = Flow(ring, governor=self._governor, heard=self._heed, flush=self._pump_all)
        self._sizing = Sizing(self._resized)
        self._master = -1
        if master is not None:
            os.set_blocking(master, False)
            self._master = master
            self._peer = kernel_pty.open_peer(master)  # while we hold a slave, "nobody has it open" is never read
            self._keyboard = Keyboard(master, self._peer)
            self._sizing.open(master)
            self._flow.open(master)

    @property
    def size(self) -> kernel_pty.Winsize:
        return self._sizing.size

    @property
    def reading(self) -> bool:
        return self._flow.reading

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
        self._flow.read_on()  # what is there already belongs to the replay
        course = plan(hello, self.ring, self.modes)
        self._elect(newcomer=viewer)
        viewer.say(pty.json_frame(Kind.WELCOME, self._welcome(viewer, course.kind, course.begin)))
        viewer.replay(course, self.ring.head)
        self.tell_state()
        self._pump(viewer)
        self._flow.consider()
        if course.redraw:
            self._sizing.wiggle()
        return viewer

    def detach(self, viewer: Viewer) -> None:
        """The viewer's socket is gone."""
        if self.viewers.pop(viewer.id, None) is None:
            return
        if viewer is self.driver and self.ring.head - viewer.acked < LEASED:
            self._flow.drain.lease(viewer.acked)
        self._elect()
        self.tell_state()
        self._flow.consider()

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
                self._flow.consider()
            case Kind.RESIZE:
                _, *size = pty.resize_body(frame)
                viewer.size = (size[0], size[1], size[2], size[3])
                if viewer is self.driver:
                    self._sizing.resize(kernel_pty.Winsize(*viewer.size))
            case Kind.PING:
                viewer.say(pty.pong_frame(frame))
            case Kind.SIGNAL:
                self._signal(viewer, pty.byte_body(frame))
            case Kind.VISIBILITY:
                self._show(viewer, pty.byte_body(frame) != 0)
            case Kind.CONTROL:
                op, _ = pty.control_body(frame)
                if op is ControlOp.TAKE and viewer.role == "rw":
                    self._promote(viewer)
            case Kind.REDRAW:
                if viewer is self.driver:
                    self._sizing.wiggle()
            case kind:
                raise Fault(Code.PROTOCOL_ERROR, f"{kind.name} is not for the worker to receive")

    # --- recording -------------------------------------------------------------------------------------------------

    def record(self, tape: Tape | None) -> None:
        """From here on `tape` is told what happens; None: nobody is. The viewers are told."""
        self.tape = tape
        if tape and self.modes.alternate:
            self._sizing.wiggle()  # what is on a full screen was drawn before
        self.tell_state()

    # --- the end ---------------------------------------------------------------------------------------------------

    def end(self, exit: pty.ExitBody) -> None:
        """The terminal's process is gone: the last of its output, then EXIT. Also hangs the line up."""
        if self.exit is not None:
            return
        if self._master >= 0:
            self._flow.read_out()
        self.exit = exit
        self._hang_up()
        self._end_tape()
        self._flow.flush()

    def close(self, error: pty.ErrorBody) -> None:
        """The terminal is to be no more: every viewer is told why."""
        self._hang_up()
        self._end_tape()
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

    def _end_tape(self) -> None:
        tape, self.tape = self.tape, None
        if tape:
            tape.ended(self.ring.head, self.exit)

    def _hang_up(self) -> None:
        self._flow.close()
        self._sizing.close()
        if self._master >= 0:
            self._keyboard.close()
            os.close(self._peer)
            os.close(self._master)
            self._master = -1

    # --- output ----------------------------------------------------------------------------------------------------

    def _governor(self) -> Viewer | None:
        return self.driver if self.driver and self.driver.visible else None

    def _heed(self, before: int) -> None:
        """What was read says something about the screen."""
        start = max(before, self.ring.tail)
        data = self.ring.read(start, self.ring.head)
        if self.tape:
            self.tape.output(start, data)
        if self.modes.feed(data, self.ring.head):
            self.ring.write_note(self.modes.dump(self.ring.head))

    def _pump_all(self) -> None:
        for viewer in list(self.viewers.values()):
            self._pump(viewer)

    def _pump(self, viewer: Viewer) -> None:
        viewer.pump(self.ring, self.modes, governs=viewer is self._governor(), exit=self.exit)

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
            self._flow.typed()
            self._keyboard.type(data, done)

    def _signal(self, viewer: Viewer, signum: int) -> None:
        if signum not in pty.SIGNALS:
            raise Fault(Code.PROTOCOL_ERROR, f"SIGNAL {signum} is not one of {pty.SIGNALS}")
        if viewer is self.driver and self._master >= 0:
            self._flow.typed()
            with contextlib.suppress(OSError):
                kernel_pty.send_signal(self._master, signum)

    def _resized(self, size: kernel_pty.Winsize) -> None:
        frame = pty.size_frame(self.ring.head, size.cols, size.rows)
        for viewer in self.viewers.values():
            if viewer.welcomed:  # else WELCOME tells
                viewer.say(frame)
        if self.tape:
            self.tape.resized(self.ring.head, size.cols, size.rows)

    # --- who drives ------------------------------------------------------------------------------------------------

    def _show(self, viewer: Viewer, visible: bool) -> None:
        if visible == viewer.visible:
            return
        viewer.visible = visible
        if visible:
            self._promote(viewer)
        else:
            self._elect()
        self._flow.consider()

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
            self._flow.drain.attended()
            self._sizing.resize(kernel_pty.Winsize(*best.size))
        if newcomer is None:
            self.tell_state()
        self._flow.consider()

    def tell_state(self) -> None:
        """STATE, to all: who looks, who drives, whether it is recorded."""
        body = pty.StateBody(
            driver=self.driver.id if self.driver else None,
            viewers=[viewer.told() for viewer in self.viewers.values()],
            recording=self.tape.told() if self.tape else None,
        )
        frame = pty.json_frame(Kind.STATE, body)
        for viewer in self.viewers.values():
            viewer.say(frame)

    def _welcome(self, viewer: Viewer, kind: int, begin: int) -> pty.Welcome:
        viewer.welcomed = True
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
