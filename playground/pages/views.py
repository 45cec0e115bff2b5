"""The home page and the workbench: a shell of HTML with the first state in it; the script does the rest."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from playground.pages.accounts import signed_in
from playground.pages.boot import boot
from playground.pages.errors import refuse
from playground.selectors.containers import container_for
from runtime.errors import Fault


@require_safe
def root(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return redirect("home")


@require_safe
@never_cache
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Your containers, and "New container"."""
    state = boot(request, signed_in(request), "home")
    return render(request, "playground/app.html", {"boot": state, "title": _("Playground")})


@require_safe
@never_cache
@login_required
def recordings(request: HttpRequest) -> HttpResponse:
    """The recordings of your terminals; the page asks for the list itself, for they grow."""
    state = boot(request, signed_in(request), "recordings")
    return render(request, "playground/app.html", {"boot": state, "title": _("Recordings")})


@require_safe
@never_cache
@login_required
def recording(request: HttpRequest, recording_id: str) -> HttpResponse:  # noqa: ARG001  (the page asks for it)
    """The replay of one. That it is not there, or not yours, the page is told by the API, and says so."""
    state = boot(request, signed_in(request), "recording")
    return render(request, "playground/app.html", {"boot": state, "title": _("Recording")})


@require_safe
@never_cache
@login_required
def workbench(request: HttpRequest, container_id: str) -> HttpResponse:
    """One container: terminals and panels."""
    user = signed_in(request)
    try:
        row = container_for(user=user, id=container_id)
    except Fault as fault:
        return refuse(request, fault)
    state = boot(request, user, "workbench", row.pk)
    return render(request, "playground/app.html", {"boot": state, "title": row.name})
