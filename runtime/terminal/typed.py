"""What a line that was edited on a screen reads in the end: the label of a command in a recording.

Not an emulator: it knows how readline and busybox's line editor move on one line. What it takes for a command is what
was shown, so it has no password that the screen had not; and it is a hint, as the marks around it are.
"""

from __future__ import annotations

import re

MOST = 1024  # bytes that are looked at
_TOKEN = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    r"|\x1b\[(?P<number>[0-9]*+)[0-9;?]*+(?P<move>[@-~])"
    r"|\x1b[^\[\]]?|\x1b[\[\]]"
    r"|(?P<wrap> \r(?!\n)|\r\r\n)"  # on to the next row: readline, busybox
    r"|(?P<back>\x08)|(?P<end>\r?\n)|(?P<home>\r)|[\x00-\x1f\x7f-\x9f]"
    r"|(?P<text>(?:(?! \r(?!\n))[^\x00-\x1f\x7f-\x9f])+)"
)


def typed(data: bytes) -> str:
    """The first line of it. `data` begins where the prompt ended."""
    cells: list[str] = []
    at = 0
    for found in _TOKEN.finditer(data[:MOST].decode("utf-8", "replace")):
        count = min(int(found["number"] or 1), MOST) if found["move"] else 1
        match found["move"] or found.lastgroup:
            case "end":
                break
            case "home":
                cells, at = [], 0
            case "back" | "D":
                at = max(0, at - count)
            case "C":
                at = min(len(cells), at + count)
            case "K" | "J" if found["number"] in ("", "0"):
                del cells[at:]
            case "P":
                del cells[at : at + count]
            case "@":
                cells[at:at] = " " * count
                del cells[MOST:]  # a few bytes insert many spaces
            case "text":
                text = found["text"]
                cells[at : at + len(text)] = text
                at += len(text)
    return "".join(cells).strip()
