"""HTTP routes."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from playground.api.root import api, missing
from playground.pages import accounts, views
from playground.pages.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.root),
    path("healthz", health, name="health"),
    path("favicon.ico", RedirectView.as_view(url=static("playground/mark.svg"), permanent=True)),
    path("playground", views.home, name="home"),
    path("playground/c/<str:container_id>", views.workbench, name="workbench"),
    path("login/<str:secret>", accounts.login_once, name="login-once"),
    path("accounts/login/", accounts.Login.as_view(), name="login"),
    path("accounts/logout/", accounts.Logout.as_view(), name="logout"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("api/v1/", csrf_exempt(missing)),  # before ninja's own empty root, which has no JSON to say
    path("api/v1/", api.urls),
    re_path(r"^api(?:/|$)", csrf_exempt(missing)),
]

handler400 = "playground.pages.errors.bad_request"
handler403 = "playground.pages.errors.forbidden"
handler404 = "playground.pages.errors.not_found"
handler500 = "playground.pages.errors.server_error"
