"""What the snapshot says, against what the system's own tools and files say, for twenty containers under load.

Each container gets a load drawn at random and is then held still by its freezer, as the test sees it, so that two
readers see one state. The seed is in the name of a failing case: `TERRARIUM_SEED` repeats it.
"""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.protocol import messages, model
from runtime.protocol.model import NAMESPACE_KINDS
from tests.worker.instance import Instance, new_id

pytestmark = pytest.mark.requires("root", "runc", "busybox")

CONTAINERS = 20
SEED = int(os.environ.get("TERRARIUM_SEED") or time.time_ns() % 1_000_000)
MIB = 1024 * 1024
SLACK = 4 * MIB  # memory's own counters are kept a processor and flushed at leisure (memcg stock)
LOADS = {
    "sleepers": "for i in 1 2 3 4 5 6 7; do sleep 600 & done",
    "nested": "( ( sleep 601 & sleep 602 & wait ) & ( sleep 603 & wait ) & ) &",
    "busy": "while :; do :; done &",
    "orphans": "( sleep 604 & ); ( sleep 605 & )",
    "zombies": 'exec sh -c \'sh -c "exit 3" & sh -c "exit 4" & exec sleep 606\' &',
    "users": "su -s /bin/sh nobody -c 'exec sleep 607' 2>/dev/null & chpst 2>/dev/null || true",
    "append": "echo x >> /etc/passwd; echo y >> /etc/group",
    "whiteouts": "rm -f /etc/shells /etc/profile; rm -rf /home/student",
    "opaque": "rm -rf /var/tmp && mkdir -p /var/tmp/new && echo z > /var/tmp/new/file",
    "tree": "mkdir -p /srv/a/b/c && for i in 1 2 3 4 5; do echo $i > /srv/a/b/c/$i; done; ln -s a /srv/link",
    "chmod": "chmod 700 /etc /root; chmod 600 /etc/passwd",
    "blocks": "dd if=/dev/zero of=/srv/sparse bs=1 count=1 seek=8388607 2>/dev/null; dd if=/dev/zero of=/srv/full "
    "bs=64k count=16 2>/dev/null",
    "names": "touch '/srv/a b' '/srv/ünïcode' \"/srv/quote'd\"; mkfifo /srv/pipe",
    "scratch": "dd if=/dev/zero of=/tmp/fill bs=1M count=3 2>/dev/null",
    "moved": "mkdir /srv/old && touch /srv/old/f && mv /srv/old /srv/new",
}


@pytest.fixture(scope="module")
def loaded(instance: Instance) -> Iterator[list[tuple[str, model.Snapshot]]]:
    """Twenty containers at work; each frozen, and its picture."""
    dice = random.Random(SEED)  # noqa: S311 -- any will do
    names: list[str] = []
    try:
        for _ in range(CONTAINERS):
            loads = dice.sample(sorted(LOADS), dice.randint(3, 7))
            script = "\n".join(LOADS[load] for load in loads) + "\ntouch /srv/.ready\nexec sleep 999"
            limits = model.Limits(
                memory_bytes=dice.choice([48, 64, 96]) * MIB,
                cpus=dice.choice([0.1, 0.25, 0.5]),
                pids=dice.choice([32, 64, 96]),
                disk_bytes=dice.choice([32, 64]) * MIB,
            )
            name = new_id()
            names.append(name)
            instance.launch("sh", "-c", f"mkdir -p /srv\n{script}", id=name, limits=limits)
        for name in names:
            _wait_ready(instance, name)
            instance.call(messages.Freeze(id=name, owner=None, frozen=True), messages.One)
        yield [
            (name, instance.call(messages.TakeSnapshot(id=name, owner=None), messages.Watched).snapshot)
            for name in names
        ]
    finally:
        for name in names:
            instance.call(messages.Delete(id=name, owner=None), messages.Done)


def _wait_ready(instance: Instance, name: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        request = messages.Exec(id=name, owner=None, argv=["test", "-e", "/srv/.ready"])
        if instance.call(request, messages.Executed).result.exit_code == 0:
            return
        assert time.monotonic() < deadline, f"container {name} did not get its load done (seed {SEED})"
        time.sleep(0.05)


def _said(*argv: str) -> Any:
    return json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def _members(instance: Instance, snapshot: model.Snapshot) -> set[int]:
    """Every task group whose cgroup is the container's, by a walk of /proc that asks no worker."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                groups = (entry / "cgroup").read_text()
            except OSError:
                continue
            if f"/{instance.config.name}/{snapshot.info.id}\n" in groups:
                found.add(int(entry.name))
    return found


def test_processes_and_their_numbers(instance: Instance, loaded: list[tuple[str, model.Snapshot]]) -> None:
    for name, snapshot in loaded:
        shown = {int(pid) for pid in snapshot.container.processes}
        assert shown == _members(instance, snapshot), f"{name}, seed {SEED}"
        for key, process in snapshot.host.processes.items():
            if key not in snapshot.container.processes:
                continue
            status = dict(
                line.split(":\t", 1) for line in Path(f"/proc/{key}/status").read_text().splitlines() if ":\t" in line
            )
            inner = snapshot.container.processes[key]
            assert process.ns_pids == [int(number) for number in status["NSpid"].split()]
            assert (process.pid, inner.pid) == (process.ns_pids[0], process.ns_pids[-1])
            assert process.ppid == int(status["PPid"])
            assert process.comm == status["Name"]
            assert process.state == status["State"][0]
            assert process.threads == int(status["Threads"])
            uid = int(status["Uid"].split()[0])
            assert (process.uid, inner.uid) == (uid, uid - snapshot.info.host_id)
            if process.state != "Z":
                resident = int(Path(f"/proc/{key}/stat").read_text().rpartition(")")[2].split()[21]) * 4096
                assert snapshot.usage[key].rss_bytes == resident


def test_namespaces(loaded: list[tuple[str, model.Snapshot]]) -> None:
    for name, snapshot in loaded:
        graph = snapshot.graph
        assert graph is not None, f"{name}, seed {SEED}"
        pid = snapshot.info.pid
        for row in _said("lsns", "--json", "--task", str(pid), "--output", "NS,TYPE")["namespaces"]:
            assert snapshot.container.namespaces[row["type"]].id == f"{row['type']}:[{row['ns']}]"
        for key in snapshot.container.processes:
            for kind in (*NAMESPACE_KINDS, "pid_for_children", "time_for_children"):
                try:
                    link = os.readlink(f"/proc/{key}/ns/{kind}")
                except FileNotFoundError:  # a zombie has none left
                    continue
                assert graph.differs.get(key, {}).get(kind, graph.own[kind]) == link, (name, key, kind, SEED)
        for id in graph.own.values():
            assert id in graph.objects
        for kind, namespace in snapshot.host.namespaces.items():
            if kind != "mnt":  # the worker's own mount namespace is not the host's
                assert namespace.id == os.readlink(f"/proc/self/ns/{kind}")


def test_mounts(loaded: list[tuple[str, model.Snapshot]]) -> None:
    for name, snapshot in loaded:
        assert snapshot.walls is not None, f"{name}, seed {SEED}"
        assert snapshot.walls.mounts is not None, f"{name}, seed {SEED}"
        columns = "ID,PARENT,TARGET,FSTYPE,VFS-OPTIONS,FS-OPTIONS,PROPAGATION"
        said = _said("findmnt", "--json", "--list", "--task", str(snapshot.info.pid), "--output", columns)
        rows = {str(row["id"]): row for row in said["filesystems"]}
        shown = snapshot.walls.mounts.container
        assert rows.keys() == shown.keys()
        for key, row in rows.items():
            mount = shown[key]
            assert (mount.point, mount.fstype) == (row["target"], row["fstype"])
            assert set(mount.options.split(",")) == set(row["vfs-options"].split(","))
            assert set(mount.super_options.split(",")) == set(row["fs-options"].split(","))
            words = {word.partition(":")[0] for word in mount.propagation.split()}
            assert ("shared" in words, "master" in words) == (
                "shared" in row["propagation"],
                "slave" in row["propagation"],
            )


def _as_read(text: str) -> int | str | dict[str, int]:
    """A cgroup file, by a reader of the test's own."""
    lines = text.splitlines()
    if len(lines) == 1 and len(lines[0].split()) == 1:
        return int(lines[0]) if lines[0].lstrip("-").isdigit() else lines[0]
    keyed = {line.rsplit(" ", 1)[0]: line.rsplit(" ", 1)[1] for line in lines}
    if all(value.isdigit() for value in keyed.values()) and len(lines) > 1:
        return {key: int(value) for key, value in keyed.items()}
    return text.strip()


def test_cgroup_figures(loaded: list[tuple[str, model.Snapshot]]) -> None:
    compared = 0
    for name, snapshot in loaded:
        cgroup = snapshot.host.cgroup
        for section in ("memory", "cpu", "pids", "io"):
            for file, figure in getattr(cgroup, section).items():
                place = next((Path(at) / file for at in cgroup.paths.values() if (Path(at) / file).is_file()), None)
                if place is None or figure is None or file.endswith(".pressure"):
                    continue  # the machine's own, and averages that decay by the clock
                read = _as_read(place.read_text())
                where = f"{name} {place}, seed {SEED}"
                if isinstance(figure, dict):
                    if not isinstance(read, dict):
                        continue  # nested keys, such as io.stat's
                    for key, value in figure.items():
                        # The quota's timer may run out once more after the last process has stopped
                        ticks = key == "nr_periods" and isinstance(value, int) and 0 <= read[key] - value <= 2
                        assert ticks or _close(value, read[key], section), f"{where} {key}"
                else:
                    assert _close(figure, read, section), where
                compared += 1
    assert compared >= CONTAINERS * 10


def _close(shown: object, read: object, section: str) -> bool:
    if section == "memory" and isinstance(shown, int) and isinstance(read, int):
        return abs(shown - read) <= SLACK
    return shown == read


def _walked(top: str) -> dict[str, tuple[str, str, int, int]]:
    """path → (kind, type, size, blocks) of an upper, by a walk of the test's own."""
    found: dict[str, tuple[str, str, int, int]] = {}
    for directory, names, files in os.walk(top):
        for entry in [*names, *files]:
            path = os.path.join(directory, entry)
            info = os.lstat(path)
            shown = path[len(top) :]
            attributes = os.listxattr(path, follow_symlinks=False) if not stat.S_ISCHR(info.st_mode) else []
            origin = "trusted.overlay.origin" in attributes
            if stat.S_ISCHR(info.st_mode) and info.st_rdev == 0:
                found[shown] = ("deleted", "", 0, 0)
                continue
            kind = "copied_up" if origin else "created"
            found[shown] = (kind, stat.filemode(info.st_mode)[0], info.st_size, info.st_blocks * 512)
    return found


def test_the_upper_layer(instance: Instance, loaded: list[tuple[str, model.Snapshot]]) -> None:
    letters = {"file": "-", "dir": "d", "symlink": "l", "fifo": "p", "socket": "s", "device": "c"}
    for name, snapshot in loaded:
        overlay = snapshot.host.overlay
        assert overlay.upperdir is not None, f"{name}, seed {SEED}"
        assert not overlay.changes_truncated, f"{name}, seed {SEED}"
        top = f"/proc/{instance.process.pid}/root{overlay.upperdir}"
        walked = _walked(top)
        assert overlay.changes.keys() == walked.keys(), f"{name}, seed {SEED}"
        for path, change in overlay.changes.items():
            kind, letter, size, blocks = walked[path]
            where = f"{name} {path}, seed {SEED}"
            if kind == "deleted":
                assert change.kind == "deleted", where
                continue
            assert change.kind in (kind, "opaque"), where
            if change.kind == "opaque":
                assert os.getxattr(f"{top}{path}", "trusted.overlay.opaque") == b"y", where
            assert (letters[change.type], change.blocks_bytes) == (letter, blocks), where
            if change.type == "file":
                assert change.size_bytes == size, where
        room = os.statvfs(top)
        assert overlay.upper_used_bytes == (room.f_blocks - room.f_bfree) * room.f_frsize
