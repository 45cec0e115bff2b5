"""Namespaces as objects, in a world of fixture trees: who is elsewhere, what is counted, what keeps one alive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.kernel import mountinfo
from runtime.probes import namespace_graph, namespace_keepers, namespaces
from runtime.probes.namespace_graph import Graphs
from runtime.protocol.model import NAMESPACE_KINDS, Process
from runtime.protocol.xray import KeptBy, NamespaceGraph
from tests.support.proc_tree import HOST_NAMESPACES, OWN_NAMESPACES, World, world

NET = "net:[4026540001]"
USER = "user:[4026540002]"
OWN = {**OWN_NAMESPACES, "pid_for_children": OWN_NAMESPACES["pid"], "time_for_children": OWN_NAMESPACES["time"]}


class Watch:
    """A graph, and the processes that it is asked about."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.graphs = Graphs(here.tree.proc, namespaces.of_host(here.tree.proc))
        self.processes: dict[str, Process] = {}
        self.now = 0.0
        self.born(500, OWN, starttime=5000)
        self.born(501, OWN, starttime=5001)

    def born(self, pid: int, ids: dict[str, str], *, starttime: int) -> None:
        self.here.tree.process(pid, ppid=500 if pid != 500 else 400, namespaces=ids, starttime=starttime)
        self.seen(pid, starttime)

    def seen(self, pid: int, starttime: int) -> None:
        made = Process(
            pid=1, ns_pids=[pid, 1], ppid=0, comm="sh", cmdline=[], uid=0, state="S", starttime=starttime,
        )  # fmt: skip
        self.processes = {**self.processes, str(pid): made}

    def gone(self, pid: int) -> None:
        self.here.tree.end(pid)
        self.processes = {key: value for key, value in self.processes.items() if key != str(pid)}

    def look(self, mounts: str = "", *, still: bool = False) -> NamespaceGraph:
        self.now += 100.0
        graph, _ = self.graphs.take(
            self.here.target, self.processes, mountinfo.parse(mounts.encode()), self.now, still
        )  # fmt: skip
        assert graph is not None
        return graph


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    made = Watch(world(tmp_path))
    yield made
    made.graphs.close()


def test_the_hosts_and_pid_1s_are_there_from_the_start(watch: Watch) -> None:
    graph = watch.look()
    assert graph.own == OWN
    assert graph.differs == {}
    assert set(graph.objects) == {*HOST_NAMESPACES.values(), *OWN_NAMESPACES.values()}
    for kind in NAMESPACE_KINDS:
        host, own = graph.objects[HOST_NAMESPACES[kind]], graph.objects[OWN_NAMESPACES[kind]]
        assert (host.initial, host.first, host.kind) == (True, None, kind)
        assert (own.initial, own.first, own.kind) == (False, 500, kind)
        assert host.owner == (None if kind == "user" else HOST_NAMESPACES["user"])


def test_a_fork_that_stays_changes_nothing(watch: Watch) -> None:
    graph = watch.look()
    watch.born(502, OWN, starttime=5002)
    assert watch.look() is graph
    watch.gone(502)
    assert watch.look() is graph


def test_who_is_elsewhere_is_named_with_only_what_differs_and_counted(watch: Watch) -> None:
    watch.born(502, {**OWN, "net": NET}, starttime=5003)
    watch.born(503, {**OWN, "net": NET}, starttime=5002)
    graph = watch.look()
    assert graph.differs == {"502": {"net": NET}, "503": {"net": NET}}
    assert (graph.objects[NET].processes, graph.objects[NET].first) == (2, 503)
    assert graph.objects[OWN_NAMESPACES["net"]].processes == 0
    watch.gone(503)
    assert (watch.look().objects[NET].processes, watch.look().objects[NET].first) == (1, 502)
    watch.gone(502)
    assert NET not in watch.look().objects


def test_before_the_first_child_the_link_is_there_and_names_nothing(watch: Watch) -> None:
    ids = {kind: id for kind, id in OWN.items() if kind != "pid_for_children"}
    watch.born(502, ids, starttime=5002)
    (watch.here.tree.root / "502/ns/pid_for_children").unlink(missing_ok=True)
    graph = watch.look()
    assert graph.differs == {"502": {"pid_for_children": ""}}
    assert "" not in graph.objects


def test_a_zombie_has_let_go_of_most_and_waits_for_no_child(watch: Watch) -> None:
    watch.born(502, OWN, starttime=5002)
    for link in (watch.here.tree.root / "502/ns").iterdir():
        if link.name not in ("pid", "user"):
            link.unlink()
    assert watch.look().differs == {}


def test_a_number_that_is_another_process_by_now_is_not_believed(watch: Watch) -> None:
    graph = watch.look()
    watch.here.tree.process(501, ppid=1, namespaces=HOST_NAMESPACES, starttime=9999)
    watch.seen(501, 5001)
    assert watch.look() is graph


def test_a_process_whose_links_may_not_be_read_is_a_gap(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(directory: int) -> dict[str, str]:
        raise PermissionError(13, "no")

    monkeypatch.setattr(namespace_graph, "_links", refuse)
    graph, gaps = watch.graphs.take(watch.here.target, watch.processes, (), 1.0)
    assert graph is None
    assert gaps["graph.own"] == "EACCES: permission denied (/proc/500/ns)"


def test_nothing_is_asked_while_nothing_ran(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = mountinfo.parse(b"")
    graph, _ = watch.graphs.take(watch.here.target, watch.processes, mounts, 1.0)
    monkeypatch.setattr(namespace_graph, "_links", None)
    assert watch.graphs.take(watch.here.target, watch.processes, mounts, 99.0, True)[0] is graph


def test_of_many_processes_some_wait_for_the_next_picture(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    for pid in range(600, 640):
        watch.born(pid, OWN, starttime=pid)
    watch.born(640, {**OWN, "net": NET}, starttime=640)
    with monkeypatch.context() as hurry:
        hurry.setattr(watch.graphs, "_seconds", -1.0)
        graph, gaps = watch.graphs.take(watch.here.target, watch.processes, (), 1.0)
    assert graph is not None
    assert graph.differs == {}
    assert gaps == {"graph.differs": "10 of 43 processes are still to be asked"}
    assert watch.look(still=True).differs == {"640": {"net": NET}}


def test_an_old_process_that_moves_is_noticed_in_its_turn(watch: Watch) -> None:
    for pid in range(600, 700):
        watch.born(pid, OWN, starttime=pid)
    while watch.graphs._unasked or len(watch.graphs._members) < len(watch.processes):
        watch.look()
    watch.here.tree.process(650, ppid=500, namespaces={**OWN, "net": NET}, starttime=650)
    for _ in range(20):
        if watch.look().differs:
            break
    assert watch.look().differs == {"650": {"net": NET}}


def test_a_mount_keeps_a_namespace_no_process_was_ever_seen_in(watch: Watch) -> None:
    line = f"900 1 0:4 {NET} /run/netns/blue rw - nsfs nsfs rw\n"
    graph = watch.look(line)
    assert graph.objects[NET].kept_by == [KeptBy(how="mount", pid=500, path="/run/netns/blue")]
    assert NET not in watch.look("").objects


def test_an_open_file_keeps_one_and_a_child_to_be_does(watch: Watch) -> None:
    pid = "pid:[4026540009]"
    watch.born(502, {**OWN, "net": NET}, starttime=5002)
    watch.born(503, {**OWN, "pid_for_children": pid}, starttime=5003)
    files = watch.here.tree.root / "501/fd"
    files.mkdir()
    (files / "7").symlink_to(NET)
    graph = watch.look()
    assert graph.objects[NET].kept_by == []
    assert graph.objects[pid].kept_by == [KeptBy(how="for_children", pid=503)]
    watch.gone(502)
    assert watch.look().objects[NET].kept_by == [KeptBy(how="fd", pid=501, path="/proc/501/fd/7")]
    (files / "7").unlink()
    assert NET not in watch.look().objects


def test_what_a_person_of_the_host_has_mounted_or_open_is_not_the_containers(watch: Watch) -> None:
    """Its user namespace is the host's: so are its files."""
    watch.born(502, {**OWN, "net": NET}, starttime=5002)
    watch.born(503, HOST_NAMESPACES, starttime=5003)
    files = watch.here.tree.root / "503/fd"
    files.mkdir()
    (files / "7").symlink_to(NET)
    (watch.here.tree.root / "503/mountinfo").write_text(f"9 1 0:4 {USER} /run/secret rw - nsfs nsfs rw\n")
    watch.look()
    watch.gone(502)
    graph = watch.look()
    assert NET not in graph.objects
    assert USER not in graph.objects


def test_the_hosts_namespaces_stay_the_hosts_though_somebody_mounts_them(watch: Watch) -> None:
    line = f"900 1 0:4 {HOST_NAMESPACES['net']} /run/netns/host rw - nsfs nsfs rw\n"
    assert watch.look(line).objects[HOST_NAMESPACES["net"]].kept_by == []


def test_only_names_that_the_kernel_gives_are_namespaces() -> None:
    lines = "".join(
        f"{n} 1 0:4 {root} /x rw - nsfs nsfs rw\n" for n, root in enumerate(("net:[1x]", "x:[1]", "/", NET))
    )
    assert list(namespace_keepers.in_mounts([namespace_keepers.table(1, mountinfo.parse(lines.encode()))])) == [NET]
