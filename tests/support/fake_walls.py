"""Namespaces as objects, and the walls, of the fake worker's containers."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.protocol import xray

HOST_MOUNT = xray.Mount(
    parent=1,
    device="8:1",
    root="/",
    point="/",
    options="rw,relatime",
    propagation="shared:1",
    fstype="ext4",
    source="/dev/sda1",
    super_options="rw",
    purpose="root",
)


def graph(own: Mapping[str, int], host: Mapping[str, int], first: int | None) -> xray.NamespaceGraph:
    """`own`: inode by kind of what the container has for itself; the rest it shares with the host."""
    names = {kind: f"{kind}:[{own.get(kind, inode)}]" for kind, inode in host.items()}
    initial = {kind: f"{kind}:[{inode}]" for kind, inode in host.items()}
    objects = {
        name: xray.NamespaceObject(kind=kind, initial=True, owner=initial["user"]) for kind, name in initial.items()
    }
    for kind in own:
        objects[names[kind]] = xray.NamespaceObject(
            kind=kind,
            owner=initial["user"] if kind == "user" else names["user"],
            owner_uid=0 if kind == "user" else None,
            parent=initial[kind] if kind in {"pid", "user"} else None,
            first=first,
        )
    links = {**names, "pid_for_children": names["pid"], "time_for_children": names["time"]}
    return xray.NamespaceGraph(objects=objects, own=links)


def walls(id: str, host_id: int) -> xray.Walls:
    return xray.Walls(mounts=_mounts(id), devices=_devices(), identity=_identity(host_id), network=_network())


def _mounts(id: str) -> xray.MountTables:
    def mount(point: str, fstype: str, purpose: str, parent: int = 500) -> xray.Mount:
        return xray.Mount(
            parent=parent,
            device="0:61",
            root="/",
            point=point,
            options="rw,nosuid",
            propagation="private",
            fstype=fstype,
            source=fstype,
            super_options="rw",
            purpose=purpose,  # type: ignore[arg-type]
        )

    inside = {
        "500": mount("/", "overlay", "root", 1),
        "501": mount("/proc", "proc", "api"),
        "502": mount("/dev", "tmpfs", "scratch"),
        "503": mount("/proc/kcore", "tmpfs", "masked", 501),
        "504": mount("/proc/sys", "proc", "readonly", 501),
    }
    outside = {"25": HOST_MOUNT, "90": mount(f"/run/terrarium/mnt/{id}/merged", "overlay", "", 25)}
    return xray.MountTables(container=inside, host=outside, host_total=41)


def _devices() -> xray.Devices:
    nodes = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
    inside = {
        name: xray.Device(type="char", major=1, minor=minor, mode=0o666, bound=True) for name, minor in nodes.items()
    }
    inside["stdin"] = xray.Device(type="symlink", target="/proc/self/fd/0")
    outside = {name: xray.Device(type="char", major=1, minor=minor, mode=0o666) for name, minor in nodes.items()}
    outside["sda"] = xray.Device(type="block", major=8, minor=0, mode=0o660)
    return xray.Devices(container=inside, host=outside)


def _identity(host_id: int) -> xray.Identity:
    whole = [xray.IdRange(inside=0, outside=host_id, count=65536)]
    names = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"]
    return xray.Identity(
        uid_map=whole,
        gid_map=whole,
        capabilities={"effective": names, "permitted": names, "inheritable": [], "bounding": names, "ambient": []},
        no_new_privs=True,
        seccomp=2,
        seccomp_filters=1,
        lsms=["capability", "yama"],
        masked=["/proc/kcore"],
        readonly=["/proc/sys"],
    )


def _network() -> xray.Network:
    loopback = xray.Interface(index=1, kind="loopback", state="up", mtu=65536, addresses=["127.0.0.1/8"])
    inside = xray.NetworkView(
        interfaces={"lo": loopback},
        routes=[xray.Route(family="inet", destination="127.0.0.0/8", interface="lo", table="local")],
    )
    card = xray.Interface(index=2, kind="device", state="up", mtu=1500)
    bare = xray.Interface(index=1, kind="loopback", state="up", mtu=65536)
    return xray.Network(container=inside, host=xray.NetworkView(interfaces={"lo": bare, "eth0": card}))
