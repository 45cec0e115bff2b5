"""A place for images in the admin. They live with the worker; there is no table."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Image(models.Model):
    """Never saved or queried: the admin's list asks the worker."""

    name = models.CharField(_("name"), primary_key=True, max_length=128)

    class Meta:
        managed = False
        verbose_name = _("image")
        verbose_name_plural = _("images")

    def __str__(self) -> str:
        return self.name
