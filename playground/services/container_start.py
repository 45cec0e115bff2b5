"""Run PID 1 of a stopped container again."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground.models import Container
from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from runtime.protocol import messages, model

START_TIMEOUT = 60.0


def container_start(*, user: User, id: str, cols: int = 80, rows: int = 24) -> model.Container:
    """Its files are as they were left. Raises `Fault`: not-found, wrong-state when it is lost, or the worker's."""
    return container_run(row=container_for(user=user, id=id), cols=cols, rows=rows)


def container_run(*, row: Container, cols: int = 80, rows: int = 24) -> model.Container:
    """The same for a row in hand (admin)."""
    request = messages.Start(id=row.pk, owner=owner_of(row), cols=cols, rows=rows)
    return ask(row, request, messages.Launched, timeout=START_TIMEOUT).container
