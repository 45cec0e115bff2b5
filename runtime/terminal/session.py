"""A terminal: the only reader of its pty, and the viewers it shows the output to.

The viewer that drives governs: the pty is read only as far as that viewer has credit, so a flood runs at the speed
of the screen that shows it and Ctrl-C overtakes it. Other viewers never hold anybody up.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Collection
from typing import Literal

from runtime.errors import Code, Fault
from runtime.kernel import pty as kernel_pty
from runtime.protocol import pty
from runtime.protocol.pty import InputStatus, Kind
from runtime.terminal.drain import LEASED
from runtime.terminal.driving import Driving
from runtime.terminal.flow import Flow
from runtime.terminal.hand import Hand, signal_of
from runtime.terminal.modes import Modes
from runtime.terminal.pulse import Pulse
from runtime.terminal.replay import plan
from runtime.terminal.ring import Ring
from runtime.terminal.sizing import Sizing
from runtime.terminal.status import Status
from runtime.terminal.stream import Stream
from runtime.terminal.tape import Tape
from runtime.terminal.viewer import Outlet, Viewer

MAX_VIEWERS = 32
MAX_GUESTS = 24  # of those: an owner always finds a place
MAX_OF_A_GUEST = 4  # and so does another guest
TYPING = 1.0  # seconds between two words on when somebody typed
REDRAWS = 2.0  # seconds between two redraws for viewers that fell behind: the driver sees them too


class Session:
    """`master` None: the process has ended before, only its output is left. Owns the descriptors it is given."""

    def __init__(self, sid: str, master: int | None, ring: Ring, *, ended: pty.ExitBody | None = None) -> None:
        self.sid = sid
        self.ring = ring
        self.viewers: dict[int, Viewer] = {}
        self.exit = ended
        self._ids = itertools.count(1)
        self._stream = Stream(ring, self._pump_all)
        self._driving = Driving(self.viewers, self._drives)
        self._status = Status(self._tell_state)
        self._sizing = Sizing(self._resized)
        self._flow = Flow(
            ring,
            governor=lambda: self._driving.governor,
            heard=self._stream.heed,
            flush=self._pump_all,
            changed=self._status.changed,
        )
        self._pulse = Pulse.here()
        self._told_typed = self._redrawn_at = 0.0
        self._hand = Hand(master, self._typed)
        if master is not None:
            self._sizing.open(master)
            self._stream.begin(self.size.cols, self.size.rows)
            self._flow.open(master)

    @property
    def size(self) -> kernel_pty.Winsize:
        return self._sizing.size

    @property
    def reading(self) -> bool:
        return self._flow.reading

    @property
    def modes(self) -> Modes:
        return self._stream.ear.modes

    @property
    def tape(self) -> Tape | None:
        return self._stream.tape

    @property
    def driver(self) -> Viewer | None:
        return self._driving.driver

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
        guests = [viewer.user for viewer in self.viewers.values() if viewer.guest]
        if len(self.viewers) >= MAX_VIEWERS or (guest and len(guests) >= MAX_GUESTS):
            raise Fault(Code.LIMIT_REACHED, f"terminal {self.sid} has {len(self.viewers)} viewers already")
        if guest and guests.count(user) >= MAX_OF_A_GUEST:
            raise Fault(Code.LIMIT_REACHED, f"{MAX_OF_A_GUEST} pages of this guest show terminal {self.sid} already")
        viewer = Viewer(next(self._ids), user, "ro" if hello.want == "ro" else role, hello, outlet)
        viewer.name, viewer.guest, viewer.heard = name or user, guest, time.monotonic()
        self._flow.read_on()  # what is there already belongs to the replay
        self._stream.recall()
        course = plan(hello, self.ring, self._stream.ear)
        self.viewers[viewer.id] = viewer
        self._pulse.watch(self)
        self._driving.come(viewer)
        viewer.say(pty.json_frame(Kind.WELCOME, self._welcome(viewer, course.kind, course.begin)))
        viewer.replay(course, self._stream)
        viewer.say(self._state())
        self._status.changed()
        if course.redraw:
            self._redrawn_at = 0.0
        self._flow.flush()  # to all: what was read on for this one is new to the others
        self._flow.consider()
        return viewer

    def detach(self, viewer: Viewer) -> None:
        """The viewer's socket is gone."""
        if self.viewers.pop(viewer.id, None) is None:
            return
        if viewer is self.driver and self.ring.head - viewer.acked < LEASED:
            self._flow.drain.lease(viewer.acked)
        self._driving.go(viewer)
        if not self.viewers:
            self._pulse.forget(self)
        self._status.changed()
        self._flow.consider()

    def dismiss(self, users: Collection[str]) -> None:
        """End what these guests see; empty: all guests. One who drove leaves no claim."""
        body = pty.ErrorBody(code=str(Code.ACCESS_DENIED), msg="the owner has stopped sharing", close=pty.Close.ROLE)
        for viewer in [viewer for viewer in self.viewers.values() if viewer.guest]:
            if not users or viewer.user in users:
                self.detach(viewer)
                viewer.hang_up(body)
        self._driving.forget(users)

    def beat(self, since: float) -> None:
        """From time to time: who said nothing since then is gone, whatever its socket says."""
        body = pty.ErrorBody(
            code=str(Code.TIMEOUT), msg="this page was silent for too long", close=pty.Close.RESTART, retry_ms=0
        )
        for viewer in [viewer for viewer in self.viewers.values() if viewer.heard < since]:
            self.detach(viewer)
            viewer.hang_up(body)
        if any(self.ring.head - viewer.acked > viewer.window for viewer in self.viewers.values()):
            self._status.changed()

    def drained(self, viewer: Viewer) -> None:
        """The viewer's socket takes bytes again."""
        self._pump(viewer)

    def receive(self, viewer: Viewer, frame: bytes) -> None:
        """A frame from a viewer. Raises `Fault(protocol-error)`: the connection is then to be closed."""
        if viewer.id not in self.viewers:
            return
        viewer.heard = time.monotonic()
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
                viewer.say(self._pulse.answer(frame))
            case Kind.SIGNAL:
                signum = signal_of(frame)
                if viewer is self.driver:
                    self._hand.signal(signum)
            case Kind.VISIBILITY:
                visible = pty.byte_body(frame) != 0
                if visible != viewer.visible:
                    self._driving.show(viewer, visible)
                    self._status.changed()
                    self._flow.consider()
            case Kind.CONTROL:
                self._driving.control(viewer, *pty.control_body(frame))
                self._status.changed()
            case Kind.REDRAW:
                if viewer is self.driver:
                    self._sizing.wiggle()
            case kind:
                raise Fault(Code.PROTOCOL_ERROR, f"{kind.name} is not for the worker to receive")

    # --- recording -------------------------------------------------------------------------------------------------

    def record(self, tape: Tape | None) -> None:
        """From here on `tape` is told what happens; None: nobody is. The viewers are told."""
        self._stream.tape = tape
        if tape and self.modes.alternate:
            self._sizing.wiggle()  # what is on a full screen was drawn before
        self._status.changed()

    # --- the end ---------------------------------------------------------------------------------------------------

    def end(self, exit: pty.ExitBody) -> None:
        """The terminal's process is gone: the last of its output, then EXIT. Also hangs the line up."""
        if self.exit is not None:
            return
        if self._hand.master >= 0:
            self._flow.read_out()
        self.exit = exit
        self._hang_up()
        self._stream.end(exit)
        self._flow.flush()

    def close(self, error: pty.ErrorBody) -> None:
        """The terminal is to be no more: every viewer is told why."""
        self._hang_up()
        self._stream.end(self.exit)
        for viewer in list(self.viewers.values()):
            viewer.hang_up(error)
        self.viewers.clear()
        self._pulse.forget(self)
        self._status.close()
        self.ring.close()

    def descriptors(self) -> list[int]:
        """What the keeper is to hold: the ring, and the master while there is one."""
        return [self.ring.fd] if self._hand.master < 0 else [self.ring.fd, self._hand.master]

    def foreground_hang_up(self) -> None:
        """SIGHUP to what runs in the foreground."""
        self._hand.hang_up()

    def _hang_up(self) -> None:
        self._flow.close()
        self._sizing.close()
        self._hand.close()

    # --- output ----------------------------------------------------------------------------------------------------

    def _pump_all(self) -> None:
        for viewer in list(self.viewers.values()):
            self._pump(viewer)

    def _pump(self, viewer: Viewer) -> None:
        if viewer.queued:
            return
        if viewer.pump(self._stream, governs=viewer is self._driving.governor, exit=self.exit):
            viewer.queued = True
            asyncio.get_running_loop().call_soon(self._pump_on, viewer)
        if viewer.redraw:
            viewer.redraw = False
            if time.monotonic() - self._redrawn_at > REDRAWS:
                self._redrawn_at = time.monotonic()
                self._sizing.wiggle()

    def _pump_on(self, viewer: Viewer) -> None:
        viewer.queued = False
        if viewer.id in self.viewers:
            self._pump(viewer)

    # --- input -----------------------------------------------------------------------------------------------------

    def _input(self, viewer: Viewer, seq: int, data: bytes) -> None:
        def done(status: InputStatus) -> None:
            if viewer.id in self.viewers:
                viewer.say(pty.input_ack_frame(seq, status))

        if viewer is self.driver:
            self._hand.type(data, done)
        else:
            done(InputStatus.NOT_DRIVER)

    def _typed(self) -> None:
        self._flow.typed()
        now = time.monotonic()
        if len(self.viewers) > 1 and now - self._told_typed >= TYPING:
            self._told_typed = now
            self._status.changed()

    def _resized(self, size: kernel_pty.Winsize) -> None:
        self._stream.resized(size.cols, size.rows)
        self._pump_all()

    # --- who drives ------------------------------------------------------------------------------------------------

    def _drives(self, driver: Viewer | None) -> None:
        """Another one drives, or none."""
        if driver:
            self._flow.drain.attended()
            self._sizing.resize(kernel_pty.Winsize(*driver.size))
        self._status.changed()
        self._flow.consider()

    def _state(self) -> bytes:
        """STATE: who looks, who drives, whether it is recorded."""
        body = pty.StateBody(
            driver=self.driver.id if self.driver else None,
            viewers=[viewer.told(self.ring.head) for viewer in self.viewers.values()],
            recording=self.tape.told() if self.tape else None,
            typed_at=self._hand.typed_at,
            flow="held" if self._flow.held else "open",
        )
        return pty.json_frame(Kind.STATE, body)

    def _tell_state(self) -> None:
        frame = self._state()
        for viewer in self.viewers.values():
            viewer.say_state(frame)

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
