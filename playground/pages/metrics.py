"""`/metrics`, for Prometheus: off unless the installation has a token for it."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from playground.services.metrics import exposition


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures of everybody's containers, for who has that token: no login and no person's token opens it."""
    token = settings.TERRARIUM_METRICS_TOKEN
    if len(token) < settings.TERRARIUM_METRICS_TOKEN_LEAST:  # too short a one is as none; `check` says so
        raise Http404
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        refused = HttpResponse("The token is missing or wrong.\n", status=401, content_type="text/plain")
        refused.headers["WWW-Authenticate"] = 'Bearer realm="terrarium metrics"'
        return refused
    body, content_type = exposition(request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=content_type)
