"""`/healthz`, for whoever starts or watches this site: a load balancer, `./dev up`, a monitor."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from playground.services.health import worker_up


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """200 when web and worker answer; 503 when only the web does. Says so to anybody, and nothing beyond it."""
    up = worker_up()
    return JsonResponse({"web": "up", "worker": "up" if up else "down"}, status=200 if up else 503)
