"""A terminal that its owner shows to others, and who came to look."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from playground.models.container import Container


def share_id() -> str:
    """128 random bits. Not the link's secret, which is this id signed (`services.sharing`) and is stored nowhere."""
    return secrets.token_hex(16)


class Share(models.Model):
    """One link to one terminal. It counts until `expires_at`, unless it was ended before."""

    id = models.CharField(_("id"), primary_key=True, max_length=32, default=share_id, editable=False)
    container = models.ForeignKey(
        Container, on_delete=models.CASCADE, related_name="shares", verbose_name=_("container")
    )
    terminal = models.CharField(_("terminal"), max_length=32)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares", verbose_name=_("shared by")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("shared terminal")
        verbose_name_plural = _("shared terminals")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.container_id}/{self.terminal}"


class ShareGuest(models.Model):
    """Somebody who opened the link, and from then on may look without it."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="guests", verbose_name=_("shared terminal"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="visits", verbose_name=_("guest")
    )
    joined_at = models.DateTimeField(_("joined at"), auto_now_add=True)

    class Meta:
        verbose_name = _("guest")
        verbose_name_plural = _("guests")
        ordering = ("joined_at", "pk")
        constraints = (models.UniqueConstraint(fields=("share", "user"), name="guest_once_per_share"),)

    def __str__(self) -> str:
        return str(self.user)
