"""HTTP routes of the project: Django's own, then the app's."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("playground.urls")),
]

handler400 = "playground.pages.errors.bad_request"
handler403 = "playground.pages.errors.forbidden"
handler404 = "playground.pages.errors.not_found"
handler500 = "playground.pages.errors.server_error"
