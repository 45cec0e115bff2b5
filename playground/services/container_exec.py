"""Run a program in a running container, without a terminal."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from runtime.protocol import messages, model

SLACK = 15.0  # of the worker's answer beyond the program's own time: the runtime's start, a kill, a busy host


def container_exec(
    *, user: User, id: str, argv: list[str], stdin: bytes = b"", timeout_seconds: float = 10.0
) -> model.ExecResult:
    """A list, no shell. Raises `Fault`: not-found, wrong-state when it does not run, spawn-failed, or the worker's."""
    row = container_for(user=user, id=id)
    request = messages.Exec(id=row.pk, owner=owner_of(row), argv=argv, stdin=stdin, timeout_seconds=timeout_seconds)
    return ask(row, request, messages.Executed, timeout=timeout_seconds + SLACK).result
