"""People, with what they have and may have."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playground.models import Quota
from playground.services.login_links import login_link_create


class QuotaInline(admin.StackedInline[Quota, User]):
    """Empty fields mean the installation's default."""

    model = Quota
    can_delete = True
    extra = 0


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    list_display = ("username", "email", "is_active", "is_staff", "containers", "last_login", "date_joined")
    inlines = (QuotaInline,)
    actions = ("login_addresses",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).annotate(containers_count=Count("containers"))

    @admin.display(description=_("containers"), ordering="containers_count")
    def containers(self, user: User) -> int:
        count: int = getattr(user, "containers_count", 0)
        return count

    def has_lend_permission(self, request: HttpRequest) -> bool:
        """A login address makes whoever holds it that person, an administrator too."""
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    @admin.action(
        description=_("Make login addresses that work once, within a quarter of an hour"), permissions=["lend"]
    )
    def login_addresses(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            if user.is_active:
                address = request.build_absolute_uri(reverse("login-once", args=[login_link_create(user=user)]))
                text = gettext("Login address for %(name)s: %(address)s") % {"name": user, "address": address}
                self.message_user(request, text)  # its first letter becomes large: no name there
            else:
                text = gettext("user %(name)s is not active") % {"name": user}
                self.message_user(request, text, messages.WARNING)
