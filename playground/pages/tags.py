"""Template tags, loaded as `{% load page %}`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def vite(entry: str) -> SafeString:
    """Style sheets, preloads and script of one entry of Vite's manifest; the empty string before it was built.

    https://vite.dev/guide/backend-integration
    """
    manifest = _current()
    if entry not in manifest:
        return SafeString("")
    chunks = _reach(manifest, entry)
    styles = [(static(f"dist/{css}"),) for chunk in chunks for css in manifest[chunk].get("css", [])]
    loads = [(static(f"dist/{manifest[chunk]['file']}"),) for chunk in chunks if chunk != entry]
    return (
        format_html_join("\n", '<link rel="stylesheet" href="{}">', styles)
        + format_html_join("\n", '<link rel="modulepreload" href="{}">', loads)
        + format_html('<script type="module" src="{}"></script>', static(f"dist/{manifest[entry]['file']}"))
    )


def _reach(manifest: dict[str, Any], entry: str) -> list[str]:
    """The entry and what it imports, each once, in the order of the manifest."""
    found: list[str] = []
    waiting = [entry]
    while waiting:
        chunk = waiting.pop(0)
        if chunk not in found and chunk in manifest:
            found.append(chunk)
            waiting += manifest[chunk].get("imports", [])
    return found


def _current() -> dict[str, Any]:
    path = Path(settings.VITE_MANIFEST)
    try:
        return _parsed(str(path), path.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


@lru_cache(maxsize=2)
def _parsed(path: str, mtime: int) -> dict[str, Any]:  # noqa: ARG001  (mtime makes a new build seen)
    manifest: dict[str, Any] = json.loads(Path(path).read_text())
    return manifest
