"""`manage.py ensure_local_user`: make the person a local installation belongs to, if there is none."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from playground.services.local_user import local_user_ensure


class Command(BaseCommand):
    help = "Make the first administrator, who logs in by link (./dev login), and print the name."

    def add_arguments(self, parser: CommandParser) -> None:
        asked = os.environ.get("SUDO_USER") or os.environ.get("USER") or "local"
        parser.add_argument("--name", default="local" if asked == "root" else asked)

    def handle(self, *_args: Any, **options: Any) -> None:
        self.stdout.write(local_user_ensure(name=options["name"]).get_username())
