"""What validation finds wrong, in the reader's language: pydantic says it in English only, and in its own terms."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# https://docs.pydantic.dev/latest/errors/validation_errors/; the placeholders are pydantic's own.
SENTENCES: dict[str, Promise] = {
    "missing": gettext_lazy("it is required"),
    "extra_forbidden": gettext_lazy("there is no such member"),
    "int_type": gettext_lazy("it must be a whole number"),
    "int_parsing": gettext_lazy("it must be a whole number"),
    "int_parsing_size": gettext_lazy("it must be a whole number"),
    "bool_parsing": gettext_lazy("it must be true or false"),
    "float_type": gettext_lazy("it must be a number"),
    "finite_number": gettext_lazy("it must be a finite number"),
    "string_type": gettext_lazy("it must be a string"),
    "string_unicode": gettext_lazy("it must be valid Unicode"),
    "list_type": gettext_lazy("it must be a list"),
    "greater_than": gettext_lazy("it must be greater than %(gt)s"),
    "greater_than_equal": gettext_lazy("it must be at least %(ge)s"),
    "less_than_equal": gettext_lazy("it must be at most %(le)s"),
    "string_too_short": gettext_lazy("it must have at least %(min_length)s characters"),
    "string_too_long": gettext_lazy("it must have at most %(max_length)s characters"),
    "too_short": gettext_lazy("it must have at least %(min_length)s members"),
    "too_long": gettext_lazy("it must have at most %(max_length)s members"),
    "literal_error": gettext_lazy("it must be one of: %(expected)s"),
}


def sentence(complaint: dict[str, Any], field: str | None) -> str:
    """One of pydantic's errors in words. Its own English where this table has no row."""
    kind: str = complaint["type"]
    if field is None:  # the body as a whole
        return _("the body is missing") if kind == "missing" else _("the body must be a JSON object")
    if kind in SENTENCES:
        holes = {name: _listed(value) for name, value in complaint.get("ctx", {}).items()}
        return f"{field}: {str(SENTENCES[kind]) % holes}"
    text = str(complaint["msg"]).removeprefix("Value error, ")  # a validator of ours, which said it well
    return f"{field}: {text[:1].lower()}{text[1:]}"


def _listed(value: Any) -> Any:
    """Pydantic joins alternatives in English: `'rw' or 'ro'`."""
    return value.replace(" or ", ", ") if isinstance(value, str) else value
