"""HTTP routes of the app; the project's, with the error pages, are in webapp/urls.py."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from playground.api.root import api, missing
from playground.pages import accounts, shared, views
from playground.pages.health import health
from playground.pages.metrics import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.root),
    path("healthz", health, name="health"),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", RedirectView.as_view(url=static("playground/mark.svg"), permanent=True)),
    path("playground", views.home, name="home"),
    path("playground/recordings", views.recordings, name="recordings"),
    path("playground/r/<str:recording_id>", views.recording, name="recording"),
    path("playground/c/<str:container_id>", views.workbench, name="workbench"),
    path("playground/s/<str:secret>", shared.share_link, name="share-join"),
    path("playground/shared/<str:share_id>", shared.shared_page, name="shared"),
    path("login/<str:secret>", accounts.login_once, name="login-once"),
    path("accounts/login/", accounts.Login.as_view(), name="login"),
    path("accounts/logout/", accounts.Logout.as_view(), name="logout"),
    path("api/v1/", csrf_exempt(missing)),  # before ninja's own empty root, which has no JSON to say
    path("api/v1/", api.urls),
    re_path(r"^api(?:/|$)", csrf_exempt(missing)),
]
