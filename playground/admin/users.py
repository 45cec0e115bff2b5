"""People and groups, with what they have and may have."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Count, ManyToManyField, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from playground.models import Quota
from playground.selectors.access import sees_host_annotated
from playground.services.login_links import login_link_create
from playground.services.recordings import recordings_drop
from runtime.errors import Fault

log = logging.getLogger(__name__)

PERMISSIONS = {"view_host": _("Can see every process of the host")}  # in the table they are English, for all readers


class QuotaInline(admin.StackedInline[Quota, User]):
    """Empty fields mean the installation's default."""

    model = Quota
    can_delete = True
    extra = 0


class PermissionsAdmin(admin.ModelAdmin[Any]):
    """Our own permissions in the reader's language."""

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **options: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        field = super().formfield_for_manytomany(db_field, request, **options)  # type: ignore[arg-type]
        if field is not None and db_field.remote_field.model is Permission:
            field.label_from_instance = permission_label  # type: ignore[method-assign,assignment]
        return field


def permission_label(permission: Permission) -> str:
    return f"{permission.content_type} | {PERMISSIONS.get(permission.codename, permission.name)}"


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(Group)
class PeopleGroupAdmin(PermissionsAdmin, GroupAdmin):
    """Such as the instructors, who may see every process of the host."""


@admin.register(User)
class PersonAdmin(PermissionsAdmin, UserAdmin[User]):
    list_display = (
        "username",
        "email",
        "is_active",
        "is_staff",
        "sees_host",
        "containers",
        "last_login",
        "date_joined",
    )
    inlines = (QuotaInline,)
    actions = ("login_addresses",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people = super().get_queryset(request).annotate(containers_count=Count("containers"))
        return sees_host_annotated(people)

    @admin.display(description=_("sees the host"), boolean=True)
    def sees_host(self, user: User) -> bool:
        return bool(getattr(user, "may_see_host", False))

    @admin.display(description=_("containers"), ordering="containers_count")
    def containers(self, user: User) -> int:
        count: int = getattr(user, "containers_count", 0)
        return count

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        self.delete_queryset(request, User.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Their recordings too, which are the worker's; what it does not hear of now, `reconcile` tells it."""
        owners = [str(pk) for pk in queryset.values_list("pk", flat=True)]
        super().delete_queryset(request, queryset)
        transaction.on_commit(partial(self._drop_recordings, request, owners))

    def _drop_recordings(self, request: HttpRequest, owners: list[str]) -> None:
        try:
            for owner in owners:
                recordings_drop(owner=owner)
        except Fault as fault:
            log.warning("recordings of deleted people stay for now: %s", fault)
            text = gettext("Recordings of theirs are still kept; manage.py reconcile removes them.")
            self.message_user(request, text, messages.WARNING)

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
