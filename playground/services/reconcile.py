"""Make the worker and the database agree again after a crash of either."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from playground import worker
from playground.selectors.access import people_ids
from playground.selectors.containers import container_ids, containers_unsettled
from playground.services.container_delete import container_remove
from playground.services.recordings import recordings_drop
from runtime.protocol import messages

GRACE = timedelta(minutes=2)  # longer than a launch may take: what is younger may still be under way


@dataclass
class Report:
    """Ids. `finished`: launches and deletions that were left half-way and are now undone or done; `orphans`: containers
    of the worker without a row, now removed; `recordings`: of people who are no more here, now removed.
    """

    finished: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)


def reconcile(*, dry_run: bool = False, grace: timedelta = GRACE) -> Report:
    """Idempotent. A launch that nobody was told of is undone rather than kept. Raises `Fault`: the worker's."""
    report = Report()
    known = worker.call(messages.List(owner=None), messages.Many).containers
    for row in containers_unsettled(before=timezone.now() - grace):
        report.finished.append(row.pk)
        if not dry_run:
            container_remove(row=row)
    meant = container_ids()
    for container in known:
        if container.id in meant or container.created_at > time.time() - grace.total_seconds():
            continue
        if container.id not in report.finished:
            report.orphans.append(container.id)
            if not dry_run:
                worker.call(messages.Delete(id=container.id, owner=None), messages.Done)
    kept = worker.call(messages.ListRecordings(owner=None), messages.Recordings).recordings
    people = people_ids()
    report.recordings = [recording.id for recording in kept if recording.owner not in people]
    if not dry_run:
        for owner in {recording.owner for recording in kept} - people:
            recordings_drop(owner=owner)
    return report
