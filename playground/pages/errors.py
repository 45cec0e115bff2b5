"""Refusals as a page for people, or as the REST interface's body below `/api/`."""
# ruff: noqa: ARG001  (Django gives the signatures)

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from playground import errors
from runtime.errors import Code, Fault

TITLES: dict[int, Promise] = {
    400: gettext_lazy("That request cannot be read"),
    403: gettext_lazy("That is not allowed"),
    404: gettext_lazy("There is nothing here"),
    500: gettext_lazy("Something went wrong on our side"),
    503: gettext_lazy("The worker does not answer"),
}


def refuse(request: HttpRequest, fault: Fault, status: int | None = None) -> HttpResponse:
    """Answer with the fault; `status` where the HTTP layer itself refuses, else the table's."""
    status = status or errors.row(fault.code).status
    if request.path.startswith("/api/"):
        return JsonResponse(errors.body(fault), status=status, json_dumps_params={"ensure_ascii": False})
    context = {"title": TITLES.get(status, TITLES[400]), "fault": errors.body(fault), "status": status}
    return render(request, "playground/error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refuse(request, Fault(Code.INVALID_SPEC, _("the request is malformed")), 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refuse(request, Fault(Code.ACCESS_DENIED, _("you may not see this page")), 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refuse(request, Fault(Code.NOT_FOUND, _("no page at this address")), 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return refuse(request, Fault(Code.INTERNAL_ERROR, _("the page could not be made")), 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF middleware refused; its reason is for developers and stays in the log."""
    hint = _("Reload the page and try again. If that does not help, allow this site to set cookies.")
    return refuse(request, Fault(Code.ACCESS_DENIED, _("the form's security token is missing or old"), hint=hint), 403)
