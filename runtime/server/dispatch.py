"""From a frame to a reply: decode, handle, and turn whatever went wrong into `Refused`."""

from __future__ import annotations

import re

import msgspec
import structlog

from runtime.errors import Code, Fault
from runtime.protocol import messages
from runtime.server.context import Context
from runtime.server.verbs import HANDLERS

MAX_REQUEST = 2 * 1024 * 1024  # an exec with a full stdin, in base64

_AT = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)
_MISSING = re.compile(r"required field `([^`]+)`")

log = structlog.get_logger()


def decode(frame: bytes) -> messages.AnyRequest:
    """Raises `Fault`: `protocol-error` for what is no request, `invalid-spec` with the field for a wrong one."""
    try:
        return messages.request_decoder.decode(frame)
    except msgspec.ValidationError as error:
        text, path = str(error), ""
        if found := _AT.fullmatch(text):
            text, path = found[1], found[2]
        if missing := _MISSING.search(text):
            path = f"{path}.{missing[1]}" if path else missing[1]
        if path == "op" or not path:
            raise Fault(Code.PROTOCOL_ERROR, f"not a request this worker knows: {text}", field=path or None) from None
        raise Fault(Code.INVALID_SPEC, f"{path}: {text[:1].lower()}{text[1:]}", field=path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(Code.PROTOCOL_ERROR, f"the request could not be read: {error}") from None


async def answer(context: Context, request: messages.Request) -> messages.Reply:
    """One request's reply; never raises but for cancellation."""
    try:
        return await HANDLERS[type(request)](context, request)
    except Exception as error:
        return refused(error, op=str(request.__struct_config__.tag))


def refused(error: Exception, *, op: str) -> messages.Refused:
    """An error as it goes over the wire. What nobody foresaw is logged here and told without its inside."""
    if isinstance(error, OSError):
        log.warning("os error", op=op, error=str(error))
        error = Fault.from_os_error(error, op=op)
    elif not isinstance(error, Fault):
        log.exception("unforeseen", op=op, error=repr(error))
        error = Fault(Code.INTERNAL_ERROR, f"{op} failed in a way nobody foresaw", op=op)
    elif error.code in (Code.INTERNAL_ERROR, Code.SPAWN_FAILED, Code.TIMEOUT):
        notes = getattr(error, "__notes__", [])
        log.warning("failed", op=op, code=error.code.value, error=error.message, notes="; ".join(notes))
    return messages.Refused(
        code=error.code, message=error.message, field=error.field, hint=error.hint, op=error.op, errno=error.errno
    )
