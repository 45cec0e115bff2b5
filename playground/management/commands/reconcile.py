"""`manage.py reconcile`: make worker and database agree after a crash of either."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from playground.services.reconcile import reconcile
from runtime.errors import Fault


class Command(BaseCommand):
    help = "Finish what a crash left half-way; remove containers that no row speaks of, and recordings of nobody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = reconcile(dry_run=options["dry_run"])
        except Fault as fault:
            raise CommandError(fault.message) from None
        verb = "would finish" if options["dry_run"] else "finished"
        counts = f"{len(report.finished)} rows, {len(report.orphans)} containers without a row"
        self.stdout.write(f"{verb} {counts}, {len(report.recordings)} recordings of nobody")
        for id in (*report.finished, *report.orphans, *report.recordings):
            self.stdout.write(f"  {id}")
