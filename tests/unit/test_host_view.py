"""The host with manners: what is nobody's business is not read for him."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from runtime.probes import host_view, snapshot
from runtime.protocol.model import HostView
from tests.support.proc_tree import World, world

SECRET = "--password=x"  # of process 300, in the chain; and 7000, a stranger


@pytest.fixture
def here(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.tree.process(401, ppid=400, comm=b"worker", cmdline=b"python3\0-m\0runtime.server\0", ticks=(1, 2), pages=3)
    made.tree.process(7000, ppid=1, comm=b"backup", cmdline=b"backup\0--password=x\0")
    (made.tree.root / "loadavg").write_text("0.04 0.08 0.56 2/123 456\n")
    (made.tree.root / "1/mountinfo").write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n23 22 0:5 / /secret rw - nfs nas:/secret rw\n"
    )
    return made


def _take(here: World, *, complete: bool) -> HostView:
    return host_view.take(here.tree.proc, 400, 401, complete=complete, containers=1, now=1.0)


def test_a_student_sees_the_first_process_the_chain_and_ours(here: World) -> None:
    view = _take(here, complete=False)
    assert {key: process.role for key, process in view.processes.items()} == {
        "1": "host-init", "300": "", "400": "keeper", "401": "worker",
    }  # fmt: skip
    assert view.processes["401"].cmdline == ["python3", "-m", "runtime.server"]
    assert view.processes["300"].cmdline == ["manager"]
    assert view.usage.keys() == view.processes.keys()
    assert view.mounts == {}
    assert not view.complete
    text = msgspec.json.encode(view)
    for hidden in (SECRET, "backup", "secret", "sleep"):
        assert hidden.encode() not in text, hidden


def test_totals_are_everybodys(here: World) -> None:
    student, everything = _take(here, complete=False), _take(here, complete=True)
    assert student.totals == everything.totals
    totals = student.totals
    assert (totals.processes, totals.threads, totals.containers, totals.mounts) == (7, 123, 1, 2)
    assert totals.namespaces["pid"] == 2


def test_with_the_permission_all_processes_and_mounts_are_there(here: World) -> None:
    view = _take(here, complete=True)
    assert set(view.processes) == {"1", "300", "400", "401", "500", "501", "7000"}
    assert view.processes["7000"].cmdline == ["backup", SECRET]
    assert view.processes["300"].cmdline == ["manager", SECRET]
    assert view.processes["1"].role == "host-init"
    assert view.processes["400"].role == "keeper"
    assert view.mounts["23"].point == "/secret"
    assert view.mounts["22"].propagation == "shared:1"
    assert view.complete


def test_who_vanishes_midway_is_left_out(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.tree.root / "9999").mkdir()  # a number without files: its process has ended
    assert "9999" not in _take(here, complete=True).processes


def test_no_snapshot_gives_a_strangers_arguments_away(here: World) -> None:
    host = snapshot.Host(here.tree.proc)
    text = msgspec.json.encode(snapshot.take(here.target, host))
    host.close()
    assert SECRET.encode() not in text
    assert b"backup" not in text
