"""What may come in, and how much the host may promise."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from runtime.config import RuntimeConfig
from runtime.engine import admission
from runtime.engine.record import Record
from runtime.engine.slots import Slots
from runtime.errors import Code, Fault
from runtime.protocol import messages, model

MIB = 1024 * 1024


def launch(**changes: Any) -> messages.Launch:
    return messages.Launch(**{"id": "a" * 16, "owner": "ada", "name": "box", "image": "busybox", **changes})


def record(id: str, **changes: Any) -> Record:
    plain = Record(
        id=id,
        owner="ada",
        name="box",
        image="busybox",
        command=["sh"],
        limits=model.Limits(),
        slot=0,
        host_id=1,
        state=model.State.RUNNING,
        created_at=0.0,
    )
    return replace(plain, **changes)


def test_plain_launch_is_taken() -> None:
    admission.check_launch(launch())
    admission.check_launch(launch(command=["sh", "-c", "true"], name="Übung 我", deadline_seconds=5.0))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "short"),
        ("id", "A" * 16),
        ("id", "../../../../etc/"),
        ("id", "a" * 15 + "\n"),
        ("owner", ""),
        ("owner", "x" * 151),
        ("name", ""),
        ("name", "x" * 65),
        ("name", "bell\a"),
        ("command", [""]),
        ("command", ["sh", "a\0b"]),
        ("command", ["x"] * 257),
        ("command", ["x" * 70_000]),
        ("deadline_seconds", 0.0),
        ("deadline_seconds", math.nan),
        ("deadline_seconds", math.inf),
    ],
)
def test_field_that_is_wrong_is_named(field: str, value: object) -> None:
    with pytest.raises(Fault) as caught:
        admission.check_launch(launch(**{field: value}))
    assert (caught.value.code, caught.value.field) == (Code.INVALID_SPEC, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("memory_bytes", 6 * MIB - 1),
        ("memory_bytes", 0),
        ("memory_bytes", -1),
        ("memory_bytes", 1 << 60),
        ("cpus", 0.0),
        ("cpus", -1.0),
        ("cpus", math.nan),
        ("cpus", 10_000.0),
        ("pids", 0),
        ("pids", 1 << 30),
        ("disk_bytes", 0),
        ("disk_bytes", 1 << 60),
    ],
)
def test_limit_that_cannot_be_kept_is_named(field: str, value: float) -> None:
    with pytest.raises(Fault) as caught:
        admission.check_limits(replace(model.Limits(), **{field: value}))
    assert (caught.value.code, caught.value.field) == (Code.INVALID_SPEC, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("argv", []),
        ("timeout_seconds", 0.0),
        ("timeout_seconds", 301.0),
        ("timeout_seconds", math.nan),
        ("stdin", b"x" * (messages.MAX_STDIN + 1)),
        ("output_bytes", -1),
        ("output_bytes", messages.MAX_OUTPUT + 1),
    ],
)
def test_exec_that_is_wrong_is_named(field: str, value: object) -> None:
    request: dict[str, Any] = {"id": "a" * 16, "owner": None, "argv": ["true"], field: value}
    with pytest.raises(Fault) as caught:
        admission.check_exec(messages.Exec(**request))
    assert (caught.value.code, caught.value.field) == (Code.INVALID_SPEC, field)


def test_memory_is_promised_once() -> None:
    budget = int(admission.total_memory() * 0.5)
    config = RuntimeConfig(host_memory_share=0.5)
    half = model.Limits(memory_bytes=budget // 2 + 1)
    first, second = record("a" * 16, limits=half), record("b" * 16, limits=half)
    admission.check_capacity(config, [], first)
    admission.check_capacity(config, [first], first)
    with pytest.raises(Fault) as caught:
        admission.check_capacity(config, [first], second)
    assert caught.value.code is Code.NO_CAPACITY
    # A stopped one keeps only its files, which lie in memory.
    stopped = replace(first, state=model.State.STOPPED, kept_bytes=1024)
    admission.check_capacity(config, [stopped], replace(second, limits=replace(half, memory_bytes=budget - 1024)))
    # Started again it has them beside its whole limit.
    with pytest.raises(Fault) as caught:
        admission.check_capacity(config, [], replace(first, kept_bytes=budget // 2))
    assert caught.value.code is Code.NO_CAPACITY


def test_number_of_containers_is_bounded() -> None:
    config = RuntimeConfig(max_containers=1)
    admission.check_capacity(config, [], record("a" * 16))
    with pytest.raises(Fault) as caught:
        admission.check_capacity(config, [record("a" * 16)], record("b" * 16))
    assert caught.value.code is Code.NO_CAPACITY


def test_slot_just_freed_rests_longest(tmp_path: Path) -> None:
    slots = Slots(RuntimeConfig(state_dir=tmp_path, idmap_slots=3))
    assert [slots.take("a"), slots.take("b")] == [0, 1]
    slots.give_back(0, "a")
    assert [slots.take("c"), slots.take("d")] == [2, 0]
    with pytest.raises(Fault) as caught:
        slots.take("e")
    assert caught.value.code is Code.NO_CAPACITY
    slots.give_back(1, "somebody else")
    with pytest.raises(Fault):
        slots.take("e")


def test_slot_is_not_shared_and_not_given_out_of_quarantine() -> None:
    slots = Slots(RuntimeConfig(idmap_slots=2))
    slots.hold(0, "a")
    slots.hold(0, "a")
    with pytest.raises(Fault) as caught:
        slots.hold(0, "b")
    assert caught.value.code is Code.INTERNAL_ERROR
    slots.quarantined.add(1)
    with pytest.raises(Fault):
        slots.take("b")
    assert slots.host_id(1) == slots.host_id(0) + 65_536
