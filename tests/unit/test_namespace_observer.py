"""What two pictures tell of namespaces made and entered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.probes import snapshot
from runtime.protocol.model import Snapshot
from runtime.protocol.xray import Event
from runtime.server.observers.namespaces import NamespaceObserver
from tests.support.proc_tree import OWN_NAMESPACES, World, members, world

NET, OTHER = "net:[4026540001]", "net:[4026540002]"
NESTED = {**OWN_NAMESPACES, "net": NET}


@pytest.fixture
def here(tmp_path: Path) -> World:
    return world(tmp_path)


def _picture(here: World) -> Snapshot:
    host = snapshot.Host(here.tree.proc)
    try:
        return snapshot.take(here.target, host)
    finally:
        host.close()


def _told(here: World, before: Snapshot, after: Snapshot) -> list[dict[str, Any]]:
    events: list[Event] = []
    observer = NamespaceObserver(lambda _, event: events.append(event), lambda _: None)
    observer.looked(here.target, before, after)
    return [{key: value for key, value in msgspec.to_builtins(event).items() if value} for event in events]


def _born(here: World, pid: int, ids: dict[str, str], *, ppid: int = 501, starttime: int = 9000) -> None:
    here.tree.process(pid, ppid=ppid, ns_pids=(pid, pid - 490), namespaces=ids, starttime=starttime)


def test_a_process_that_moves_is_told_with_what_it_left(here: World) -> None:
    before = _picture(here)
    here.tree.process(501, ppid=500, ns_pids=(501, 7), namespaces=NESTED, starttime=5001)
    assert _told(here, before, _picture(here)) == [
        {"kind": "namespace", "pid": 501, "ns_pid": 7, "comm": "sh", "namespace": NET, "was": OWN_NAMESPACES["net"]}
    ]


def test_one_that_is_born_into_a_new_one_is_told_and_its_children_are_not(here: World) -> None:
    before = _picture(here)
    _born(here, 502, NESTED)
    _born(here, 503, NESTED, ppid=502)
    middle = _picture(here)
    assert [(event["pid"], event["was"]) for event in _told(here, before, middle)] == [(502, OWN_NAMESPACES["net"])]
    _born(here, 504, NESTED, ppid=503)
    assert _told(here, middle, _picture(here)) == []


def test_one_that_comes_from_outside_into_a_nested_one_is_told(here: World) -> None:
    before = _picture(here)
    here.tree.process(600, ppid=400, ns_pids=(600, 9), namespaces=NESTED, starttime=9000)
    members(here.paths, 500, 501, 600)
    assert [(event["pid"], event["was"]) for event in _told(here, before, _picture(here))] == [
        (600, OWN_NAMESPACES["net"])
    ]


def test_going_back_is_told_as_well_and_an_end_is_not(here: World) -> None:
    _born(here, 502, NESTED)
    _born(here, 503, NESTED)
    before = _picture(here)
    here.tree.process(502, ppid=501, ns_pids=(502, 12), namespaces=OWN_NAMESPACES, starttime=9000)
    here.tree.end(503)
    assert [(event["namespace"], event["was"]) for event in _told(here, before, _picture(here))] == [
        (OWN_NAMESPACES["net"], NET)
    ]


def test_a_number_used_again_is_a_birth(here: World) -> None:
    _born(here, 502, NESTED)
    before = _picture(here)
    _born(here, 502, {**OWN_NAMESPACES, "net": OTHER}, starttime=9999)
    assert [(event["namespace"], event["was"]) for event in _told(here, before, _picture(here))] == [
        (OTHER, OWN_NAMESPACES["net"])
    ]


def test_the_first_picture_is_no_news(here: World) -> None:
    _born(here, 502, NESTED)
    events: list[Event] = []
    observer = NamespaceObserver(lambda _, event: events.append(event), lambda _: None)
    observer.looked(here.target, None, _picture(here))
    assert events == []
