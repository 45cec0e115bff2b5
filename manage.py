#!/usr/bin/env python
"""Django's command line. `runserver` first sees to it that there is a worker to speak to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DEV = Path(__file__).resolve().parent / "dev"


def ensure_worker() -> None:
    """Let `./dev` find or start keeper and worker. A page without a worker still explains itself, so go on if not."""
    done = subprocess.run([str(DEV), "worker", "ensure"], check=False)
    if done.returncode:
        print("There is no worker: pages open, containers do not. ./dev doctor tells why.", file=sys.stderr)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    if sys.argv[1:2] == ["runserver"]:
        os.environ.setdefault("TERRARIUM_DEBUG", "1")
        first = os.environ.get("RUN_MAIN") != "true"  # not the reloader's child
        if first and os.environ.get("TERRARIUM_NO_WORKER") != "1" and DEV.exists():
            ensure_worker()
        from daphne.management.commands.runserver import Command

        from webapp.daphne import Server

        Command.server_cls = Server
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
