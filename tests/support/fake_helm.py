"""Who looks at one of the fake worker's terminals, and whose keys reach it."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

from runtime.protocol import pty
from runtime.protocol.pty import ControlOp

_viewers = itertools.count(1)


@dataclass(eq=False)
class Viewer:
    """One attached connection: `sent` is the offset up to which output was put into its queue, `acked` its ACK."""

    queue: asyncio.Queue[bytes | None]
    sent: int
    acked: int
    user: str
    name: str
    role: str
    guest: bool
    id: int = field(default_factory=lambda: next(_viewers))
    visible: bool = True
    asking: bool = False
    granted: bool = False

    def told(self) -> pty.ViewerBody:
        return pty.ViewerBody(
            id=self.id,
            name=self.name,
            role="rw" if self.role == "rw" else "ro",
            owner=not self.guest,
            visible=self.visible,
            asking=self.asking,
            granted=self.granted,
        )


class Helm:
    """The newest of the owner's drives; a guest who was granted it does, until it is taken or given back."""

    def __init__(self) -> None:
        self.viewers: list[Viewer] = []
        self.driver: Viewer | None = None
        self.recording: pty.RecordingBody | None = None

    def come(self, viewer: Viewer) -> None:
        self.viewers.append(viewer)
        self.elect()

    def go(self, viewer: Viewer) -> None:
        if viewer in self.viewers:
            self.viewers.remove(viewer)
            self.elect()
            self.tell()

    def elect(self) -> None:
        granted = [viewer for viewer in self.viewers if viewer.granted]
        owners = [viewer for viewer in self.viewers if viewer.role == "rw"]
        self.driver = next(reversed(granted or owners), None)

    def control(self, sender: Viewer, op: ControlOp, about: int) -> None:
        other = next((viewer for viewer in self.viewers if viewer.id == about and viewer.guest), None)
        owner = sender.role == "rw" and not sender.guest
        match op:
            case ControlOp.REQUEST if sender.guest and not sender.granted:
                sender.asking = True
            case ControlOp.RELEASE:
                sender.asking = sender.granted = False
            case ControlOp.GRANT if owner and other:
                self._take_back()
                other.asking, other.granted = False, True
            case ControlOp.DENY if owner and other:
                other.asking = other.granted = False
            case ControlOp.TAKE if owner:
                self._take_back()
                self.viewers.append(self.viewers.pop(self.viewers.index(sender)))
        self.elect()
        self.tell()

    def dismiss(self, users: list[str]) -> None:
        body = pty.ErrorBody(code="access-denied", msg="the owner has stopped sharing", close=int(pty.Close.ROLE))
        for viewer in [viewer for viewer in self.viewers if viewer.guest]:
            if not users or viewer.user in users:
                viewer.queue.put_nowait(pty.json_frame(pty.Kind.ERROR, body))
                viewer.queue.put_nowait(None)
                self.go(viewer)

    def tell(self) -> None:
        frame = pty.json_frame(
            pty.Kind.STATE,
            pty.StateBody(
                driver=self.driver.id if self.driver else None,
                viewers=[viewer.told() for viewer in self.viewers],
                recording=self.recording,
            ),
        )
        for viewer in self.viewers:
            viewer.queue.put_nowait(frame)

    def _take_back(self) -> None:
        for viewer in self.viewers:
            viewer.granted = False
