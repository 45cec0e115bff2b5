"""People, with what they have and may have."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from playground.models import Quota


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).annotate(containers_count=Count("containers"))

    @admin.display(description=_("containers"), ordering="containers_count")
    def containers(self, user: User) -> int:
        count: int = getattr(user, "containers_count", 0)
        return count
