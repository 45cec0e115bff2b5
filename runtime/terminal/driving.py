"""Whose keys reach the pty.

The newest visible viewer of the owner's drives: on a reload that is the new page, not the one dying. The owner may let
a guest drive, until it is taken back, given back, or the guest is not there any more. Who comes back within half a
minute with the lease of before stands where it stood: a lost connection or a restarted web process changes nothing.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection

from runtime.protocol.pty import ControlOp
from runtime.terminal.drain import LEASE
from runtime.terminal.viewer import Viewer

MOST_AWAY = 64


class Driving:
    """`viewers`: all that are there, by id. `changed` is called when another one drives."""

    def __init__(self, viewers: dict[int, Viewer], changed: Callable[[Viewer | None], None]) -> None:
        self.driver: Viewer | None = None
        self._viewers = viewers
        self._changed = changed
        self._ranks = itertools.count(1)
        self._away: dict[tuple[str, bool, str], tuple[float, int, bool, bool]] = {}

    @property
    def governor(self) -> Viewer | None:
        """Whose credit counts: who drives, if that page is looked at."""
        return self.driver if self.driver and self.driver.visible else None

    def come(self, viewer: Viewer) -> None:
        """`viewer` is among the viewers now."""
        viewer.rank = next(self._ranks)
        until, rank, drove, granted = self._away.pop(_key(viewer), (0.0, 0, False, False))
        if viewer.lease and time.monotonic() < until:
            if not drove:
                viewer.rank = rank
            viewer.granted = granted and viewer.visible and self._granted is None
        self.elect()

    def go(self, viewer: Viewer) -> None:
        """`viewer` is among the viewers no more."""
        if viewer.lease:
            self._away.pop(_key(viewer), None)
            lasting = (time.monotonic() + LEASE, viewer.rank, viewer is self.driver, viewer.granted)
            self._away[_key(viewer)] = lasting
            if len(self._away) > MOST_AWAY:
                del self._away[next(iter(self._away))]
        self.elect()

    def show(self, viewer: Viewer, visible: bool) -> None:
        viewer.visible = visible
        if visible:
            viewer.rank = next(self._ranks)
        else:
            viewer.granted = False
        self.elect()

    def control(self, viewer: Viewer, op: ControlOp, about: int) -> None:
        """What a viewer may not ask for has no effect."""
        other = self._viewers.get(about)
        match op:
            case ControlOp.REQUEST if viewer.guest and not viewer.granted:
                viewer.asking = True
            case ControlOp.RELEASE if viewer.guest:
                viewer.asking = viewer.granted = False
            case ControlOp.TAKE if viewer.owns:
                self._take_back()
                viewer.rank = next(self._ranks)
            case ControlOp.GRANT if viewer.owns and other and other.guest and other.visible:
                self._take_back()
                other.asking, other.granted = False, True
            case ControlOp.DENY if viewer.owns and other and other.guest:
                other.asking = other.granted = False
        self.elect()

    def forget(self, guests: Collection[str]) -> None:
        """Of these guests, or all: who comes back has no more rights than one who never was here."""
        for key in [key for key in self._away if key[1] and (not guests or key[0] in guests)]:
            del self._away[key]

    def elect(self) -> None:
        owners = [viewer for viewer in self._viewers.values() if viewer.owns]
        best = self._granted or max(owners, key=lambda viewer: (viewer.visible, viewer.rank), default=None)
        if best is not self.driver:
            self.driver = best
            self._changed(best)

    @property
    def _granted(self) -> Viewer | None:
        return next((viewer for viewer in self._viewers.values() if viewer.granted), None)

    def _take_back(self) -> None:
        """From whoever was let, and from who drove and is away."""
        for viewer in self._viewers.values():
            viewer.granted = False
        self._away = {key: (until, rank, False, False) for key, (until, rank, _, _) in self._away.items()}


def _key(viewer: Viewer) -> tuple[str, bool, str]:
    return viewer.user, viewer.guest, viewer.lease
