"""Images, as the worker has them now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from playground import errors
from playground.models import Image
from playground.services.image_list import image_list
from runtime.errors import Fault


@admin.register(Image)
class ImageAdmin(admin.ModelAdmin[Image]):
    """A list without a table: the worker is asked. Images are built by `./dev up` or `python -m runtime images`."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Image | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Image | None = None) -> bool:  # noqa: ARG002
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            return self.admin_site.login(request)
        found = []
        try:
            found = image_list()
        except Fault as fault:
            messages.warning(request, errors.body(fault)["hint"])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.opts.verbose_name_plural,
            "images": [(image, datetime.fromtimestamp(image.created_at, UTC)) for image in found],
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/playground/image/change_list.html", context)
