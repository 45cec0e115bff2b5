"""Terminals that were shared, and who came to look. Neither shows a link: its secret is the owner's to give."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from playground.models import Share, ShareGuest
from playground.selectors.shares import ended_because
from playground.services.sharing import share_stop


class GuestInline(admin.TabularInline[ShareGuest, Share]):
    model = ShareGuest
    fields = ("user", "joined_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShareGuest]:
        return super().get_queryset(request).select_related("user")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Share)
class ShareAdmin(admin.ModelAdmin[Share]):
    """Made by owners, on their page; here they are watched and ended. They go with their container."""

    list_display = ("container", "terminal", "created_by", "goes_on", "guests", "created_at", "expires_at", "ended_at")
    list_filter = ("created_at", "ended_at")
    search_fields = ("container__id", "container__name", "created_by__username", "guests__user__username")
    list_select_related = ("container__owner", "created_by")
    fields = (("container", "terminal"), "created_by", "goes_on", ("created_at", "expires_at", "ended_at"))
    readonly_fields = ("goes_on", "created_at")
    inlines = (GuestInline,)
    actions = ("stop",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Share]:
        return super().get_queryset(request).annotate(guests_count=Count("guests"))

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Share | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Share | None = None) -> bool:  # noqa: ARG002
        """Who was let in is to be seen afterwards, and deleting the row would not show them out: use the action."""
        return False

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("playground.change_share")

    @admin.display(description=_("goes on"), boolean=True)
    def goes_on(self, share: Share) -> bool:
        return ended_because(share) is None

    @admin.display(description=_("guests"), ordering="guests_count")
    def guests(self, share: Share) -> int:
        count: int = getattr(share, "guests_count", 0)
        return count

    @admin.action(description=_("Stop sharing the chosen terminals"), permissions=["stop"])
    def stop(self, request: HttpRequest, shares: QuerySet[Share]) -> None:
        chosen = list(shares)
        for share in chosen:
            share_stop(share=share)
        text = ngettext("%(count)d terminal is shared no more", "%(count)d terminals are shared no more", len(chosen))
        self.message_user(request, text % {"count": len(chosen)})
