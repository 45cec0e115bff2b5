"""The app's entry for Django."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlaygroundConfig(AppConfig):
    name = "playground"
    verbose_name = _("Playground")

    def ready(self) -> None:
        from playground import checks  # noqa: F401  (registers them)
