"""`/containers/{id}/files/content`: a file of a container, whole: in, and out."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from ninja import Query, Router

from playground.api import faults
from playground.api.auth import person
from playground.api.containers import ERRORS
from playground.api.schemas import ErrorOut, FilePutOut
from playground.api.xray import Inside
from playground.services.transfers import file_get, file_put, largest_upload, upload_begin
from runtime.errors import Code, Fault

router = Router(tags=["files"])
CONTENT = "/{container_id}/files/content"
BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.put(
    CONTENT,
    response={200: FilePutOut, **ERRORS, 411: ErrorOut},
    openapi_extra={"requestBody": {"required": True, "content": BYTES}},
    operation_id="file_put",
    summary="Put a file into it",
)
def put(
    request: HttpRequest,
    container_id: str,
    path: Inside,
    replace: Annotated[bool, Query(description="also where there is a file of that name")] = False,
) -> Any:
    """The body is the file, as it is. It belongs to root there, mode 0644.

    Its directory must be there. Nothing is seen at `path` until all of it has arrived. Needs a running container.
    """
    user = person(request)
    upload_begin(user=user, id=container_id)
    size = _length(request)
    if size is None:
        return faults.answer(Fault(Code.INVALID_SPEC, _("the request needs a Content-Length")), 411)
    most = largest_upload()
    if size > most:
        text = _("the file has %(size)d bytes, at most %(most)d are taken") % {"size": size, "most": most}
        return faults.answer(Fault(Code.INVALID_SPEC, text, hint=_("Pack it, or split it.")), 413)
    done = file_put(user=user, id=container_id, path=path, body=request, size=size, replace=replace)
    return {"path": path, "bytes": done}


@router.get(
    CONTENT,
    response={200: None, **ERRORS},
    openapi_extra={"responses": {200: {"description": "The file, as an attachment.", "content": BYTES}}},
    operation_id="file_get",
    summary="Get a file out of it",
)
def get(request: HttpRequest, container_id: str, path: Inside) -> HttpResponseBase:
    """An ordinary file, as its processes see it. Needs a running container.

    One that is changed meanwhile breaks off: fewer bytes come than Content-Length said.
    """
    download = file_get(user=person(request), id=container_id, path=path)
    response = StreamingHttpResponse(download.parts, content_type="application/octet-stream")
    response.headers["Content-Length"] = str(download.size)
    response.headers["Content-Disposition"] = content_disposition_header(True, _name(path)) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would keep what was read too fast on its own disk
    return response


def _length(request: HttpRequest) -> int | None:
    """None where it is missing: of a body in chunks nobody knows the end before it was taken in."""
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else None


def _name(path: str) -> str:
    """For the reader's disk: the last part, without what their system or screen might take for something else."""
    name = "".join(each if each.isprintable() and each not in '\\/:*?"<>|' else "_" for each in path.rsplit("/", 1)[-1])
    return name.lstrip(".")[:200] or "file"
