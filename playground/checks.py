"""What `manage.py check` says about this installation."""

from __future__ import annotations
