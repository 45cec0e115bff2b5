"""The admin: what an operator looks for, and the services' verbs as actions."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.utils.translation import gettext_lazy as _

# The type checker wants `ModelAdmin[Row]`; at run time Django's classes do not take the argument, so let them.
BaseModelAdmin.__class_getitem__ = classmethod(lambda cls, _row: cls)  # type: ignore[attr-defined]

from playground.admin import access, containers, images, sharing, users  # noqa: E402

__all__ = ["access", "containers", "images", "sharing", "users"]

admin.site.site_header = _("Terrarium administration")
admin.site.site_title = _("Terrarium")
admin.site.index_title = _("What there is")
admin.site.site_url = "/playground"
