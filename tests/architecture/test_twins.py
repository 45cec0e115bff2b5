"""`frontend/src/protocol/pty.ts` says again, by hand, what `runtime/protocol/pty.py` says: number for number."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

import pytest

from runtime.protocol import pty

TWIN = (Path(__file__).resolve().parents[2] / "frontend/src/protocol/pty.ts").read_text()
ENUMS = (pty.Kind, pty.Close, pty.InputStatus, pty.ReplayKind, pty.ControlOp, pty.MarkKind)
NUMBER = r"0x[0-9a-fA-F]+|[\d_]+"


def members(name: str) -> dict[str, int]:
    """Of `export const NAME = { MEMBER: 0x01, … } as const`."""
    found = re.search(rf"^export const {name} = \{{(.*?)\}} as const;", TWIN, re.M | re.S)
    assert found, name
    return {each: int(value, 0) for each, value in re.findall(rf"(\w+): ({NUMBER})", found[1])}


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_both_number_their_kinds_alike(enum: type[IntEnum]) -> None:
    assert members(enum.__name__) == {each.name: each.value for each in enum}


@pytest.mark.parametrize("name", ["MAX_INPUT", "MAX_INPUT_UNACKED", "ACK_EVERY", "HISTORY", "RING_BYTES"])
def test_both_have_the_same_measures(name: str) -> None:
    found = re.search(rf"^export const {name} = ([\d_ *]+);", TWIN, re.M)
    assert found, name
    product = 1
    for factor in found[1].split("*"):
        product *= int(factor)
    assert product == getattr(pty, name)


@pytest.mark.parametrize("name", ["COLS", "ROWS"])
def test_both_bound_a_size_alike(name: str) -> None:
    assert tuple(members(name).values()) == getattr(pty, name)


def test_both_have_one_name_and_the_same_signals() -> None:
    assert f'SUBPROTOCOL = "{pty.SUBPROTOCOL}"' in TWIN
    assert f"signo: {' | '.join(str(each) for each in pty.SIGNALS)})" in TWIN
