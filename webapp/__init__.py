"""The Django project: settings, the ASGI entry, and what every response carries."""
