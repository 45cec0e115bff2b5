"""`manage.py login_link [--user NAME]`: print the path of a link that logs in once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse

from playground.management.commands._user import add_user, chosen
from playground.services.login_links import login_link_create


class Command(BaseCommand):
    help = "Print the path of a link that logs this person in once, within a quarter of an hour."

    def add_arguments(self, parser: CommandParser) -> None:
        add_user(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        self.stdout.write(reverse("login-once", args=[login_link_create(user=chosen(options))]))
