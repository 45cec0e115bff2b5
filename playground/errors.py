"""What the web side says of each failure: one row a code, for HTTP, for WebSockets and for people.

A test walks `runtime.errors.Code` and fails on a missing row.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from runtime.errors import Code, Fault
from runtime.protocol.pty import Close


@dataclass(frozen=True)
class Row:
    """`status` over HTTP, `close` over a WebSocket, `sentence` for the person who meets it."""

    status: int
    close: Close
    sentence: Promise


TABLE: dict[Code, Row] = {
    Code.NOT_FOUND: Row(404, Close.NO_SESSION, _("There is no such thing here, or it is not yours.")),
    Code.ALREADY_EXISTS: Row(409, Close.PROTOCOL, _("It is there already. Choose another name or key.")),
    Code.WRONG_STATE: Row(409, Close.ENDED, _("It is not in the state for that. Look at its state and try again.")),
    Code.INVALID_SPEC: Row(422, Close.PROTOCOL, _("The request cannot be used like this. Correct it and try again.")),
    Code.ACCESS_DENIED: Row(403, Close.ROLE, _("You are not allowed to do that.")),
    Code.LIMIT_REACHED: Row(
        403, Close.RATE, _("Your quota does not allow more. Ask for less, or delete a container you no longer need.")
    ),
    Code.NO_CAPACITY: Row(
        503, Close.RATE, _("The host has no room left for this. Try again when others have finished.")
    ),
    Code.IMAGE_INVALID: Row(
        422, Close.PROTOCOL, _("The image is damaged or incomplete. Whoever runs this site can build it again.")
    ),
    Code.UNSUPPORTED_KERNEL: Row(501, Close.PROTOCOL, _("The host's kernel cannot do this. ./dev doctor tells more.")),
    Code.SPAWN_FAILED: Row(
        422, Close.ENDED, _("The program could not be started. Check that it exists in the image and may be executed.")
    ),
    Code.VANISHED: Row(410, Close.ENDED, _("It ended while you were asking.")),
    Code.TIMEOUT: Row(504, Close.WORKER_AWAY, _("It took too long. It may still happen: look again in a moment.")),
    Code.PROTOCOL_ERROR: Row(
        502,
        Close.PROTOCOL,
        _("The parts of this site do not understand each other; their versions may differ."),
    ),
    Code.WORKER_UNAVAILABLE: Row(
        503,
        Close.WORKER_AWAY,
        _("The worker does not answer; it may be restarting. Running containers go on. Try again in a moment."),
    ),
    Code.INTERNAL_ERROR: Row(
        500, Close.WORKER_AWAY, _("Something went wrong on our side. It has been written to the log.")
    ),
}

# What the worker advises; a test looks for each in its source.
HINTS: dict[str, Promise] = {
    "Thaw it first.": _("Thaw it first."),
    "Start it first.": _("Start it first."),
    "Open another terminal.": _("Open another terminal."),
    "Try again when it has got what it waits for.": _("Try again when it has got what it waits for."),
    "End processes or delete files of the container, which lie in memory too, or ask for more.": _(
        "End processes or delete files of the container, which lie in memory too, or ask for more."
    ),
    "Delete files of the container, or ask for more.": _("Delete files of the container, or ask for more."),
    "It is stopped: start it to look at its process.": _("It is stopped: start it to look at its process."),
    "Launch a new one; the files of this one go when it is deleted.": _(
        "Launch a new one; the files of this one go when it is deleted."
    ),
    "Delete containers that are no longer needed.": _("Delete containers that are no longer needed."),
    "Stop containers that are no longer needed, or ask for less memory_bytes.": _(
        "Stop containers that are no longer needed, or ask for less memory_bytes."
    ),
    "Is the program in this image?": _("Is the program in this image?"),
    "End some of them, or stop and start the container.": _("End some of them, or stop and start the container."),
    "Wait until one of them has ended.": _("Wait until one of them has ended."),
    "Close one of them.": _("Close one of them."),
    "Stop the container.": _("Stop the container."),
    "Stop that recording first.": _("Stop that recording first."),
    "Delete recordings that are no longer needed.": _("Delete recordings that are no longer needed."),
    "Choose another name, or replace the file.": _("Choose another name, or replace the file."),
    "Choose another name.": _("Choose another name."),
    "Choose another directory.": _("Choose another directory."),
    "Check the path.": _("Check the path."),
    "Name a file.": _("Name a file."),
    "Name the file that it leads to.": _("Name the file that it leads to."),
    "Copy it to a file of the container first.": _("Copy it to a file of the container first."),
    "Pack it, or split it.": _("Pack it, or split it."),
    "Begin again.": _("Begin again."),
}


def row(code: Code) -> Row:
    return TABLE[code]


def body(fault: Fault) -> dict[str, str]:
    """The REST interface's error: `code message field? hint?`.

    `message` names the thing and is for logs and scripts; `hint` says what to do. The worker writes English: where
    the reader's language is another, a hint of its is translated; one that is not known, or none, becomes the table's.
    """
    english = (get_language() or "en").startswith("en")
    answer = {"code": str(fault.code), "message": fault.message}
    if fault.field is not None:
        answer["field"] = fault.field
    hint = fault.hint and str(HINTS.get(fault.hint, fault.hint))
    answer["hint"] = hint if hint and (english or not hint.isascii()) else str(row(fault.code).sentence)
    return answer
