"""Every refusal of the REST interface in one shape, whoever refuses: a service, the validation, the HTTP layer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from playground import errors
from playground.api.complaints import sentence
from runtime.errors import Code, Fault

log = logging.getLogger(__name__)


def answer(fault: Fault, status: int | None = None) -> HttpResponse:
    """`status` where the HTTP layer itself refuses; else the table's."""
    response = JsonResponse(
        errors.body(fault), status=status or errors.row(fault.code).status, json_dumps_params={"ensure_ascii": False}
    )
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="terrarium"'
    if response.status_code == 503:
        response.headers["Retry-After"] = "2"
    return response


def install(api: NinjaAPI) -> None:
    """Replace ninja's own handlers, whose bodies are `{"detail": …}`."""
    for kind in (Fault, ValidationError, AuthenticationError, HttpError, Http404, SuspiciousOperation, Exception):
        api.add_exception_handler(kind, _refuse)


def _refuse(request: HttpRequest, error: Any) -> HttpResponse:
    match error:
        case Fault():
            return answer(error)
        case ValidationError():
            return answer(invalid(error))
        case AuthenticationError():
            return answer(unknown_caller(), 401)
        case HttpError(status_code=400):
            return answer(Fault(Code.INVALID_SPEC, _("the body is not JSON")), 400)
        case HttpError():
            return answer(Fault(Code.INVALID_SPEC, error.message), error.status_code)
        case Http404():
            return answer(no_route())
        case RequestDataTooBig():
            return answer(Fault(Code.INVALID_SPEC, _("the body is too large")), 413)
        case SuspiciousOperation():
            return answer(Fault(Code.INVALID_SPEC, _("the request is malformed")), 400)
    log.error("%s %s", request.method, request.path, exc_info=error)
    return answer(Fault(Code.INTERNAL_ERROR, _("the call could not be answered")))


def unknown_caller() -> Fault:
    hint = _("Send a valid token as 'Authorization: Bearer trm_…' (./dev token makes one), or log in.")
    return Fault(Code.ACCESS_DENIED, _("no valid token and no session"), hint=hint)


def no_route() -> Fault:
    return Fault(Code.NOT_FOUND, _("no such call"), hint=_("The calls are listed at /api/v1/docs."))


def invalid(error: ValidationError) -> Fault:
    """The first complaint, with the member it is about."""
    first: dict[str, Any] = error.errors[0]
    place = [str(part) for part in first["loc"]]  # ("body", the view's parameter, member, …) or ("query", member)
    field = next(iter(place[2:3] if place[0] == "body" else place[1:2]), None)
    return Fault(Code.INVALID_SPEC, sentence(first, field), field=field)


class WrongMethod:
    """Middleware: ninja words its 405 itself, in plain text and without a handler."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != 405 or not request.path.startswith("/api/"):
            return response
        text = _("%(method)s is not possible here") % {"method": request.method}
        told = answer(Fault(Code.INVALID_SPEC, text, hint=_("The calls are listed at /api/v1/docs.")), 405)
        told.headers["Allow"] = response.headers.get("Allow", "")
        return told
