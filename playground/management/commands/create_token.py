"""`manage.py create_token [--user NAME]`: print a new token for the REST interface, alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from playground.management.commands._user import add_user, chosen
from playground.services.tokens import token_create


class Command(BaseCommand):
    help = "Print a new bearer token. It is shown this once; only its hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        add_user(parser)
        parser.add_argument("--label", default="", help="what it is for, shown in the admin")
        parser.add_argument("--days", type=float, help="how long it is valid; without it, until revoked")

    def handle(self, *_args: Any, **options: Any) -> None:
        lifetime = timedelta(days=options["days"]) if options["days"] else None
        self.stdout.write(token_create(user=chosen(options), label=options["label"][:100], lifetime=lifetime))
