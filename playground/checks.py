"""What `manage.py check` says about this installation: warnings, for a site can be served while its worker rests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register

from playground import worker
from runtime.errors import Fault
from runtime.protocol import VERSION, messages


@register("worker", deploy=True)
def worker_answers(**_: Any) -> list[CheckMessage]:
    """Only with `check --deploy` or `--tag worker`: every other command would have to wait for a worker."""
    try:
        info = worker.call(messages.Ping(), messages.Pong, timeout=2.0).info
    except Fault as fault:
        hint = "Start it: ./dev worker ensure. TERRARIUM_WORKER_SOCKET names another socket."
        return [Warning(f"The worker does not answer: {fault.message}.", hint=hint, id="playground.W001")]
    if info.version != VERSION:
        text = f"The worker speaks version {info.version} of the protocol, this site {VERSION}."
        return [Warning(text, hint="Restart the worker: ./dev down, ./dev up.", id="playground.W002")]
    return []


@register(Tags.staticfiles)
def page_built(**_: Any) -> list[CheckMessage]:
    """Without the manifest, pages say that the page has not been built."""
    if Path(settings.VITE_MANIFEST).exists():
        return []
    return [Info("The page has not been built.", hint="Run ./dev up, or npm run build.", id="playground.I001")]


@register(Tags.security)
def key_private(**_: Any) -> list[CheckMessage]:
    """The key's file must be its owner's alone: who has it can log in as anybody."""
    path = Path(settings.VAR_DIR) / "secret-key"
    if not path.exists() or not path.stat().st_mode & 0o077:
        return []
    return [Warning(f"{path} can be read by others.", hint=f"chmod 600 {path}", id="playground.W003")]


@register(Tags.security)
def metrics_guarded(**_: Any) -> list[CheckMessage]:
    """A token for `/metrics` that can be guessed is refused, and with it every command, `runserver` too."""
    least = settings.TERRARIUM_METRICS_TOKEN_LEAST
    if not 0 < len(settings.TERRARIUM_METRICS_TOKEN) < least:
        return []
    text = f"TERRARIUM_METRICS_TOKEN has fewer than {least} characters."
    return [Error(text, hint="Make one: openssl rand -hex 32. Leave it empty for no /metrics.", id="playground.E001")]
