"""A terminal that was shared: the link's address, which lets in, and the page of who was let in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from playground import errors
from playground.pages.accounts import signed_in
from playground.pages.boot import boot
from playground.pages.errors import refuse
from playground.selectors.shares import share_for, share_open
from playground.services.sharing import share_join, share_show
from playground.services.sharing_shown import shared
from runtime.errors import Code, Fault


@require_safe
@never_cache
@login_required
def share_link(request: HttpRequest, secret: str) -> HttpResponse:
    """The owner comes to the workbench, all others to the terminal. HEAD (link checkers, chat previews) joins nothing.

    A GET may do it: who sends somebody here learns no more than the name of an account, and other sites' images and
    frames come without the session's cookie (`SameSite`).
    """
    if request.method == "HEAD":
        return HttpResponse()
    user = signed_in(request)
    try:
        share = share_join(user=user, secret=secret)
    except Fault as fault:
        return refuse(request, fault)
    if share.created_by_id == user.pk:
        return redirect("workbench", share.container_id)
    return redirect("shared", share.pk)


@require_safe
@never_cache
@login_required
def shared_page(request: HttpRequest, share_id: str) -> HttpResponse:
    """A guest's view of one terminal. It comes without the worker too: `shared` is null then, and `error` says why."""
    user = signed_in(request)
    try:
        share = share_for(user=user, id=share_id)
    except Fault as fault:
        own = share_open(id=share_id)
        if own is not None and own.created_by_id == user.pk:
            return redirect("workbench", own.container_id)
        return refuse(request, fault)
    state = boot(request, user, "shared")
    try:
        state["shared"] = shared(share_show(user=user, id=share.pk))
    except Fault as fault:
        if fault.code in {Code.NOT_FOUND, Code.VANISHED}:
            return refuse(request, fault)
        state["error"] = errors.body(fault)
    return render(request, "playground/app.html", {"boot": state, "title": share.container.name})
