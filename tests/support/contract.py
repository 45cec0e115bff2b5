"""Whom the contract suite asks: a worker by its socket, and an image that it has."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from runtime.errors import Fault
from runtime.protocol import client, messages, model

OWNER, STRANGER = "41", "42"
PATIENCE = 20.0
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Contract:
    """Where the worker is, and an image of it that has a shell `sh`."""

    socket: str
    image: str = "busybox"

    def call(self, request: messages.Request, expected: type[Any] = messages.Done) -> Any:
        return client.call(self.socket, request, expected, timeout=60)

    def launch(self, **changes: Any) -> messages.Launched:
        id = changes.pop("id", None) or "".join(
            secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(16)
        )
        request = messages.Launch(id=id, owner=OWNER, name="contract", image=self.image, **changes)
        launched: messages.Launched = self.call(request, messages.Launched)
        return launched

    @contextmanager
    def container(self, **changes: Any) -> Iterator[model.Container]:
        launched = self.launch(**changes)
        try:
            yield launched.container
        finally:
            self.call(messages.Delete(id=launched.container.id, owner=None))

    def refused(self, request: messages.Request) -> Fault:
        with pytest.raises(Fault) as caught:
            self.call(request, messages.Reply)
        return caught.value

    def until(self, id: str, state: model.State) -> model.Container:
        deadline = time.monotonic() + PATIENCE
        while True:
            found: model.Container = self.call(messages.Get(id=id, owner=None), messages.One).container
            if found.state is state:
                return found
            assert time.monotonic() < deadline, f"{id} is still {found.state}"
            time.sleep(0.02)

    def ticket(self, found: model.Container, terminal: str, user: str = OWNER) -> str:
        request = messages.MintTicket(id=found.id, owner=OWNER, terminal=terminal, user=user)
        ticket: str = self.call(request, messages.Ticket).ticket
        return ticket
