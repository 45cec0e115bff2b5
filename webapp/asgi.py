"""ASGI entry: HTTP to Django, WebSockets through the origin check and the session to `playground.routing`."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
http = get_asgi_application()  # before anything that imports models

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402

from playground.routing import sockets  # noqa: E402
from webapp.origins import ExactOrigin  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": ExactOrigin(AuthMiddlewareStack(sockets))})
