"""Bearer tokens and login links: who came in how, and shutting a door. Neither shows a secret or its hash."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from playground.models import ApiToken, LoginLink
from playground.services.tokens import token_revoke


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Made on the command line, where they are shown once; here they are watched and revoked."""

    list_display = ("prefix", "owner", "label", "valid", "last_used_at", "created_at", "expires_at", "revoked_at")
    list_filter = ("revoked_at", "created_at")
    search_fields = ("prefix", "label", "owner__username")
    list_select_related = ("owner",)
    fields = ("prefix", "owner", "label", "created_at", "last_used_at", "expires_at", "revoked_at")
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:  # noqa: ARG002
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("playground.delete_apitoken")

    @admin.display(description=_("valid"), boolean=True)
    def valid(self, token: ApiToken) -> bool:
        return token.revoked_at is None and (token.expires_at is None or token.expires_at > timezone.now())

    @admin.action(description=_("Revoke the chosen tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        for token in tokens:
            token_revoke(token=token)
        count = len(tokens)
        self.message_user(
            request, ngettext("%(count)d token revoked", "%(count)d tokens revoked", count) % {"count": count}
        )


@admin.register(LoginLink)
class LoginLinkAdmin(admin.ModelAdmin[LoginLink]):
    list_display = ("owner", "created_at", "expires_at", "used_at")
    list_filter = ("used_at", "created_at")
    search_fields = ("owner__username",)
    list_select_related = ("owner",)
    fields = ("owner", "created_at", "expires_at", "used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: LoginLink | None = None) -> bool:  # noqa: ARG002
        return False
