"""Terminals beside the console, and the tickets to attach to any."""

from __future__ import annotations

import contextlib

from runtime.errors import Code, Fault
from runtime.kernel import pty as kernel_pty
from runtime.probes import foreground
from runtime.protocol import messages, pty
from runtime.protocol.terminals import MAX_NAME, Job, TerminalView
from runtime.server.aside import aside
from runtime.server.context import Context
from runtime.server.tickets import Permit

MAX_USER = 150


async def open_(context: Context, request: messages.OpenTerminal) -> messages.Opened:
    context.owned(request.id, request.owner)
    async with context.processes.turn(request.id):
        record = context.owned(request.id, request.owner)
        await context.terminals.settled(request.id)
        for ended in context.terminals.make_room(request.id):
            await context.terminals.close(request.id, ended)
        argv = request.argv or context.images.get(record.image).image.command
        cols, rows = pty.clamp(request.cols, pty.COLS), pty.clamp(request.rows, pty.ROWS)
        birth = await context.engine.exec_tty(request.id, argv, cols, rows)
        terminal = await context.terminals.open(request.id, birth, argv, generation=record.generation, console=False)
    context.sampler.poke(request.id)
    return messages.Opened(terminal=terminal)


async def close(context: Context, request: messages.CloseTerminal) -> messages.Done:
    context.owned(request.id, request.owner)
    await context.terminals.close(request.id, request.terminal)
    context.sampler.poke(request.id)
    return messages.Done()


async def mint(context: Context, request: messages.MintTicket) -> messages.Ticket:
    context.owned(request.id, request.owner)
    context.terminals.session(request.id, request.terminal)
    if not 0 < len(request.user) <= MAX_USER:
        raise Fault(Code.INVALID_SPEC, f"user must be 1 to {MAX_USER} characters", field="user")
    permit = Permit(
        container=request.id,
        terminal=request.terminal,
        user=request.user,
        role=request.role,
        name=request.name[:MAX_USER],
        guest=request.guest,
    )
    ticket, expires_at = context.tickets.mint(permit)
    return messages.Ticket(ticket=ticket, expires_at=expires_at)


async def rename(context: Context, request: messages.RenameTerminal) -> messages.Opened:
    context.owned(request.id, request.owner)
    name = request.name.strip()
    if len(name) > MAX_NAME or not name.isprintable():
        raise Fault(
            Code.INVALID_SPEC, f"a name has at most {MAX_NAME} characters, and no control characters", field="name"
        )
    terminal = await context.terminals.rename(request.id, request.terminal, name)
    context.sampler.poke(request.id)
    return messages.Opened(terminal=terminal)


async def look(context: Context, request: messages.LookAtTerminal) -> messages.TerminalSeen:
    """What the terminal says of itself now, and who that is: in a thread, as a container may have many processes."""
    context.owned(request.id, request.owner)
    session = context.terminals.session(request.id, request.terminal)
    terminal = next(each for each in context.terminals.of(request.id) if each.id == request.terminal)
    _ring, *master = session.descriptors()
    group = kernel_pty.foreground(master[0]) if master else 0
    jobs: list[Job] = []
    if group and group != kernel_pty.group_of(terminal.pid):
        target = context.target(request.id)
        jobs = await aside(lambda: foreground.jobs(target, group), request.id)
    told = session.tape.told() if session.tape else None
    view = TerminalView(
        terminal=terminal,
        busy=bool(jobs),
        jobs=jobs,
        cols=session.size.cols,
        rows=session.size.rows,
        viewers=len(session.viewers),
        echo=kernel_pty.echoes(master[0]) if master and session.exit is None else True,
        recording=told.id if told else None,
    )
    return messages.TerminalSeen(view=view)


async def dismiss(context: Context, request: messages.Dismiss) -> messages.Done:
    """Of a terminal that is gone, only tickets can be left."""
    context.owned(request.id, request.owner)
    context.tickets.void(request.id, request.terminal, request.users)
    with contextlib.suppress(Fault):
        context.terminals.session(request.id, request.terminal).dismiss(request.users)
    return messages.Done()
