"""What every worker must do with guests of a terminal: their tickets, what they may, and how they are shown out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from runtime.errors import Code
from runtime.protocol import client, messages, model, pty
from runtime.protocol.pty import ControlOp, InputStatus, Kind
from tests.support.contract import OWNER, STRANGER, Contract
from tests.support.line import Line, body

GUEST, OTHER = "51", "52"


class Seen(dict[str, pty.ViewerBody]):
    """STATE's viewers by name; one who is not there has done nothing."""

    def __missing__(self, name: str) -> pty.ViewerBody:
        return pty.ViewerBody(id=-1, name=name, role="ro", owner=False, visible=False)


Holds = Callable[[Seen, pty.StateBody], object]


async def come(contract: Contract, found: model.Container, user: str = OWNER, terminal: str = "") -> Line:
    """Somebody attaches: the owner, or a guest."""
    terminal = terminal or found.terminals[0].id
    return await redeem(contract, mint(contract, found, user, terminal), user, id=found.id, terminal=terminal)


def mint(contract: Contract, found: model.Container, user: str, terminal: str = "") -> str:
    guest = user != OWNER
    request = messages.MintTicket(
        id=found.id,
        owner=OWNER,
        terminal=terminal or found.terminals[0].id,
        user=user,
        role="ro" if guest else "rw",
        name=f"person {user}",
        guest=guest,
    )
    secret: str = contract.call(request, messages.Ticket).ticket
    return secret


async def redeem(contract: Contract, ticket: str, user: str, **place: Any) -> Line:
    line = Line(*await client.connect(contract.socket, messages.Attach(user=user, **place)))
    line.send(pty.json_frame(Kind.HELLO, pty.Hello(v=1, ticket=ticket)))
    return line


async def refused(line: Line) -> pty.ErrorBody:
    told: pty.ErrorBody = body(await line.until(Kind.ERROR), pty.ErrorBody)
    await line.close()
    return told


async def state(line: Line, holds: Holds) -> None:
    """Wait until STATE says so; it is given the viewers by name."""
    for index, frame in enumerate(line.frames):
        if frame[0] == Kind.STATE and _holds(frame, holds):
            del line.frames[: index + 1]
            return
    while not _holds(await line.until(Kind.STATE), holds):
        pass
    line.frames.clear()


def _holds(frame: bytes, holds: Holds) -> bool:
    told = msgspec.json.decode(frame[1:], type=pty.StateBody)
    return bool(holds(Seen({viewer.name: viewer for viewer in told.viewers}), told))


async def typed(line: Line, data: bytes) -> int:
    """The status of this input."""
    line.type(data)
    while int.from_bytes((frame := await line.until(Kind.INPUT_ACK))[1:5], "big") != line.seq:
        pass
    return frame[5]


def drives(who: str) -> Holds:
    return lambda seen, told: told.driver == seen[f"person {who}"].id


async def lent(contract: Contract, found: model.Container) -> tuple[Line, Line]:
    """(the owner, a guest who was let type), both of whom know."""
    owner, guest = await come(contract, found), await come(contract, found, GUEST)
    owner.send(pty.control_frame(ControlOp.GRANT, body(await guest.until(Kind.WELCOME), pty.Welcome).viewer))
    for line in (owner, guest):
        await state(line, drives(GUEST))
    return owner, guest


class SharingContract:
    async def test_a_guest_looks_on_and_is_named(self, contract: Contract) -> None:
        with contract.container() as found:
            owner = await come(contract, found)
            await owner.until(b"# ")
            guest = await come(contract, found, GUEST)
            welcome = body(await guest.until(Kind.WELCOME), pty.Welcome)
            assert (welcome.role, welcome.driver) == ("ro", False)
            for line in (owner, guest):
                await state(
                    line,
                    lambda seen, told: (
                        drives(OWNER)(seen, told)
                        and f"person {GUEST}" in seen
                        and seen[f"person {OWNER}"].owner
                        and not seen[f"person {GUEST}"].owner
                    ),
                )
            assert await typed(guest, b"echo intruder\r") == InputStatus.NOT_DRIVER
            assert await typed(owner, b"echo out\r") == InputStatus.WRITTEN
            for line in (owner, guest):
                await line.until(b"out\r\nout\r\n")
                assert b"intruder" not in line.text
            await guest.close()
            await state(owner, lambda seen, _told: f"person {GUEST}" not in seen)
            await owner.close()

    async def test_a_guest_asks_is_let_and_gives_back(self, contract: Contract) -> None:
        with contract.container() as found:
            owner = await come(contract, found)
            guest = await come(contract, found, GUEST)
            id = body(await guest.until(Kind.WELCOME), pty.Welcome).viewer
            guest.send(pty.control_frame(ControlOp.REQUEST))
            await state(owner, lambda seen, told: seen[f"person {GUEST}"].asking and drives(OWNER)(seen, told))
            owner.send(pty.control_frame(ControlOp.DENY, id))
            await state(owner, lambda seen, _told: f"person {GUEST}" in seen and not seen[f"person {GUEST}"].asking)
            assert await typed(guest, b"x") == InputStatus.NOT_DRIVER
            guest.send(pty.control_frame(ControlOp.REQUEST))
            owner.send(pty.control_frame(ControlOp.GRANT, id))
            for line in (owner, guest):
                await state(line, lambda seen, told: seen[f"person {GUEST}"].granted and drives(GUEST)(seen, told))
            assert await typed(guest, b"echo by-guest\r") == InputStatus.WRITTEN
            await owner.until(b"by-guest\r\nby-guest\r\n")
            guest.send(pty.control_frame(ControlOp.RELEASE))
            await state(owner, lambda seen, told: drives(OWNER)(seen, told) and not seen[f"person {GUEST}"].granted)
            assert await typed(guest, b"x") == InputStatus.NOT_DRIVER
            assert await typed(owner, b"\r") == InputStatus.WRITTEN
            await guest.close()
            await owner.close()

    async def test_the_owner_takes_it_back_at_any_time(self, contract: Contract) -> None:
        with contract.container() as found:
            owner, guest = await lent(contract, found)
            owner.send(pty.control_frame(ControlOp.TAKE))
            await state(guest, drives(OWNER))
            assert await typed(guest, b"x") == InputStatus.NOT_DRIVER
            await guest.close()
            await owner.close()

    async def test_a_guest_gives_itself_and_others_nothing(self, contract: Contract) -> None:
        with contract.container() as found:
            owner = await come(contract, found)
            guest, other = await come(contract, found, GUEST), await come(contract, found, OTHER)
            own = body(await guest.until(Kind.WELCOME), pty.Welcome).viewer
            others = body(await other.until(Kind.WELCOME), pty.Welcome).viewer
            for op in (ControlOp.TAKE, ControlOp.GRANT):
                for viewer in (0, own, others):
                    guest.send(pty.control_frame(op, viewer))
            assert await typed(guest, b"x") == InputStatus.NOT_DRIVER
            assert await typed(other, b"x") == InputStatus.NOT_DRIVER
            assert await typed(owner, b"\r") == InputStatus.WRITTEN
            for line in (guest, other, owner):
                await line.close()

    async def test_guests_are_shown_out(self, contract: Contract) -> None:
        with contract.container() as found:
            console = found.terminals[0].id
            owner = await come(contract, found)
            guest, other = await come(contract, found, GUEST), await come(contract, found, OTHER)
            for line in (owner, guest, other):
                await line.until(Kind.WELCOME)
            unused = mint(contract, found, GUEST)
            contract.call(messages.Dismiss(id=found.id, owner=OWNER, terminal=console, users=[GUEST]))
            assert (await refused(guest)).close == pty.Close.ROLE
            assert (await refused(await redeem(contract, unused, GUEST))).close == pty.Close.TICKET
            await state(owner, lambda seen, _told: set(seen) == {f"person {OWNER}", f"person {OTHER}"})
            assert await typed(other, b"x") == InputStatus.NOT_DRIVER, "the others stay"
            own = mint(contract, found, OWNER)
            contract.call(messages.Dismiss(id=found.id, owner=OWNER, terminal=console))
            assert (await refused(other)).close == pty.Close.ROLE
            await state(owner, lambda seen, _told: set(seen) == {f"person {OWNER}"})
            again = await redeem(contract, own, OWNER)
            await again.until(Kind.WELCOME)
            for line in (owner, again):
                await line.close()

    async def test_a_guest_who_drove_and_is_shown_out_drives_no_more(self, contract: Contract) -> None:
        with contract.container() as found:
            owner, guest = await lent(contract, found)
            contract.call(messages.Dismiss(id=found.id, owner=OWNER, terminal=found.terminals[0].id))
            await refused(guest)
            await state(owner, drives(OWNER))
            assert await typed(owner, b"\r") == InputStatus.WRITTEN
            back = await come(contract, found, GUEST)
            assert await typed(back, b"x") == InputStatus.NOT_DRIVER
            await back.close()
            await owner.close()

    async def test_a_ticket_is_for_the_place_it_was_made_for(self, contract: Contract) -> None:
        with contract.container() as found, contract.container() as another:
            opened = contract.call(messages.OpenTerminal(id=found.id, owner=OWNER), messages.Opened).terminal
            console = found.terminals[0].id
            for id, terminal in ((another.id, console), (found.id, opened.id), (found.id, "")):
                for user in (OWNER, GUEST):
                    line = await redeem(contract, mint(contract, found, user), user, id=id, terminal=terminal)
                    assert (await refused(line)).close == pty.Close.TICKET, (id, terminal)
            line = await come(contract, found, OWNER, opened.id)
            await line.until(Kind.WELCOME)
            await line.close()

    async def test_guests_leave_room_for_the_owner_and_each_other(self, contract: Contract) -> None:
        with contract.container() as found:
            lines = []
            for number in range(24):  # four pages of six people
                lines.append(await come(contract, found, str(100 + number // 4)))
                await lines[-1].until(Kind.WELCOME)
            assert (await refused(await come(contract, found, "100"))).close == pty.Close.RATE, "a fifth page"
            assert (await refused(await come(contract, found, "200"))).close == pty.Close.RATE, "a seventh person"
            owner = await come(contract, found)
            await owner.until(Kind.WELCOME)
            await lines.pop().close()
            await state(owner, lambda _seen, told: len(told.viewers) == 24)
            newcomer = await come(contract, found, "200")
            await newcomer.until(Kind.WELCOME)
            for line in (*lines, owner, newcomer):
                await line.close()

    def test_whose_guests_are_shown_out(self, contract: Contract) -> None:
        with contract.container() as found:
            terminal = found.terminals[0].id
            for id in (found.id, "0" * 16):
                fault = contract.refused(messages.Dismiss(id=id, owner=STRANGER, terminal=terminal))
                assert fault.code is Code.NOT_FOUND
            contract.call(messages.Dismiss(id=found.id, owner=OWNER, terminal="closed-long-ago"))
