"""The network of a container from inside its namespace, and the interfaces of the host beside it.

All of it comes from netlink sockets that live in the container's namespace: /proc/PID/net/tcp walks the whole host's
hash table, sock_diag(7) asked for listeners alone does not. Changes of interfaces, addresses and routes are announced;
counters and listening sockets are asked for when the container has run.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import time

from msgspec.structs import replace

from runtime.kernel import netlink, procfs
from runtime.kernel.netlink import Netlink
from runtime.kernel.target import Target
from runtime.probes.gaps import Gaps, why
from runtime.probes.kept import KeptFile
from runtime.protocol import xray

ASK_SECONDS = 2.0  # between two looks at counters and listeners of one that runs
HOST_SECONDS = 5.0
MAX_LINKS_READ = 512  # descriptors looked at to find whose a socket is
SOCKETS_BYTES = 16 * 1024  # a container may have a hundred thousand
GAP = "walls.network"
TOO_MANY = "there are more sockets than are listed here"
NO_DIAG = "ENOENT: this kernel cannot be asked for sockets (its modules tcp_diag and udp_diag are not there)"

_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change (rtnetlink(7))
_ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, index
_ROUTE = struct.Struct("=BBBBBBBBI")  # rtmsg: family, dst and src length, tos, table, protocol, scope, type, flags
_SOCKET = struct.Struct("=BBBB2s2s16s16sIIIIIIII")  # inet_diag_msg (linux/inet_diag.h)
_UP = 0x1
_STATES = ("unknown", "absent", "down", "lower-layer-down", "testing", "dormant", "up")  # RFC 2863
_LOOPBACK, _ETHER = 772, 1
_TABLES = {253: "default", 254: "main", 255: "local"}
_ROUTES_SHOWN = (1, 2, 6, 7, 8)  # unicast, local, blackhole, unreachable, prohibit: not the broadcasts
_LISTEN, _CLOSE = 1 << 10, 1 << 7  # a bound datagram socket that is not connected is in state CLOSE
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


class Networks:
    """The network of one container, with its sockets kept. Calls may come from different threads, one at a time."""

    def __init__(self) -> None:
        self._route: Netlink | None = None
        self._diag: Netlink | None = None
        self._for: tuple[int | None, int, str] | None = None
        self._pulse: KeptFile[bytes] | None = None
        self._beat = b""
        self._asked = 0.0
        self._topology = _Topology()
        self._listening: tuple[bytes, list[xray.Listening]] = (b"", [])
        self._deaf: Gaps = {}
        self._sides: tuple[xray.NetworkView, xray.NetworkView] = (xray.NetworkView(), xray.NetworkView())
        self._last: xray.Network | None = None

    def take(self, target: Target, directory: int, now: float) -> tuple[xray.Network | None, Gaps]:
        """The same object while nothing changed; None without a process. `directory`: PID 1's /proc/PID, or -1.

        `now`: seconds, monotonic.
        """
        if directory < 0:
            self.close()
            return None, {}
        try:
            ran = self._ran(target)
            if (self._route is None or ran) and not self._enter(target, directory):
                return None, {GAP: "it is in the host's own network namespace"}
            assert self._route is not None  # noqa: S101 -- `_enter` made it, or raised
            news = self._route.news()
            if self._last is None or news:
                self._topology.ask(self._route)
                self._ask(target, now)
            elif ran and now - self._asked >= ASK_SECONDS:
                self._topology.count(self._route)
                self._ask(target, now)
            elif ran:
                self._beat = b""  # it is still to be asked
        except OSError as error:
            self.close()
            return None, {GAP: why(error, "the container's network namespace")}
        inner, outer = self._topology.view(self._listening[1]), HOST.view(now)
        if self._last is None or inner is not self._sides[0] or outer is not self._sides[1]:
            self._sides = inner, outer
            self._last = _introduce(inner, outer)
        return self._last, self._deaf

    def close(self) -> None:
        """Let go of the sockets, which hold the namespace."""
        for part in (self._route, self._diag, self._pulse):
            if part is not None:
                part.close()
        self._route = self._diag = self._pulse = self._last = self._for = None

    def _ran(self, target: Target) -> bool:
        """Whether anything of the container has run since it was asked: nothing listens without."""
        if self._pulse is None:
            v1 = target.cgroup_paths.get("cpuacct")
            path = f"{v1}/cpuacct.usage" if v1 else f"{target.cgroup_paths.get('unified')}/cpu.stat"
            self._pulse = KeptFile(path, bytes)
        try:
            beat = self._pulse.raw()
        except OSError:
            return True
        ran, self._beat = beat != self._beat, beat
        return ran

    def _enter(self, target: Target, directory: int) -> bool:
        """Sockets inside, unless those that are kept are there already. False: inside is where the host is."""
        name = os.readlink("ns/net", dir_fd=directory)
        cut = any(part is not None and part.cut for part in (self._route, self._diag))
        if self._for == (target.pid, target.starttime, name) and not cut:
            return True
        pulse, self._pulse = self._pulse, None
        self.close()
        self._pulse = pulse
        if name == os.readlink("/proc/thread-self/ns/net"):
            return False
        netns = os.open("ns/net", os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
        try:
            self._route, self._diag = netlink.within(netns, _sockets)
        finally:
            os.close(netns)
        self._for = (target.pid, target.starttime, name)
        return True

    def _ask(self, target: Target, now: float) -> None:
        assert self._diag is not None  # noqa: S101 -- made together with the other
        self._asked = now
        try:
            raw = b"".join(
                self._diag.dump(
                    netlink.SOCK_DIAG_BY_FAMILY, struct.pack("=BBBxI48x", family, protocol, 0, states), SOCKETS_BYTES
                )
                for family in _FAMILIES
                for protocol, states in ((socket.IPPROTO_TCP, _LISTEN), (socket.IPPROTO_UDP, _CLOSE))
            )
        except FileNotFoundError:
            self._deaf = {f"{GAP}.listening": NO_DIAG}
            return
        self._deaf = {f"{GAP}.listening": TOO_MANY} if self._diag.cut else {}
        if raw != self._listening[0]:
            self._listening = raw, _listening(raw, target)


def _sockets() -> tuple[Netlink, Netlink]:
    route = Netlink(netlink.ROUTE, netlink.GROUPS)
    try:
        return route, Netlink(netlink.SOCK_DIAG)
    except BaseException:
        route.close()
        raise


class _Topology:
    """Interfaces, addresses and routes of one namespace, as last dumped."""

    def __init__(self) -> None:
        self._links = b""
        self._addresses = b""
        self._routes = b""
        self.interfaces: dict[str, xray.Interface] = {}
        self._view: tuple[list[xray.Listening], xray.NetworkView] | None = None
        self._table: list[xray.Route] = []

    def ask(self, route: Netlink) -> None:
        """All of it."""
        links = _dump_links(route)
        addresses = route.dump(netlink.RTM_GETADDR, _ADDRESS.pack(0, 0, 0, 0, 0))
        routes = b"".join(
            route.dump(netlink.RTM_GETROUTE, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)) for family in _FAMILIES
        )
        self._take(links, addresses, routes)

    def count(self, route: Netlink) -> None:
        """The interfaces' counters alone."""
        self._take(_dump_links(route), self._addresses, self._routes)

    def view(self, listening: list[xray.Listening]) -> xray.NetworkView:
        if self._view is None or self._view[0] is not listening:
            view = xray.NetworkView(interfaces=self.interfaces, routes=self._table, listening=listening)
            self._view = listening, view
        return self._view[1]

    def _take(self, links: bytes, addresses: bytes, routes: bytes) -> None:
        if (links, addresses, routes) == (self._links, self._addresses, self._routes):
            return
        self._links, self._addresses, self._routes = links, addresses, routes
        self._view = None
        self.interfaces, names = _interfaces(links, addresses)
        self._table = _routes(routes, names)


class _HostLinks:
    """The host's own interfaces, shared by all containers: what they are, not their addresses or counters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = -HOST_SECONDS
        self._raw = b""
        self._view = xray.NetworkView()

    def view(self, now: float) -> xray.NetworkView:
        with self._lock:
            if now - self._asked >= HOST_SECONDS:
                self._asked = now
                with contextlib.suppress(OSError):
                    self._read()
            return self._view

    def _read(self) -> None:
        route = Netlink(netlink.ROUTE)  # nobody's to close, were it kept
        try:
            raw = _dump_links(route)
        finally:
            route.close()
        if raw == self._raw:
            return
        self._raw = raw
        found, _ = _interfaces(raw, b"")
        interfaces = {
            name: xray.Interface(
                index=one.index, kind=one.kind, state=one.state, mtu=one.mtu, peer_index=one.peer_index
            )
            for name, one in found.items()
        }
        if interfaces != self._view.interfaces:
            self._view = xray.NetworkView(interfaces=interfaces)


HOST = _HostLinks()


def _dump_links(route: Netlink) -> bytes:
    return route.dump(netlink.RTM_GETLINK, _LINK.pack(0, 0, 0, 0, 0))


def _interfaces(links: bytes, addresses: bytes) -> tuple[dict[str, xray.Interface], dict[int, str]]:
    """Interfaces by name, and the name of each index."""
    owned: dict[int, list[str]] = {}
    for kind, payload in netlink.messages(addresses):
        if kind == netlink.RTM_NEWADDR:
            family, length, _, _, index = _ADDRESS.unpack_from(payload)
            found = netlink.attributes(payload, _ADDRESS.size)
            raw = found.get(2, found.get(1, b""))  # IFA_LOCAL, which IPv6 has not; IFA_ADDRESS
            owned.setdefault(index, []).append(f"{_text(family, raw)}/{length}")
    interfaces, names = {}, {}
    for kind, payload in netlink.messages(links):
        if kind != netlink.RTM_NEWLINK:
            continue
        _, hardware, index, flags, _ = _LINK.unpack_from(payload)
        found = netlink.attributes(payload, _LINK.size)
        name = procfs.text(found.get(3, b"?").rstrip(b"\0"))
        received, sent = struct.unpack_from("=QQ", found[23], 16) if 23 in found else (None, None)
        peer = struct.unpack("=I", found[5])[0] if 5 in found else None
        names[index] = name
        interfaces[name] = xray.Interface(
            index=index,
            kind=_kind(found, hardware),
            state=_state(found, flags),
            mtu=struct.unpack("=I", found.get(4, b"\0\0\0\0"))[0],
            mac=":".join(f"{byte:02x}" for byte in found[1]) if found.get(1) else None,
            addresses=owned.get(index, []),
            rx_bytes=received,
            tx_bytes=sent,
            peer_index=peer or None,
        )
    return interfaces, names


def _kind(found: dict[int, bytes], hardware: int) -> str:
    """What made it (IFLA_LINKINFO), or its sort of hardware."""
    made_by = netlink.attributes(found.get(18, b""), 0).get(1, b"").rstrip(b"\0").decode()
    return made_by or {_LOOPBACK: "loopback", _ETHER: "ether"}.get(hardware, f"type {hardware}")


def _state(found: dict[int, bytes], flags: int) -> str:
    """IFLA_OPERSTATE; one that does not tell its own, such as the loopback, is up when it is switched on."""
    number = found.get(16, b"\0")[0]
    state = _STATES[number] if number < len(_STATES) else "unknown"
    return ("up" if flags & _UP else "down") if state == "unknown" else state


def _routes(raw: bytes, names: dict[int, str]) -> list[xray.Route]:
    routes = []
    for kind, payload in netlink.messages(raw):
        if kind != netlink.RTM_NEWROUTE:
            continue
        family, length, _, _, table, _, _, type_, _ = _ROUTE.unpack_from(payload)
        if type_ not in _ROUTES_SHOWN:
            continue
        found = netlink.attributes(payload, _ROUTE.size)
        if 15 in found:  # RTA_TABLE: numbers beyond a byte
            table = struct.unpack("=I", found[15])[0]
        index = struct.unpack("=I", found[4])[0] if 4 in found else 0
        routes.append(
            xray.Route(
                family="inet" if family == socket.AF_INET else "inet6",
                destination=f"{_text(family, found[1])}/{length}" if 1 in found else "default",
                gateway=_text(family, found[5]) if 5 in found else None,
                interface=names.get(index),
                table=_TABLES.get(table, str(table)),
            )
        )
    return routes


def _listening(raw: bytes, target: Target) -> list[xray.Listening]:
    """Sockets that wait, by port; numbers of users as the container has them."""
    found: list[tuple[xray.Listening, int]] = []
    for kind, payload in netlink.messages(raw):
        if kind != netlink.SOCK_DIAG_BY_FAMILY:
            continue
        family, state, _, _, port, _, source, *_, uid, inode = _SOCKET.unpack_from(payload)
        ending = "6" if family == socket.AF_INET6 else ""
        address = _text(family, source[: 16 if ending else 4])
        name = ("tcp" if state == 10 else "udp") + ending
        inside = uid - target.container.host_id
        one = xray.Listening(
            protocol=name,  # type: ignore[arg-type]
            address=address,
            port=int.from_bytes(port, "big"),
            uid=inside if 0 <= inside < 65_536 else None,
        )
        found.append((one, inode))
    if not found:
        return []
    owners = _owners({inode for _, inode in found}, target)
    listening = [replace(one, pid=owners.get(inode)) for one, inode in found]
    return sorted(listening, key=lambda one: (one.port, one.protocol, one.address))


def _owners(inodes: set[int], target: Target) -> dict[int, int]:
    """Socket's inode → a process of the container that has it open, as far as few looks tell."""
    owners: dict[int, int] = {}
    left = MAX_LINKS_READ
    directory = next(iter(target.cgroup_paths.values()), None)
    with contextlib.suppress(OSError, ValueError):
        for pid in sorted(map(int, procfs.read(f"{directory}/cgroup.procs").split())):
            with contextlib.suppress(OSError):
                for name in os.listdir(f"/proc/{pid}/fd"):
                    left -= 1
                    if left < 0 or len(owners) == len(inodes):
                        return owners
                    link = os.readlink(f"/proc/{pid}/fd/{name}")
                    if link.startswith("socket:[") and (inode := int(link[8:-1])) in inodes:
                        owners.setdefault(inode, pid)
    return owners


def _introduce(inner: xray.NetworkView, outer: xray.NetworkView) -> xray.Network:
    """Both sides, the two ends of a veth pair named to each other where each says the other's index (veth(4))."""
    pairs = {
        (name, other)
        for name, one in inner.interfaces.items()
        for other, end in outer.interfaces.items()
        if one.kind == end.kind == "veth" and one.peer_index == end.index and end.peer_index == one.index
    }
    if not pairs:
        return xray.Network(container=inner, host=outer)
    return xray.Network(
        container=_named(inner, dict(pairs)), host=_named(outer, {other: name for name, other in pairs})
    )


def _named(view: xray.NetworkView, peers: dict[str, str]) -> xray.NetworkView:
    interfaces = {
        name: replace(one, peer_name=peers[name]) if name in peers else one for name, one in view.interfaces.items()
    }
    return replace(view, interfaces=interfaces)


def _text(family: int, raw: bytes) -> str:
    try:
        return socket.inet_ntop(family, raw)
    except (ValueError, OSError):
        return raw.hex()


def take(target: Target) -> tuple[xray.Network | None, Gaps]:
    """Once, nothing kept: for a source."""
    if target.pid is None:
        return None, {}
    networks = Networks()
    directory = procfs.Proc().open_process(target.pid)
    try:
        return networks.take(target, directory, time.monotonic())
    finally:
        networks.close()
        os.close(directory)
