"""Look at the machine around all containers."""

from __future__ import annotations

from django.contrib.auth.models import User

from playground import worker
from playground.selectors.access import sees_host
from runtime.protocol import messages, model


def host_look(*, user: User) -> model.HostView:
    """As much as this person may see; the worker leaves out the rest. Raises `Fault`."""
    request = messages.LookAtHost(sight="host" if sees_host(user=user) else "student")
    return worker.call(request, messages.HostSeen).host
