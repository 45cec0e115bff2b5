"""A network namespace seen through sockets that live in it."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from runtime.errors import Fault
from runtime.kernel import netlink, procfs
from runtime.kernel.target import Target
from runtime.probes import network, source
from runtime.protocol import xray
from runtime.protocol.messages import Side
from tests.support.parked import Parked, group, layers, parked, placed
from tests.support.proc_tree import container

pytestmark = pytest.mark.requires("root", "userns", "overlay", "cgroups", "busybox")
T = TypeVar("T")


@dataclass
class Here:
    parked: Parked
    target: Target
    directory: int
    networks: network.Networks
    now: float = 1000.0

    def look(self) -> xray.Network:
        """A look three seconds after the one before, the container having run."""
        self.parked.say(":")
        self.now += 3
        return self.again()

    def again(self) -> xray.Network:
        found, gaps = self.networks.take(self.target, self.directory, self.now)
        assert found is not None, gaps
        return found

    def inside(self, make: Callable[[], T]) -> T:
        fd = os.open(f"/proc/{self.parked.pid}/ns/net", os.O_RDONLY)
        try:
            return netlink.within(fd, make)
        finally:
            os.close(fd)

    def run(self, *argv: str) -> None:
        subprocess.run(["nsenter", "-t", str(self.parked.pid), "-n", *argv], check=True)


@pytest.fixture
def here() -> Iterator[Here]:
    with group(f"n{os.getpid()}") as made, layers() as on, parked(on) as shell:
        target = placed(shell, made)
        shell.say(":")
        directory_ = procfs.Proc().open_process(shell.pid)
        networks = network.Networks()
        yield Here(shell, target, directory_, networks)
        networks.close()
        os.close(directory_)


def test_a_new_namespace_has_a_loopback_and_nothing_else(here: Here) -> None:
    found = here.look()
    assert list(found.container.interfaces) == ["lo"]
    lo = found.container.interfaces["lo"]
    assert (lo.kind, lo.state, lo.addresses, lo.mtu) == ("loopback", "down", [], 65_536)
    assert found.container.listening == []
    assert "lo" in found.host.interfaces
    assert all(one.addresses == [] and one.mac is None for one in found.host.interfaces.values())
    assert (found.host.routes, found.host.listening) == ([], [])


def test_the_loopback_switched_on_is_told_of_without_being_asked(here: Here) -> None:
    here.look()
    here.run("ip", "link", "set", "lo", "up")
    found = here.again()
    assert found.container.interfaces["lo"].state == "up"
    assert "127.0.0.1/8" in found.container.interfaces["lo"].addresses
    assert xray.Route(family="inet", destination="127.0.0.0/8", interface="lo", table="local") in found.container.routes


def test_both_ends_of_a_veth_pair_know_each_other(here: Here) -> None:
    name = f"xd{os.getpid() % 100_000}"
    add = ["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(here.parked.pid)]
    subprocess.run(add, check=True)
    try:
        here.run("ip", "addr", "add", "10.9.8.7/24", "dev", "eth0")
        here.run("ip", "link", "set", "eth0", "up")
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        network.HOST._asked = -network.HOST_SECONDS
        here.run("ip", "route", "add", "default", "via", "10.9.8.1")
        found = here.look()
        inner, outer = found.container.interfaces["eth0"], found.host.interfaces[name]
        assert (inner.kind, outer.kind) == ("veth", "veth")
        assert (inner.peer_index, inner.peer_name) == (outer.index, name)
        assert (outer.peer_index, outer.peer_name) == (inner.index, "eth0")
        assert "10.9.8.7/24" in inner.addresses
        assert outer.addresses == []
        default = xray.Route(family="inet", destination="default", gateway="10.9.8.1", interface="eth0", table="main")
        assert default in found.container.routes
    finally:
        subprocess.run(["ip", "link", "del", name], check=True)


def test_who_listens_is_seen(here: Here) -> None:
    here.run("ip", "link", "set", "lo", "up")
    kept = []
    for family, kind, address in (
        (socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1"),
        (socket.AF_INET6, socket.SOCK_STREAM, "::"),
        (socket.AF_INET, socket.SOCK_DGRAM, "0.0.0.0"),
    ):
        one = here.inside(lambda family=family, kind=kind: socket.socket(family, kind))  # type: ignore[misc]
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((address, 8080))
        if kind == socket.SOCK_STREAM:
            one.listen()
        kept.append(one)
    found = here.look().container.listening
    assert [(one.protocol, one.address, one.port) for one in found] == [
        ("tcp", "127.0.0.1", 8080),
        ("tcp6", "::", 8080),
        ("udp", "0.0.0.0", 8080),
    ]
    assert {one.uid for one in found} == {None}, "whose user is none of the container's"
    text = source.read(here.target, "container", "network", "sockets")
    assert "tcp LISTEN 127.0.0.1:8080\n" in text.raw
    assert text.command_host == f"nsenter -t {here.parked.pid} -n ss -ltnup"
    for one in kept:
        one.close()
    assert here.look().container.listening == []


def test_more_listeners_than_there_is_time_for_are_cut_and_it_is_said(here: Here) -> None:
    def many() -> list[socket.socket]:
        made = [socket.create_server(("127.0.0.1", 0)) for _ in range(900)]
        return [*made, socket.create_server(("127.0.0.1", 8081))]

    here.run("ip", "link", "set", "lo", "up")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kept = here.inside(many)
    try:
        begun = time.process_time()
        assert 0 < len(here.look().container.listening) < 901
        assert time.process_time() - begun < 0.5
        assert here.networks.take(here.target, here.directory, here.now)[1] == {
            f"{network.GAP}.listening": network.TOO_MANY
        }
    finally:
        for one in kept:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert here.look().container.listening == []
    assert here.networks.take(here.target, here.directory, here.now)[1] == {}


def test_a_quiet_container_is_not_asked(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    first = here.look()
    deadline, quiet = time.monotonic() + 10, time.monotonic()
    while time.monotonic() - quiet < 0.5:  # on a busy machine the shell is a while in falling asleep
        assert time.monotonic() < deadline, "the shell never fell asleep"
        if here.networks._ran(here.target) or procfs.Proc().stat(here.parked.pid).state != "S":
            quiet = time.monotonic()
    monkeypatch.setattr(netlink.Netlink, "dump", None)
    here.now += 60
    monkeypatch.setattr(network.HOST, "_asked", here.now)
    assert here.again() is first


def _elsewhere(home: str) -> list[str]:
    """This process's threads in another network namespace than `home`."""
    found = []
    for task in os.listdir("/proc/self/task"):
        try:
            if os.readlink(f"/proc/self/task/{task}/ns/net") != home:
                found.append(task)
        except OSError:  # it has just ended
            continue
    return found


def test_looking_leaves_no_thread_away_from_home_and_no_socket(here: Here) -> None:
    before = set(os.listdir("/proc/self/fd"))
    home = os.readlink("/proc/self/ns/net")
    here.look()
    deadline = time.monotonic() + 5
    while _elsewhere(home):  # a thread that was joined may still be on its way out of the kernel
        assert time.monotonic() < deadline, "a thread stayed in the container's network namespace"
    assert not [thread for thread in threading.enumerate() if thread.name == "netns"]
    here.networks.close()
    assert set(os.listdir("/proc/self/fd")) <= before


def test_what_fails_inside_is_raised_here(here: Here) -> None:
    def fail() -> socket.socket:
        raise OSError(13, "no")

    with pytest.raises(OSError, match="no"):
        here.inside(fail)


def test_its_end_is_no_network(here: Here) -> None:
    here.look()
    here.parked.end()
    found, gaps = here.networks.take(here.target, here.directory, here.now)
    assert found is None or gaps == {}
    assert here.networks.take(here.target, -1, here.now) == (None, {})


def test_the_hosts_own_namespace_is_not_shown(here: Here) -> None:
    own = Target(
        container=container(os.getpid()), pid=os.getpid(), starttime=0, keeper_pid=None, cgroup_mode="v2",
        cgroup_paths=here.target.cgroup_paths,
    )  # fmt: skip
    directory = procfs.Proc().open_process(os.getpid())
    found, gaps = network.Networks().take(own, directory, 1.0)
    os.close(directory)
    assert found is None
    assert "host's own" in gaps[network.GAP]


@pytest.mark.parametrize(
    ("side", "key", "raw", "command"),
    [
        ("container", "dev", "lo:", "ip -s link"),
        ("container", "route", "", "ip route"),  # the main table is empty
        ("container", "links", "1: lo loopback DOWN", "ip addr"),
        ("host", "links", "lo loopback", None),
        ("container", "sockets", "Netid", "ss -ltnup"),
    ],
)
def test_every_figure_has_its_source(here: Here, side: Side, key: str, raw: str, command: str | None) -> None:
    text = source.read(here.target, side, "network", key)
    assert raw in text.raw
    assert text.command_container == command
    if side == "host":
        assert "inet" not in text.raw
        assert "127.0.0.1" not in text.raw


def test_no_other_key_is_a_source(here: Here) -> None:
    for key in ("", "tcp", "../stat", "dev/../../status"):
        with pytest.raises(Fault):
            source.read(here.target, "container", "network", key)
