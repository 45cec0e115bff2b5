"""What one person may have, where it differs from the installation's default."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Quota(models.Model):
    """Empty fields mean the default of `settings.TERRARIUM_QUOTA`. All but `containers` bound each container."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="quota", verbose_name=_("owner")
    )
    containers = models.PositiveIntegerField(_("containers"), null=True, blank=True)
    memory_bytes = models.PositiveBigIntegerField(_("memory (bytes)"), null=True, blank=True)
    cpus = models.FloatField(_("CPUs"), null=True, blank=True)
    pids = models.PositiveIntegerField(_("processes"), null=True, blank=True)
    disk_bytes = models.PositiveBigIntegerField(_("disk (bytes)"), null=True, blank=True)

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")

    def __str__(self) -> str:
        return str(self.owner)
