"""A container somebody asked for."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from runtime.protocol import model


class Intent(models.TextChoices):
    """What the web side is about to do; a row that stays in the first or third was left by a crash."""

    LAUNCHING = "launching", _("launching")
    KEPT = "kept", _("kept")
    DELETING = "deleting", _("deleting")


class Container(models.Model):
    """The row is written before the worker is asked, and removed after the worker has forgotten.

    `id` is minted here and is the container's address everywhere; no path, pid or socket of a host is stored.
    `idempotency_key` and `fingerprint` tell a repeated request from a new one.
    """

    id = models.CharField(_("id"), primary_key=True, max_length=16)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="containers", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=63)
    image = models.CharField(_("image"), max_length=128)
    command: models.JSONField[list[str]] = models.JSONField(_("command"), default=list, blank=True)
    memory_bytes = models.BigIntegerField(_("memory (bytes)"))
    cpus = models.FloatField(_("CPUs"))
    pids = models.IntegerField(_("processes"))
    disk_bytes = models.BigIntegerField(_("disk (bytes)"))
    intent = models.CharField(_("intent"), max_length=16, choices=Intent.choices, default=Intent.LAUNCHING)
    idempotency_key = models.CharField(_("idempotency key"), max_length=128, null=True, blank=True)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    node = models.CharField(_("node"), max_length=63, default="local")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("container")
        verbose_name_plural = _("containers")
        ordering = ("-created_at",)
        constraints = (models.UniqueConstraint(fields=("owner", "idempotency_key"), name="container_once_per_key"),)
        permissions = (("view_host", "Can see every process of the host"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    @property
    def limits(self) -> model.Limits:
        """As the worker's messages carry them."""
        return model.Limits(memory_bytes=self.memory_bytes, cpus=self.cpus, pids=self.pids, disk_bytes=self.disk_bytes)
