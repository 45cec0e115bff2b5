"""Memory "used", as four tools count it: the page's own count is held to the same examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.probes import cgroups
from runtime.protocol import accounting
from runtime.protocol.model import Cgroup, Summary
from tests.support.proc_tree import world

_EXAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("accounting.json").read_text())


def _cgroup(mode: str, memory: dict[str, Any]) -> Cgroup:
    return Cgroup(
        mode=mode,  # type: ignore[arg-type]
        paths={},
        memory=memory,
        cpu={},
        pids={},
        io={},
        summary=Summary(),
        sources={},
    )


@pytest.mark.parametrize("example", _EXAMPLES, ids=[example["name"] for example in _EXAMPLES])
def test_the_answer_is_the_examples(example: dict[str, Any]) -> None:
    cgroup = _cgroup(example["cgroup"]["mode"], example["cgroup"]["memory"])
    assert msgspec.to_builtins(accounting.used(cgroup, example["meminfo"])) == example["answer"]


@pytest.mark.parametrize("mode", ["v1", "v2"])
def test_the_parts_of_a_real_container_add_up_to_its_usage(tmp_path: Path, mode: str) -> None:
    probe = cgroups.Cgroups(world(tmp_path, mode).target)  # type: ignore[arg-type]
    found = accounting.used(probe.take()[0])
    probe.close()
    usage = found.counts[0].bytes
    assert usage is not None
    parts = {part.kind: part.bytes for part in found.anatomy}
    assert sum(parts.values()) == usage
    assert parts.get("rest", 0) < usage / 3


def test_the_machine_is_read_from_the_hosts_side(tmp_path: Path) -> None:
    probe, machine = cgroups.Cgroups(world(tmp_path).target), cgroups.Machine()
    cgroup = probe.take()[0]
    assert accounting.used(cgroup).counts[3].bytes is None
    host = accounting.used(cgroups.from_host(cgroup, machine.take(0.0)[0]))
    assert (host.counts[3].bytes or 0) > 2**20
    probe.close()
    machine.close()
