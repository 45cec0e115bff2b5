"""Static files by whitenoise, sent whole."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

_HASHED = re.compile(r"/static/dist/assets/.+-[\w-]{8}\.\w+$")


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Whitenoise answers with a file to be streamed synchronously, which ASGI can only do by collecting it, with a
    warning for each. Our files are small: collect them here, in the thread that already runs.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponseBase:
        streamed = WhiteNoiseMiddleware.serve(static_file, request)
        whole = HttpResponse(b"".join(streamed), status=streamed.status_code)
        del whole["Content-Type"]
        for key, value in streamed.headers.items():
            whole[key] = value
        streamed.close()
        return whole

    def immutable_file_test(self, path: str, url: str) -> bool:  # noqa: ARG002
        """Vite puts a hash of the content into these names, so they may be cached for good."""
        return bool(_HASHED.search(url))
