"""Processes closely: one of a container, and those of the host as far as the viewer may see them."""

from __future__ import annotations

import os
import time
from functools import partial

from runtime.errors import Code, Fault
from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.probes import host_view, process_detail
from runtime.probes.processes import OURS, Ancestors, Processes
from runtime.protocol import messages
from runtime.protocol.xray import ProcessDetail
from runtime.server.aside import aside
from runtime.server.context import Context

HOST_SECONDS = 1.0  # how long a look at the machine is good for whoever asks next


async def inspect(context: Context, request: messages.Inspect) -> messages.Inspected:
    """Raises `Fault`: `not-found` for a pid that is neither in the container's tree nor above it, `timeout`."""
    context.owned(request.id, request.owner)
    target = context.target(request.id)
    return messages.Inspected(process=await aside(partial(_detail, target, request.pid), request.id))


async def look_at_host(context: Context, request: messages.LookAtHost) -> messages.HostSeen:
    """Raises `Fault` `timeout`."""
    now = time.monotonic()
    known = context.host_views.get(request.sight)
    if known is None or now - known[0] > HOST_SECONDS:
        look = partial(
            host_view.take,
            procfs.Proc(),
            context.keeper_pid,
            os.getpid(),
            complete=request.sight == "host",
            containers=len(context.engine.records()),
            now=now,
        )
        known = context.host_views[request.sight] = (now, await aside(look, "the host", 10.0))
    return messages.HostSeen(host=known[1])


def _detail(target: Target, pid: int) -> ProcessDetail:
    proc = procfs.Proc()
    try:
        return process_detail.read(proc, _whose(proc, target, pid))
    except OSError as error:
        code = Code.VANISHED if error.errno in procfs.GONE else None
        raise Fault.from_os_error(error, op=f"look at process {pid}", code=code) from error


def _whose(proc: procfs.Proc, target: Target, pid: int) -> process_detail.Whose:
    """The process, if it is of the tree or of the chain above, and by what right it is looked at."""
    unknown = Fault(Code.NOT_FOUND, f"no process {pid} in container {target.container.id}", field="pid")
    if target.pid is None:
        raise unknown
    try:
        directory = proc.open_process(target.pid)
    except OSError:
        raise unknown from None
    try:
        inner, outer, _ = Processes(proc, Ancestors(proc)).take(target, directory, time.monotonic())
        uid_map, gid_map = process_detail.maps(directory)
    finally:
        os.close(directory)
    process = outer.get(str(pid))
    init = inner.get(str(target.pid))
    if process is None or init is None:
        raise unknown
    inside = str(pid) in inner
    return process_detail.Whose(
        pid=pid,
        starttime=process.starttime,
        role=process.role,
        ours=inside or process.role in OURS,
        uid_map=uid_map,
        gid_map=gid_map,
        level=len(init.ns_pids) - 1,
    )
