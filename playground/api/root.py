"""The interface put together, with its OpenAPI description at `openapi.json` and a page for people at `docs`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Router

from playground.api import containers, faults, recordings, sharing, terminals, transfers, xray
from playground.api.auth import Bearer, Session
from playground.api.schemas import ErrorOut, ImageOut
from playground.services import present
from playground.services.image_list import image_list

DESCRIPTION = """\
Everything the page does, for scripts. Make a token with `./dev token` and send it as `Authorization: Bearer trm_…`.

Sizes are bytes, times ISO 8601 in UTC, names those of the kernel and of OCI. What is tagged X-ray has the live stream's
own form instead: times in seconds since the epoch, maps where a patch would name one member.

Every refusal has the same shape, `{"code", "message", "field"?, "hint"?}`; the codes are a closed list. A container
that is not yours is answered as one that does not exist.
"""

images = Router(tags=["images"])


@images.get(
    "", response={200: list[ImageOut], containers.REFUSED: ErrorOut}, operation_id="images", summary="List images"
)
def index(request: HttpRequest) -> list[present.Json]:  # noqa: ARG001
    """What can be launched, with layers and sizes."""
    return [present.image(each) for each in image_list()]


api = NinjaAPI(
    title="Terrarium",
    version="1",
    description=DESCRIPTION,
    auth=[Bearer(), Session()],
    urls_namespace="api-v1",
)
api.add_router("/containers", containers.router)
api.add_router("/containers", terminals.router)
api.add_router("/containers", xray.router)
api.add_router("/containers", transfers.router)
api.add_router("/containers", sharing.router)
api.add_router("/shares", sharing.guests)
api.add_router("/containers", recordings.terminal)
api.add_router("/recordings", recordings.router)
api.add_router("/images", images)
api.add_router("/host", xray.host)
faults.install(api)


def missing(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Whatever else is asked below `/api/`."""
    return faults.answer(faults.no_route())
