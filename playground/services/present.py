"""The REST interface's JSON, and the page's: what the worker's structs look like to a script.

Times become ISO 8601 in UTC; the snapshot's maps become lists. The live stream does not pass here: it keeps the
worker's own form, which merge patches need.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.contrib.auth.models import User

from playground.selectors.quotas import allowance_of, containers_used
from runtime.protocol import accounting, messages, model, pty, xray
from runtime.protocol.terminals import TerminalView

Json = dict[str, Any]


def moment(seconds: float | None) -> str | None:
    """`2026-01-31T12:00:00.123Z`."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def container(found: model.Container) -> Json:
    """`terminal_url` is the console's; null where there is none to attach to."""
    console = next((terminal for terminal in found.terminals if terminal.console), None)
    return {
        "id": found.id,
        "name": found.name,
        "image": found.image,
        "command": found.command,
        "state": str(found.state),
        "pid": found.pid,
        "created_at": moment(found.created_at),
        "started_at": moment(found.started_at),
        "exit": ending(found.exit),
        "files_kept": found.files_kept,
        "frozen": found.frozen,
        "limits": msgspec.to_builtins(found.limits),
        "node": found.node,
        "tier": found.tier,
        "terminal_url": terminal_url(found.id, console.id) if console else None,
        "live_url": f"/ws/live/{found.id}",
        "terminals": [terminal(each) for each in found.terminals],
    }


def terminal_url(container_id: str, terminal_id: str) -> str:
    return f"/ws/terminal/{container_id}/{terminal_id}"


def terminal(found: model.Terminal) -> Json:
    return {
        "id": found.id,
        "argv": found.argv,
        "console": found.console,
        "pid": found.pid,
        "exit": ending(found.exit),
        "created_at": moment(found.created_at or None),
        "name": found.name,
    }


def terminal_detail(view: TerminalView) -> Json:
    return {
        "terminal": terminal(view.terminal),
        "busy": view.busy,
        "jobs": [{"pid": job.pid, "name": job.name} for job in view.jobs],
        "cols": view.cols,
        "rows": view.rows,
        "viewers": view.viewers,
        "echo": view.echo,
        "recording": view.recording,
    }


def attachment(container_id: str, terminal_id: str, ticket: messages.Ticket) -> Json:
    return {
        "url": terminal_url(container_id, terminal_id),
        "ticket": ticket.ticket,
        "expires_at": moment(ticket.expires_at),
        "subprotocol": pty.SUBPROTOCOL,
    }


def ending(exit: model.Exit | None) -> Json | None:
    """How it ended, `at` when."""
    return None if exit is None else msgspec.to_builtins(exit) | {"at": moment(exit.at)}


def image(found: model.Image) -> Json:
    return msgspec.to_builtins(found) | {"created_at": moment(found.created_at)}  # type: ignore[no-any-return]


def executed(result: model.ExecResult) -> Json:
    """Output as text: UTF-8, with U+FFFD for what is none."""
    return {
        "exit_code": result.exit_code,
        "signal": result.signal,
        "reason": result.reason,
        "stdout": result.stdout.decode("utf-8", "replace"),
        "stderr": result.stderr.decode("utf-8", "replace"),
        "truncated": result.truncated,
        "timed_out": result.timed_out,
        "duration_ms": result.duration_ms,
    }


def snapshot(found: model.Snapshot) -> Json:
    """What the worker's has, and two things that other tools would say of it: `used_memory`, `graph_driver`."""
    return {
        "taken_at": moment(found.taken_at),
        "boot_id": found.boot_id,
        "node": found.node,
        "info": container(found.info),
        "container": view(found.container, found.usage),
        "host": view(found.host, found.usage),
        "gaps": found.gaps,
        "usage": msgspec.to_builtins(found.usage),
        "graph": msgspec.to_builtins(found.graph),
        "walls": msgspec.to_builtins(found.walls),
        "used_memory": msgspec.to_builtins(accounting.used(found.host.cgroup)),
        "graph_driver": graph_driver(found.host.overlay),
    }


def graph_driver(found: model.Overlay) -> Json | None:
    """`docker inspect -f '{{json .GraphDriver}}'` of a container on overlay2 (moby: `overlay2.Driver.GetMetadata`)."""
    if found.upperdir is None or found.workdir is None:
        return None
    data = {
        "LowerDir": ":".join(found.lowerdir),
        "MergedDir": found.merged,
        "UpperDir": found.upperdir,
        "WorkDir": found.workdir,
    }
    return {"Data": data, "Name": "overlay2"}


def view(found: model.View, usage: dict[str, xray.Usage]) -> Json:
    """Processes by their pid on this side; `host_pid` is the same number on both sides for one process."""
    processes = [
        msgspec.to_builtins(process) | {"host_pid": int(key)} | _used(usage.get(key))
        for key, process in found.processes.items()
    ]
    overlay = msgspec.to_builtins(found.overlay)
    overlay["changes"] = [{"path": path, **change} for path, change in sorted(overlay["changes"].items())]
    return {
        "processes": sorted(processes, key=lambda process: process["pid"]),
        "namespaces": msgspec.to_builtins(found.namespaces),
        "cgroup": msgspec.to_builtins(found.cgroup),
        "overlay": overlay,
    }


def _used(found: xray.Usage | None) -> Json:
    return {"cpu_usec": None, "rss_bytes": None} if found is None else msgspec.to_builtins(found)


def quota(user: User) -> Json:
    """What this person may have, what is used, and what a launch that names no limit gets."""
    allowance = asdict(allowance_of(user=user))
    default = msgspec.to_builtins(model.Limits())
    return allowance | {
        "containers_used": containers_used(user=user),
        "defaults": {key: min(value, allowance[key]) for key, value in default.items()},
    }
