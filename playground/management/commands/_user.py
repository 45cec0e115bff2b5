"""What the commands that are about one person share."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from playground.services.local_user import user_named
from runtime.errors import Fault


def add_user(parser: CommandParser) -> None:
    parser.add_argument("--user", metavar="NAME", help="for whom; without it, the local owner")


def chosen(options: dict[str, Any]) -> User:
    """Raises `CommandError` in words."""
    try:
        return user_named(name=options["user"])
    except Fault as fault:
        raise CommandError(f"{fault.message}. {fault.hint}") from None
