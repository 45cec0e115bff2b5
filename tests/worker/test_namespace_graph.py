"""Namespaces as objects, of real containers, beside what lsns(8) and readlink(1) say of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest

from runtime.kernel.target import Target
from runtime.probes import namespace_graph, snapshot
from runtime.protocol.model import NAMESPACE_KINDS, Snapshot
from runtime.protocol.xray import Event, KeptBy, NamespaceGraph
from runtime.server.observers.namespaces import NamespaceObserver
from tests.support.engines import Room
from tests.support.nested import entered, until

pytestmark = pytest.mark.requires("root", "userns", "overlay", "cgroups", "busybox")

REAPER = "while :; do sleep 1000; done"
"""A first process that takes in what is orphaned."""


@dataclass
class Looker:
    """A container and a camera on it."""

    target: Target
    camera: snapshot.Camera

    def picture(self) -> Snapshot:
        return self.camera.take(self.target, closely=True)

    def graph(self) -> NamespaceGraph:
        graph = self.picture().graph
        assert graph is not None
        return graph

    def until(self, seen: Callable[[NamespaceGraph], bool], what: str) -> NamespaceGraph:
        found: list[NamespaceGraph] = []

        def look() -> bool:
            found[:] = [self.graph()]
            return seen(found[0])

        until(look, what)
        return found[0]


@pytest.fixture(autouse=True)
def _search_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace_graph, "SEARCH_SECONDS", 0.0)


@pytest.fixture
async def at(room: Room) -> AsyncIterator[Looker]:
    host = snapshot.Host()
    looker = Looker(room.engine.target(await room.running("sh", "-c", REAPER)), snapshot.Camera(host))
    yield looker
    looker.camera.close()
    host.close()


@pytest.fixture(autouse=True)
def _no_namespace_is_held() -> Iterator[None]:
    yield
    assert [link for link in _open_files() if "[" in link and link.split(":")[0] in NAMESPACE_KINDS] == []


def _open_files() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return found


def _lsns(pid: int) -> dict[str, dict[str, object]]:
    """By key, as lsns(8) tells them of one process."""
    columns = "NS,TYPE,NPROCS,PID,PNS,ONS"
    said = subprocess.run(["lsns", "--json", "-p", str(pid), "-o", columns], capture_output=True, check=True)
    return {f"{row['type']}:[{row['ns']}]": row for row in json.loads(said.stdout)["namespaces"]}


def test_pid_1s_namespaces_are_what_readlink_and_lsns_say(at: Looker) -> None:
    graph = at.graph()
    links = os.listdir(f"/proc/{at.target.pid}/ns")
    assert graph.own == {link: os.readlink(f"/proc/{at.target.pid}/ns/{link}") for link in links}
    told = _lsns(at.target.pid or 0)
    assert set(told) == {graph.own[kind] for kind in NAMESPACE_KINDS}
    for key, row in told.items():
        shown = graph.objects[key]
        assert shown.kind == row["type"]
        assert shown.first == at.target.pid
        assert shown.owner == (f"user:[{row['ons']}]" if row["ons"] else None)
        if row["type"] in ("pid", "user"):
            assert shown.parent == f"{row['type']}:[{row['pns']}]"


def test_the_containers_user_namespace_owns_the_others_and_root_of_the_host_made_it(at: Looker) -> None:
    graph = at.graph()
    user = graph.own["user"]
    for kind in ("mnt", "pid", "net", "ipc", "uts", "cgroup"):
        assert graph.objects[graph.own[kind]].owner == user
        assert not graph.objects[graph.own[kind]].initial
    assert graph.objects[user].owner_uid == 0
    host = graph.objects[user].parent
    assert host == os.readlink("/proc/self/ns/user")
    assert graph.objects[host].initial
    assert graph.objects[host].parent is None
    # time is not unshared: the host's own
    assert graph.objects[graph.own["time"]].initial


def test_a_quiet_container_keeps_the_same_graph(at: Looker) -> None:
    first = at.graph()
    assert at.graph() is first


async def test_a_process_that_stays_where_its_parent_is_changes_nothing(at: Looker, room: Room) -> None:
    first = at.graph()
    with entered(at.target, "sleep 1000 & sleep 1000 & sleep 1001"):
        until(lambda: len(at.picture().container.processes) >= 4, "the sleepers are seen")
        assert at.graph() is first


@pytest.mark.parametrize(("flag", "kind"), [("-n", "net"), ("-u", "uts"), ("-i", "ipc"), ("-m", "mnt")])
def test_a_namespace_made_inside_is_an_object_with_its_processes(at: Looker, flag: str, kind: str) -> None:
    with entered(at.target, f"unshare {flag} sleep 1000"):
        graph = at.until(lambda graph: bool(graph.differs), "somebody is elsewhere")
        ((pid, differs),) = graph.differs.items()
        assert differs == {kind: os.readlink(f"/proc/{pid}/ns/{kind}")}
        made = graph.objects[differs[kind]]
        assert (made.processes, made.first, made.owner) == (1, int(pid), graph.own["user"])
    graph = at.until(lambda graph: not graph.differs, "it has gone")
    assert differs[kind] not in graph.objects


def test_a_nested_pid_namespace_has_the_containers_as_its_parent(at: Looker) -> None:
    with entered(at.target, "unshare -p -f sh -c 'sleep 1000; :'"):
        graph = at.until(lambda graph: len(graph.differs) >= 3, "unshare, its child, and the child's child")
        parent, first, second = sorted(graph.differs, key=int)
        made = graph.differs[first]["pid"]
        # unshare(2) moves only its children: it stays where it was itself
        assert graph.differs[parent] == {"pid_for_children": made}
        assert graph.differs[first] == graph.differs[second] == {"pid": made, "pid_for_children": made}
        shown = graph.objects[made]
        assert (shown.parent, shown.processes, shown.first) == (graph.own["pid"], 2, int(first))
        assert _lsns(int(first))[made]["nprocs"] == 2


def test_before_the_first_child_there_is_no_pid_namespace_yet(at: Looker) -> None:
    with entered(at.target, "unshare -p sleep 1000"):
        graph = at.until(lambda graph: bool(graph.differs), "it has asked for one")
        ((pid, differs),) = graph.differs.items()
        assert differs == {"pid_for_children": ""}
        with pytest.raises(FileNotFoundError):
            os.readlink(f"/proc/{pid}/ns/pid_for_children")


def test_a_nested_user_namespace_lies_in_the_containers(at: Looker) -> None:
    with entered(at.target, "unshare -U -n sleep 1000"):
        graph = at.until(lambda graph: bool(graph.differs), "it is elsewhere")
        (differs,) = graph.differs.values()
        user = graph.objects[differs["user"]]
        assert (user.parent, user.owner) == (graph.own["user"], graph.own["user"])
        assert user.owner_uid == at.target.container.host_id
        assert graph.objects[differs["net"]].owner == differs["user"]


def test_a_bind_mount_keeps_a_network_namespace_without_a_process(at: Looker) -> None:
    script = "touch /tmp/kept; unshare -n mount --bind /proc/self/ns/net /tmp/kept; echo; exec sleep 1000"
    with entered(at.target, f"unshare -m sh -c '{script}'"):
        graph = at.until(lambda graph: _kept(graph, "mount") != [], "the mount is found")
        ((key, by),) = _kept(graph, "mount")
        assert key.startswith("net:")
        assert (by.path, str(by.pid)) == ("/tmp/kept", next(iter(graph.differs)))
        assert (graph.objects[key].processes, graph.objects[key].first) == (0, None)
        assert graph.objects[key].owner == graph.own["user"]
        assert key not in {os.readlink(f"/proc/{pid}/ns/net") for pid in graph.differs}
    graph = at.until(lambda graph: not graph.differs, "the mount namespace has gone")
    assert key not in graph.objects


def test_an_open_file_keeps_a_network_namespace_without_a_process(at: Looker) -> None:
    script = (
        "unshare -n sleep 1000 & exec 9>&-; sleep 0.2; exec 9</proc/$!/ns/net; read go; kill $!; wait; exec sleep 1000"
    )
    with entered(at.target, script) as process:
        graph = at.until(lambda graph: bool(graph.differs), "its process is seen")
        (differs,) = graph.differs.values()
        holder = at.picture()
        until(lambda: differs["net"] in _links(holder), "the shell has it open")
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()
        graph = at.until(lambda graph: not graph.differs, "its process has ended")
        ((key, by),) = _kept(graph, "fd")
        assert key == differs["net"]
        assert graph.objects[key].owner == graph.own["user"]
        assert by.path is not None
        assert os.readlink(by.path) == key
    graph = at.until(lambda graph: _kept(graph, "fd") == [], "the file is closed")
    assert key not in graph.objects


def test_a_user_namespace_lives_on_in_what_it_owns(at: Looker) -> None:
    """The middle one of three has no process: its child's child has."""
    with entered(at.target, "unshare -U -r unshare -U -r sleep 1000"):
        graph = at.until(
            lambda graph: any("user" in differs for differs in graph.differs.values())
            and _kept(graph, "child") != [],
            "the middle one is found",
        )  # fmt: skip
        ((key, by),) = _kept(graph, "child")
        (differs,) = graph.differs.values()
        assert by.path == differs["user"]
        assert graph.objects[differs["user"]].parent == key
        assert graph.objects[key].parent == graph.own["user"]


def test_what_a_person_of_the_host_brings_with_them_stays_unknown(at: Looker) -> None:
    """A process in the container's pid namespace and control groups that kept the host's mounts and user."""
    known = set(at.graph().objects)
    with entered(at.target, "unshare -n sleep 1000", namespaces=("--pid", "--uts")):
        graph = at.until(lambda graph: any("net" in differs for differs in graph.differs.values()), "it is seen")
        assert {differs["user"] for differs in graph.differs.values()} == {os.readlink("/proc/self/ns/user")}
        theirs = {key for differs in graph.differs.values() for key in differs.values()}
        assert set(graph.objects) == known | theirs
        assert all(shown.kept_by == [] for shown in graph.objects.values())


def test_making_a_namespace_is_told_once_and_its_children_are_no_news(at: Looker) -> None:
    told: list[Event] = []
    observer = NamespaceObserver(lambda _, event: told.append(event), lambda _: None)
    before = at.picture()
    with entered(at.target, "unshare -u -p -f sh -c 'sleep 1000 & sleep 1001'"):

        def look() -> bool:
            nonlocal before
            after = at.picture()
            observer.looked(at.target, before, after)
            before = after
            return [process.comm for process in after.container.processes.values()].count("sleep") >= 3

        until(look, "two sleepers in it")
        look()
    own = before.graph.own if before.graph else {}
    uts = [event for event in told if event.namespace and event.namespace.startswith("uts:")]
    pids = [event for event in told if event.namespace and event.namespace.startswith("pid:")]
    assert {event.kind for event in told} == {"namespace"}
    assert [(event.was, event.pid == pids[0].pid) for event in pids] == [(own["pid"], True)]
    assert pids[0].ns_pid is not None
    assert {event.was for event in uts} == {own["uts"]}
    assert len({event.pid for event in uts}) == len(uts) == 1


def _kept(graph: NamespaceGraph, how: str) -> list[tuple[str, KeptBy]]:
    return [(key, by) for key, shown in graph.objects.items() for by in shown.kept_by if by.how == how]


def _links(taken: Snapshot) -> set[str]:
    found = set()
    for pid in taken.container.processes:
        try:
            found |= {os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
        except OSError:
            continue
    return found
