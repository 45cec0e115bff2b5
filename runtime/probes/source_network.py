"""Where the figures of network come from: the namespace's own files, or netlink's answers, as `ip` and `ss` have it."""

from __future__ import annotations

from runtime.errors import Code, Fault
from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.probes import network as probe
from runtime.probes.source_text import file_text, init_pid, unknown
from runtime.protocol import xray
from runtime.protocol.messages import Side
from runtime.protocol.model import SourceText

_COMMANDS = {"dev": "ip -s link", "route": "ip route", "links": "ip addr", "sockets": "ss -ltnup"}


def network(target: Target, side: Side, key: str) -> SourceText:
    """As `source.read`. All of it is the container's namespace, which the host enters to look, but for the host's own
    interfaces: side `host`, key `links`."""
    if key not in _COMMANDS:
        raise unknown("source of network", key, target)
    pid, command = init_pid(target), _COMMANDS[key]
    inside: str | None = command
    entered = f"nsenter -t {pid} -n {command}"
    if key in ("dev", "route"):
        text = file_text(f"/proc/{pid}/net/{key}", "proc_pid_net(5)", None)
        return _of(text.path, text.raw, "proc_pid_net(5)", entered, inside, truncated=text.truncated)
    found, gaps = probe.take(target)
    if found is None:
        raise Fault(Code.VANISHED, next(iter(gaps.values()), f"container {target.container.id} ended"))
    namespace = f"/proc/{pid}/ns/net"
    if key == "sockets":
        return _of(f"{namespace} (NETLINK_SOCK_DIAG)", _sockets(found.container), "sock_diag(7)", entered, inside)
    if side == "host":
        return _of("NETLINK_ROUTE, RTM_GETLINK", _links(found.host), "rtnetlink(7)", "ip link", None)
    return _of(f"{namespace} (NETLINK_ROUTE, RTM_GETLINK)", _links(found.container), "rtnetlink(7)", entered, inside)


def _of(path: str, raw: str, man: str, host: str, inside: str | None, *, truncated: bool = False) -> SourceText:
    return SourceText(path=path, raw=raw, truncated=truncated, man=man, command_host=host, command_container=inside)


def _links(view: xray.NetworkView) -> str:
    """As `ip -brief addr` has it, with the kind."""
    return "".join(
        f"{one.index}: {name} {one.kind} {one.state.upper()} mtu {one.mtu}"
        f"{''.join(f' {address}' for address in one.addresses)}\n"
        for name, one in sorted(view.interfaces.items(), key=lambda item: item[1].index)
    )


def _sockets(view: xray.NetworkView) -> str:
    """A line for each, as `ss -ltnu` has it; none: the head alone."""
    lines = ["Netid State Local Address:Port Process\n"]
    for one in view.listening:
        state = "LISTEN" if one.protocol.startswith("tcp") else "UNCONN"
        address = f"[{one.address}]" if ":" in one.address else one.address
        owner = "" if one.pid is None else f" pid={one.pid}"
        lines.append(f"{one.protocol} {state} {address}:{one.port}{owner}\n")
    return procfs.text("".join(lines).encode())
