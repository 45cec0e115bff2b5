"""What attached terminals cost in which nothing happens: the pings of their pages, and no more."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

from tests.support.stack import Stack
from tests.support.usage import cpu_seconds
from tests.support.visitor import Visitor

TERMINALS = 200
EACH = 10  # terminals a container
SECONDS = 45.0
PING_EVERY = 15.0  # seconds, as the page does


def idle_share(stack: Stack, visitor: Visitor) -> dict[str, Any]:
    """Percent of a core of worker and web, with one client each on `TERMINALS` terminals; no X-ray is open."""
    pids = {"worker": stack.pid("worker"), "web": stack.pid("web")}
    containers: list[str] = []
    with ExitStack() as attached:
        clients = []
        try:
            for _ in range(TERMINALS // EACH):
                made = visitor.call("POST", "/containers", {"image": "busybox", "memory_bytes": 32 << 20})
                if made.status != 201:
                    raise RuntimeError(f"launch answered {made.status}: {made.body}")
                containers.append(made.body["id"])
                terminals = [made.body["terminals"][0]["id"]]
                while len(terminals) < EACH:
                    terminals.append(visitor.call("POST", f"/containers/{made.body['id']}/terminals", {}).body["id"])
                for terminal in terminals:
                    client = attached.enter_context(visitor.attach(made.body["id"], terminal))
                    client.until(b"# ")
                    clients.append(client)
            before, since = {name: cpu_seconds(pid) for name, pid in pids.items()}, time.monotonic()
            gap = PING_EVERY / len(clients)
            number = 0
            while time.monotonic() - since < SECONDS:
                clients[number % len(clients)].ping()
                number += 1
                time.sleep(max(0.0, since + number * gap - time.monotonic()))
            spent = time.monotonic() - since
            share = {name: (cpu_seconds(pid) - before[name]) * 100 / spent for name, pid in pids.items()}
        finally:
            attached.close()
            for container in containers:
                visitor.call("DELETE", f"/containers/{container}")
    return {
        "idle_terminals": len(clients),
        "idle_percent_of_a_core": sum(share.values()),
        **{f"idle_{name}_percent": value for name, value in share.items()},
    }
