"""What the environment says about this installation, read once and checked."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit


def flag(env: Mapping[str, str], key: str, default: bool = False) -> bool:
    """`1 true yes on` are true; anything else is not."""
    return env[key].lower() in {"1", "true", "yes", "on"} if key in env else default


def words(env: Mapping[str, str], key: str) -> list[str]:
    """A comma-separated list, without empty members."""
    return [word.strip() for word in env.get(key, "").split(",") if word.strip()]


N = TypeVar("N", int, float)


def amount(env: Mapping[str, str], key: str, default: N) -> N:
    """A number that is not below zero, of the default's type. Raises `ValueError` naming the variable."""
    if key not in env:
        return default
    kind = type(default)
    try:
        found = kind(env[key])
    except ValueError:
        raise ValueError(f"{key}: {env[key]!r} is not a{' whole' if kind is int else ''} number") from None
    if not 0 <= found < math.inf:
        raise ValueError(f"{key}: {env[key]!r} is not zero or more")
    return found


def origins(env: Mapping[str, str]) -> list[str]:
    """`TERRARIUM_ORIGINS`: full origins, `https://play.example.org` or `http://10.0.0.5:8000`.

    Raises `ValueError` naming the one that is not an origin: a bare host name would let any port of it in.
    """
    found = words(env, "TERRARIUM_ORIGINS")
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError(f"TERRARIUM_ORIGINS: {origin!r} is not scheme://host[:port]")
    return found


def secret_key(env: Mapping[str, str], directory: Path) -> str:
    """`TERRARIUM_SECRET_KEY`, or the key of this installation, made on first use in a file only its owner reads."""
    if given := env.get("TERRARIUM_SECRET_KEY"):
        return given
    path = directory / "secret-key"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # the first of two processes that start together wins, and both read its key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
