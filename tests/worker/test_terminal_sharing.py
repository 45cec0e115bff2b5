"""Several people at one terminal: whose keys count, what they are told, who is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from runtime.kernel.pty import Winsize
from runtime.protocol import pty
from runtime.protocol.pty import Close, ControlOp, Hello, InputStatus, Kind
from runtime.terminal import driving, pulse
from runtime.terminal.viewer import Viewer
from tests.support.pty_terminal import Make, Terminal
from tests.support.pty_viewer import FakeOutlet, Screen, until


def says(shell: Terminal, viewer: Viewer, op: ControlOp, about: Viewer | None = None) -> None:
    shell.session.receive(viewer, pty.control_frame(op, about.id if about else 0))


def status(shell: Terminal, viewer: Viewer, screen: Screen) -> int:
    return screen.inputs[shell.type(viewer, b"x")][0]


def leased(word: str, *, visible: bool = True) -> Hello:
    return Hello(v=1, ticket="", lease=word, visible=visible)


def told(screen: Screen, viewer: Viewer) -> pty.ViewerBody | None:
    viewers = screen.state.viewers if screen.state else []
    return next((one for one in viewers if one.id == viewer.id), None)


async def test_a_guest_asks_drives_when_let_and_gives_back(terminal: Make) -> None:
    shell = terminal("cat")
    owner, screen = shell.attach(Hello(v=1, ticket="", cols=100, rows=30))
    guest, seen = shell.attach(Hello(v=1, ticket="", cols=50, rows=10), user="bob", guest=True)
    before = shell.session.size
    for frame in (pty.resize_frame(1, 60, 20), bytes([Kind.REDRAW]), pty.byte_frame(Kind.SIGNAL, 2)):
        shell.session.receive(guest, frame)
    assert status(shell, guest, seen) == InputStatus.NOT_DRIVER
    assert shell.session.size == before
    says(shell, guest, ControlOp.REQUEST)
    await until(lambda: (one := told(screen, guest)) and one.asking, "the owner is told")
    says(shell, owner, ControlOp.GRANT, guest)
    await until(lambda: (one := told(screen, guest)) and one.granted and not one.asking, "all are told")
    await until(lambda: seen.drives and not screen.drives, "the guest drives")
    assert status(shell, guest, seen) == InputStatus.WRITTEN
    assert status(shell, owner, screen) == InputStatus.NOT_DRIVER
    assert shell.session.size == Winsize(60, 20)
    says(shell, guest, ControlOp.RELEASE)
    await until(lambda: screen.drives and not seen.drives, "the owner drives again")
    assert status(shell, owner, screen) == InputStatus.WRITTEN
    await until(lambda: shell.session.size == Winsize(100, 30), "and has its size")


async def test_no_page_of_the_owners_takes_a_granted_guests_place_unasked(terminal: Make) -> None:
    shell = terminal("cat")
    owner, _ = shell.attach()
    guest, seen = shell.attach(user="bob", guest=True)
    says(shell, owner, ControlOp.GRANT, guest)
    second, second_screen = shell.attach()
    shell.session.receive(owner, pty.byte_frame(Kind.VISIBILITY, 0))
    shell.session.receive(owner, pty.byte_frame(Kind.VISIBILITY, 1))
    assert status(shell, guest, seen) == InputStatus.WRITTEN
    says(shell, second, ControlOp.TAKE)
    assert status(shell, second, second_screen) == InputStatus.WRITTEN
    assert status(shell, guest, seen) == InputStatus.NOT_DRIVER


@pytest.mark.parametrize("op", [ControlOp.GRANT, ControlOp.DENY, ControlOp.TAKE])
async def test_a_guest_can_neither_take_nor_give(terminal: Make, op: ControlOp) -> None:
    shell = terminal("cat")
    owner, screen = shell.attach()
    guest, seen = shell.attach(user="bob", guest=True)
    other, other_seen = shell.attach(user="eve", guest=True)
    says(shell, other, ControlOp.REQUEST)
    for about in (None, guest, other, owner):
        says(shell, guest, op, about)
    assert other.asking
    assert status(shell, guest, seen) == status(shell, other, other_seen) == InputStatus.NOT_DRIVER
    assert status(shell, owner, screen) == InputStatus.WRITTEN


async def test_the_owner_denies_and_grants_one_at_a_time(terminal: Make) -> None:
    shell = terminal("cat")
    owner, screen = shell.attach()
    guest, seen = shell.attach(user="bob", guest=True)
    other, other_seen = shell.attach(user="eve", guest=True)
    says(shell, guest, ControlOp.REQUEST)
    says(shell, owner, ControlOp.DENY, guest)
    assert not guest.asking
    says(shell, owner, ControlOp.GRANT, guest)
    says(shell, owner, ControlOp.GRANT, other)
    assert (guest.granted, other.granted) == (False, True)
    assert status(shell, guest, seen) == InputStatus.NOT_DRIVER
    assert status(shell, other, other_seen) == InputStatus.WRITTEN
    says(shell, owner, ControlOp.DENY, other)
    assert status(shell, owner, screen) == InputStatus.WRITTEN


Leave = Callable[[Terminal, Viewer], None]


@pytest.mark.parametrize(
    "leave",
    [
        lambda shell, guest: shell.session.detach(guest),
        lambda shell, guest: shell.session.receive(guest, pty.byte_frame(Kind.VISIBILITY, 0)),
        lambda shell, guest: shell.session.dismiss([guest.user]),
        lambda shell, _guest: shell.session.dismiss([]),
    ],
    ids=["gone", "hidden", "dismissed", "all dismissed"],
)
async def test_a_granted_guest_who_is_not_there_drives_no_more(terminal: Make, leave: Leave) -> None:
    shell = terminal("cat")
    owner, screen = shell.attach()
    guest, _ = shell.attach(user="bob", guest=True)
    says(shell, owner, ControlOp.GRANT, guest)
    leave(shell, guest)
    assert status(shell, owner, screen) == InputStatus.WRITTEN
    if guest.id in shell.session.viewers:
        shell.session.receive(guest, pty.byte_frame(Kind.VISIBILITY, 1))
        assert shell.session.driver is owner


async def test_who_is_dismissed_is_told_and_others_stay(terminal: Make) -> None:
    shell = terminal("cat")
    _, screen = shell.attach(user="bob")
    _, bob = shell.attach(user="bob", guest=True)
    _, eve = shell.attach(user="eve", guest=True)
    shell.session.dismiss({"bob"})
    assert bob.error is not None
    assert bob.error.close == Close.ROLE
    assert bob.closed
    assert not eve.closed
    assert not screen.closed


async def test_the_driver_who_comes_back_in_time_drives_again(terminal: Make) -> None:
    shell = terminal("cat")
    first, _ = shell.attach(leased("one"))
    second, second_screen = shell.attach(leased("two"))
    says(shell, first, ControlOp.TAKE)
    shell.session.detach(first)
    assert status(shell, second, second_screen) == InputStatus.WRITTEN, "meanwhile another may"
    third, _ = shell.attach(leased("three"))
    first, first_screen = shell.attach(leased("one"))
    assert status(shell, first, first_screen) == InputStatus.WRITTEN
    shell.session.detach(second)
    second, second_screen = shell.attach(leased("two"))
    assert shell.session.driver is first, "one who did not drive comes back as one who does not"
    shell.session.detach(third)


async def test_a_lease_is_of_one_person_and_ends(terminal: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = terminal("cat")
    owner, _ = shell.attach(leased("one"))
    other, _ = shell.attach(leased("two"))
    shell.session.detach(other)
    stranger, _ = shell.attach(leased("two"), user="eve", guest=True)
    assert shell.session.driver is owner
    assert not stranger.granted
    monkeypatch.setattr(driving, "LEASE", 0.0)
    second, _ = shell.attach(leased("three"))
    says(shell, owner, ControlOp.TAKE)
    shell.session.detach(second)
    second, _ = shell.attach(leased("three"))
    assert shell.session.driver is second, "too late: a new page like any other"


async def test_a_granted_guest_comes_back_as_one_unless_it_was_taken(terminal: Make) -> None:
    shell = terminal("cat")
    owner, _ = shell.attach(leased("one"))
    guest, _ = shell.attach(leased("g"), user="bob", guest=True)
    says(shell, owner, ControlOp.GRANT, guest)
    shell.session.detach(guest)
    assert shell.session.driver is owner
    guest, _ = shell.attach(leased("g"), user="bob", guest=True)
    assert shell.session.driver is guest
    shell.session.detach(guest)
    hidden, _ = shell.attach(leased("g", visible=False), user="bob", guest=True)
    assert shell.session.driver is owner
    shell.session.detach(hidden)
    guest, _ = shell.attach(leased("h"), user="bob", guest=True)
    says(shell, owner, ControlOp.GRANT, guest)
    shell.session.detach(guest)
    says(shell, owner, ControlOp.TAKE)
    guest, _ = shell.attach(leased("h"), user="bob", guest=True)
    assert shell.session.driver is owner
    says(shell, owner, ControlOp.GRANT, guest)
    shell.session.dismiss(["bob"])
    guest, _ = shell.attach(leased("h"), user="bob", guest=True)
    assert shell.session.driver is owner


async def test_state_is_told_four_times_a_second_and_the_last_word_always(terminal: Make) -> None:
    shell = terminal("cat")
    owner, screen = shell.attach()
    guest, _ = shell.attach(user="bob", guest=True)
    begun = time.monotonic()
    rounds = 0
    while time.monotonic() - begun < 1.0:
        says(shell, guest, ControlOp.REQUEST)
        says(shell, guest, ControlOp.RELEASE)
        rounds += 1
        await asyncio.sleep(0)
    states = [kind for kind, _ in screen.frames].count(Kind.STATE)
    assert states <= 2 + 4 * (time.monotonic() - begun) + 1 < rounds
    says(shell, guest, ControlOp.REQUEST)
    await until(lambda: (one := told(screen, guest)) and one.asking, "the last word")
    assert owner.id in shell.session.viewers


async def test_state_tells_when_somebody_typed_who_lags_and_that_the_program_is_held(terminal: Make) -> None:
    shell = terminal("sh", "-c", "read line; yes")
    owner, screen = shell.attach(acks=False)
    _, seen = shell.attach(user="bob", guest=True)
    before = time.time()
    shell.type(owner, b"\n")
    await until(lambda: seen.state and (seen.state.typed_at or 0) >= before, "when")
    await until(lambda: seen.state and seen.state.flow == "held", "that the pty is not read")
    one = told(screen, owner)
    assert one is not None
    assert one.lag > pty.WINDOW // 2
    shell.session.receive(owner, pty.byte_frame(Kind.SIGNAL, 2))
    for _ in range(20):
        shell.session.receive(owner, pty.ack_frame(screen.parsed or 0))
    await until(lambda: seen.state and seen.state.flow == "open", "that it is read again")


async def test_a_viewer_whose_socket_is_full_is_told_the_newest_state_later(terminal: Make) -> None:
    shell = terminal("cat")
    _, owners = shell.attach()
    outlet = FakeOutlet()
    guest, seen = shell.attach(user="bob", guest=True, outlet=outlet)
    outlet.stuck = True
    while outlet.backlog() < 70_000:
        shell.session.receive(guest, pty.ping_frame(1, 0.0))
    full = outlet.backlog()
    others = [shell.attach(user=f"g{number}", guest=True)[0] for number in range(5)]
    for other in others:
        shell.session.detach(other)
        await until(lambda: owners.state and len(owners.state.viewers) == len(shell.session.viewers), "one has left")
    await until(lambda: guest.unread is not None, "a word that waits")
    assert outlet.backlog() == full
    outlet.stuck = False
    outlet.take()
    shell.session.drained(guest)
    await until(lambda: seen.state and len(seen.state.viewers) == 2, "who is left")


async def test_a_viewer_that_is_silent_is_let_go_and_may_come_back(
    terminal: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "BEAT", 0.02)
    monkeypatch.setattr(pulse, "SILENCE", 0.3)
    shell = terminal("cat")
    quiet, quiet_screen = shell.attach()
    talker, screen = shell.attach()

    def ping() -> bool:
        shell.session.receive(talker, pty.ping_frame(1, 0.0))
        return quiet_screen.error is not None

    await until(ping, "the silent one is told")
    assert quiet_screen.error is not None
    assert quiet_screen.error.close == Close.RESTART, "a page retries after that"
    assert quiet.id not in shell.session.viewers
    assert talker.id in shell.session.viewers
    assert screen.error is None


async def test_two_hundred_idle_viewers_have_one_timer(terminal: Make) -> None:
    loop = asyncio.get_running_loop()
    shells = [terminal("cat") for _ in range(10)]
    for shell in shells:
        for _ in range(20):
            shell.attach()

    def timers() -> list[str]:
        return [repr(handle) for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]

    await until(lambda: len(timers()) == 1, "all has been told")
    assert "_beat" in timers()[0]
    for shell in shells:
        for viewer in list(shell.session.viewers.values()):
            shell.session.detach(viewer)
    await until(lambda: not timers(), "no timer for nobody")


async def test_a_pong_tells_how_long_the_way_was_if_that_can_be(terminal: Make) -> None:
    shell = terminal("cat")
    viewer, screen = shell.attach()

    def way(stamp: int | None) -> int:
        ping = pty.ping_frame(7, 1.5)
        shell.session.receive(viewer, ping if stamp is None else pty.stamp_ping(ping, stamp))
        kind, frame = screen.frames[-1]
        assert kind is Kind.PONG
        return int.from_bytes(frame[13:15], "big")

    now = time.monotonic_ns() // 1000
    assert 2000 <= way(now - 20_000) < 20_000
    for absurd in (None, 0, now + 10**9, now - 10**9, 2**64 - 1):
        assert way(absurd) == 0
