"""What is meant: rows. What is, only the worker knows; nothing here is believed about a running container."""

from playground.models.access import ApiToken, LoginLink
from playground.models.container import Container
from playground.models.image import Image
from playground.models.quota import Quota
from playground.models.share import Share, ShareGuest

__all__ = ["ApiToken", "Container", "Image", "LoginLink", "Quota", "Share", "ShareGuest"]
