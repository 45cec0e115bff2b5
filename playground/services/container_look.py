"""Look at a container from both sides: the snapshot, its parts closely, and where one of its figures comes from."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground.selectors.containers import container_for
from playground.services.asking import ask, owner_of
from runtime.protocol import messages, model, xray


def container_snapshot(*, user: User, id: str) -> model.Snapshot:
    """Taken now. Raises `Fault`."""
    row = container_for(user=user, id=id)
    return ask(row, messages.TakeSnapshot(id=row.pk, owner=owner_of(row)), messages.Watched).snapshot


def container_source(
    *,
    user: User,
    id: str,
    side: messages.Side,
    panel: messages.Panel,
    key: str,
) -> model.SourceText:
    """The file behind a figure, as it reads now. Raises `Fault`."""
    row = container_for(user=user, id=id)
    request = messages.Source(id=row.pk, owner=owner_of(row), side=side, panel=panel, key=key)
    return ask(row, request, messages.Sourced).source


def container_process(*, user: User, id: str, pid: int) -> xray.ProcessDetail:
    """One process, by the host's number. Raises `Fault(not-found)` for one that is neither inside nor above it."""
    row = container_for(user=user, id=id)
    return ask(row, messages.Inspect(id=row.pk, owner=owner_of(row), pid=pid), messages.Inspected).process


def container_file(*, user: User, id: str, path: str, layer: str) -> xray.FileView:
    """A directory or file of one layer, or of the merged root. Raises `Fault`."""
    row = container_for(user=user, id=id)
    return ask(row, messages.ReadFile(id=row.pk, owner=owner_of(row), path=path, layer=layer), messages.FileSeen).file


def container_provenance(*, user: User, id: str, path: str) -> xray.Provenance:
    """Which layer a path comes from, and what hides it. Raises `Fault`."""
    row = container_for(user=user, id=id)
    return ask(row, messages.Trace(id=row.pk, owner=owner_of(row), path=path), messages.Traced).provenance


def container_seccomp(*, user: User, id: str) -> xray.Seccomp:
    """The filter of its processes' system calls. Raises `Fault`."""
    row = container_for(user=user, id=id)
    return ask(row, messages.ReadSeccomp(id=row.pk, owner=owner_of(row)), messages.SeccompSeen).seccomp
