"""The images that can be launched."""

from __future__ import annotations

from playground import worker
from runtime.protocol import messages, model


def image_list() -> list[model.Image]:
    """As the worker has them now. Raises `Fault`."""
    return worker.call(messages.ListImages(), messages.Images).images
