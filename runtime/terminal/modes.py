"""What a screen must be told before it sees the tail of a stream: the modes that were set before it."""

from __future__ import annotations

import json
import re

from runtime.terminal.marks import MAX_TITLE, text
from runtime.terminal.scan import LONGEST

# DECSET/DECRST numbers kept, with the state of a fresh terminal (xterm's ctlseqs). Not 1048: it saves a position of a
# screen that is gone. Not 2026 (synchronized update): what it holds back is for the one frame it encloses.
_FRESH = {
    1: False, 6: False, 7: True, 9: False, 25: True, 45: False, 66: False, 1000: False, 1001: False, 1002: False,
    1003: False, 1004: False, 1005: False, 1006: False, 1007: False, 1015: False, 1016: False, 2004: False,
    2031: False,
}  # fmt: skip
_ALTERNATE = (47, 1047, 1049)
_UPDATE = 2026
_DEEPEST = 16  # of the stack of kitty's keyboard flags, for one screen
_MAX_TITLE, _MAX_URL = 768, 512  # bytes: all must fit into the ring's note
_CONTROLS = bytes((*range(0x20), 0x7F))


class Modes:
    """`alternate`: a full-screen program has the screen. Fed by a `Scanner`."""

    def __init__(self) -> None:
        self.alternate = False
        self.left_alternate_at = 0  # offset after the last switch back to the normal screen
        self.updating = False
        self._set: dict[int, bool] = {}
        self._cursor = b""
        self._keypad = False
        self._title = self._directory = b""  # as they came: OSC 0 or 2, OSC 7
        self._charsets = [b"B", b"B"]  # G0, G1
        self._shift = 0
        self._margins = [b"", b""]  # of the normal and the alternate screen
        self._kitty: list[list[int]] = [[], []]
        self._other_keys = b""

    @property
    def calm(self) -> bool:
        """Whether output can be shown from here on."""
        return not self.alternate and not self.updating

    def copy(self) -> Modes:
        other = Modes()
        other.__dict__.update(self.__dict__)
        other._set = dict(self._set)
        other._charsets, other._margins = list(self._charsets), list(self._margins)
        other._kitty = [list(stack) for stack in self._kitty]
        return other

    def preamble(self) -> bytes:
        """Bytes that bring a reset terminal to these modes. CAN first: whatever was half sent ends there."""
        parts = [b"\x18\x1b[0m", *self._screen(0)]
        if self.alternate:
            parts += [b"\x1b[?1049h\x1b[2J\x1b[H", *self._screen(1)]
        for mode, fresh in _FRESH.items():
            if (on := self._set.get(mode, fresh)) != fresh:
                parts.append(b"\x1b[?%d%c" % (mode, b"h" if on else b"l"))
        for sign, charset in zip((b"(", b")"), self._charsets, strict=True):
            if charset != b"B":
                parts.append(b"\x1b" + sign + charset)
        if self._shift:
            parts.append(b"\x0e")
        if self._cursor:
            parts.append(b"\x1b[%s q" % self._cursor)
        if self._keypad:
            parts.append(b"\x1b=")
        if self._other_keys:
            parts.append(b"\x1b[>4;%sm" % self._other_keys)
        if self._title:
            parts.append(b"\x1b]2;%s\x07" % text(self._title[2:], MAX_TITLE).encode())
        if self._directory:
            parts.append(b"\x1b]%s\x07" % self._directory)
        return b"".join(parts)

    def _screen(self, which: int) -> list[bytes]:
        """What each of the two screens has its own of."""
        margins = [b"\x1b[%sr" % self._margins[which]] if self._margins[which] else []
        return margins + [b"\x1b[>%du" % flags for flags in self._kitty[which]]

    def dump(self, head: int) -> bytes:
        """`head`: the offset up to which the output was fed."""
        words = (self._cursor, self._title, self._directory, *self._charsets, *self._margins, self._other_keys)
        state = [
            head,
            self.alternate,
            self.left_alternate_at,
            self.updating,
            {str(mode): on for mode, on in self._set.items()},
            self._keypad,
            self._shift,
            self._kitty,
            [word.decode("latin-1") for word in words],
        ]
        return json.dumps(state, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def load(cls, dumped: bytes) -> tuple[Modes, int]:
        """From `dump`, with the offset from which on output must be fed again; unreadable: a fresh one, and 0."""
        modes = cls()
        try:
            head, alternate, left, updating, set_, keypad, shift, kitty, words = json.loads(dumped)
            modes.alternate, modes.left_alternate_at, modes.updating = bool(alternate), int(left), bool(updating)
            modes._set = {int(mode): bool(on) for mode, on in set_.items()}
            modes._keypad, modes._shift = bool(keypad), int(shift)
            modes._kitty = [[int(flags) for flags in stack] for stack in kitty]
            raw = [str(word).encode("latin-1") for word in words]
            modes._cursor, modes._title, modes._directory, g0, g1, normal, other, modes._other_keys = raw
            modes._charsets, modes._margins = [g0, g1], [normal, other]
            return modes, int(head)
        except (ValueError, TypeError, AttributeError):
            return cls(), 0

    def ground(self, data: bytes, start: int, stop: int) -> bool:
        """Text between two sequences: SO and SI choose G1 and G0. True when something changed, as below."""
        out, back = data.rfind(b"\x0e", start, stop), data.rfind(b"\x0f", start, stop)
        before = self._shift
        if out >= 0 or back >= 0:
            self._shift = int(out > back)
        return self._shift != before

    def token(self, found: re.Match[bytes], at: int) -> bool:
        match found.lastgroup:
            case "set":
                on = found["set"] == b"h"
                changes = [self._mode(int(number), on, at) for number in found["dec"].split(b";") if number]
                return any(changes)
            case "osc":
                return self._name(found["osc"])
            case "cursor":
                self._cursor = found["cursor"] or b"0"
            case "margins":
                self._margins[self.alternate] = found["margins"]
            case "kitty":
                return self._keys(found["kitty"])
            case "keys":
                return self._modify(found["keys"])
            case "keypad":
                before, self._keypad = self._keypad, found["keypad"] == b"="
                return before is not self._keypad
            case "charset":
                self._charsets[found["charset"][0] == 0x29] = found["charset"][1:]
            case "string":
                return False
            case "soft" | "ris" as which:
                title, directory, alternate, left = self._title, self._directory, self.alternate, self.left_alternate_at
                self.__init__()  # type: ignore[misc]
                self._title, self._directory, self.left_alternate_at = title, directory, left
                if which == "ris":
                    self.left_alternate_at = at
                else:
                    self.alternate = alternate
        return True

    def _mode(self, number: int, on: bool, at: int) -> bool:
        if number in _ALTERNATE:
            if self.alternate and not on:
                self.left_alternate_at = at
            if on and not self.alternate:
                self._margins[1], self._kitty[1] = b"", []
            self.alternate = on
            return True
        if number == _UPDATE:
            before, self.updating = self.updating, on
            return before != on
        if number in _FRESH:
            changed = self._set.get(number, _FRESH[number]) != on
            self._set[number] = on
            return changed
        return False

    def _name(self, osc: bytes) -> bool:
        if len(osc) > LONGEST or not osc.startswith((b"0;", b"2;", b"7;")):
            return False
        said = osc.translate(None, _CONTROLS)
        if said.startswith(b"7;"):
            before, self._directory = self._directory, said if len(said) <= _MAX_URL else b""
            return before != self._directory
        before, self._title = self._title, said[:_MAX_TITLE]
        return before != self._title

    def _keys(self, said: bytes) -> bool:
        """Kitty's keyboard flags: `>` push, `<` pop, `=` change the topmost."""
        stack = self._kitty[self.alternate]
        numbers = [min(int(number), 0xFFFF) if number else 0 for number in said[1:].split(b";")]
        if said[:1] == b">":
            stack.append(numbers[0])
            del stack[:-_DEEPEST]
        elif said[:1] == b"<":
            del stack[max(0, len(stack) - max(1, numbers[0])) :]
        else:
            before = stack.pop() if stack else 0
            how = numbers[1] if len(numbers) > 1 else 1
            stack.append({2: before | numbers[0], 3: before & ~numbers[0]}.get(how, numbers[0]))
        return True

    def _modify(self, said: bytes) -> bool:
        """XTMODKEYS of resource 4, modifyOtherKeys: `> 4 ; n m` sets, `> 4 m` and `> 4 n` end it."""
        resource, _, value = said[:-1].partition(b";")
        if resource not in (b"4", b""):
            return False
        before, self._other_keys = self._other_keys, value if said.endswith(b"m") and value.isdigit() else b""
        return before != self._other_keys
