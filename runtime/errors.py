"""The closed list of things that can go wrong, shared by the worker and the web side.

A code is a promise: the web side has one row for each in its table of HTTP statuses, WebSocket close codes and
sentences, and a test walks this list to prove it. Do not invent a code where one of these fits.
"""

from __future__ import annotations

import errno as errno_names
from enum import StrEnum


class Code(StrEnum):
    """What kind of failure it was; the message says to what, the hint what to do."""

    NOT_FOUND = "not-found"
    ALREADY_EXISTS = "already-exists"
    WRONG_STATE = "wrong-state"
    INVALID_SPEC = "invalid-spec"
    ACCESS_DENIED = "access-denied"
    LIMIT_REACHED = "limit-reached"  # the owner's own quota
    NO_CAPACITY = "no-capacity"  # the host's
    IMAGE_INVALID = "image-invalid"
    UNSUPPORTED_KERNEL = "unsupported-kernel"
    SPAWN_FAILED = "spawn-failed"
    VANISHED = "vanished"
    TIMEOUT = "timeout"
    PROTOCOL_ERROR = "protocol-error"
    WORKER_UNAVAILABLE = "worker-unavailable"
    INTERNAL_ERROR = "internal-error"


class Fault(Exception):
    """A failure with a name.

    `message` is lower case, without a full stop, and names the thing it happened to; `field` is the request's field
    when one is to blame; `hint` is a sentence for the person who meets it; `op` the system call or step; `errno`
    the symbolic name (`ENOSPC`) when the kernel gave one.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        field: str | None = None,
        hint: str | None = None,
        op: str | None = None,
        errno: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.hint = hint
        self.op = op
        self.errno = errno

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @classmethod
    def from_os_error(cls, error: OSError, *, op: str, code: Code | None = None) -> Fault:
        """Translate an `OSError` met while doing `op`; the path it names goes into the message."""
        name = errno_names.errorcode.get(error.errno or 0)
        path = f" {error.filename}" if error.filename else ""
        text = (error.strerror or str(error)).lower()
        return cls(
            code or _CODE_OF_ERRNO.get(name or "", Code.INTERNAL_ERROR), f"{op}{path}: {text}", op=op, errno=name
        )


_CODE_OF_ERRNO = {
    "ENOENT": Code.NOT_FOUND,
    "EEXIST": Code.ALREADY_EXISTS,
    "EACCES": Code.ACCESS_DENIED,
    "EPERM": Code.ACCESS_DENIED,
    "ENOSPC": Code.NO_CAPACITY,
    "EDQUOT": Code.NO_CAPACITY,
    "EMFILE": Code.NO_CAPACITY,
    "ENFILE": Code.NO_CAPACITY,
    "ENOSYS": Code.UNSUPPORTED_KERNEL,
    "EOPNOTSUPP": Code.UNSUPPORTED_KERNEL,
    "ESRCH": Code.VANISHED,
    "ENODEV": Code.VANISHED,
    "ETIMEDOUT": Code.TIMEOUT,
}
