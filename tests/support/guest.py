"""Run inside the virtual machine: a real keeper, worker and container on pure cgroup v2; one JSON report at the end.

The report has one entry a chapter: what it found, or under `error` why it could not. Nothing is judged here.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from runtime.errors import Fault
from runtime.protocol import client, messages, model
from runtime.protocol.xray import Event

SOCKET = "/run/terrarium/worker.sock"
ID = "purev2purev2purev"[:16]
MIB = 1024 * 1024
LIMITS = model.Limits(memory_bytes=48 * MIB, cpus=0.25, pids=24, disk_bytes=16 * MIB)
PATIENCE = 60.0  # seconds: an emulated processor is slow

events: list[Event] = []


def call(request: messages.Request, expected: Any) -> Any:
    return client.call(SOCKET, request, expected, timeout=240)


def execute(*argv: str, timeout: float = 200) -> dict[str, Any]:
    result = call(messages.Exec(id=ID, owner=None, argv=list(argv), timeout_seconds=timeout), messages.Executed).result
    return {
        "code": result.exit_code,
        "signal": result.signal,
        "out": result.stdout.decode(),
        "err": result.stderr.decode(),
    }


def sh(script: str) -> dict[str, Any]:
    return execute("sh", "-c", script)


def refusal(request: messages.Request) -> dict[str, Any]:
    try:
        call(request, messages.Reply)
    except Fault as fault:
        return {"code": fault.code, "field": fault.field, "errno": fault.errno, "message": fault.message}
    return {"code": None}


def file(name: str) -> str:
    return Path(f"/sys/fs/cgroup/terrarium/{ID}/{name}").read_text().strip()


def picture() -> model.Snapshot:
    snapshot: model.Snapshot = call(messages.TakeSnapshot(id=ID, owner=None), messages.Watched).snapshot
    return snapshot


def heard(kind: str, *, path: str | None = None) -> dict[str, Any] | None:
    """The first event of a kind, waiting for it; None: it never came."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for event in list(events):
            if event.kind == kind and path in (None, event.path):
                return dict(msgspec.to_builtins(event))
        time.sleep(0.05)
    return None


def listen() -> None:
    for message in client.stream(SOCKET, messages.Watch(id=ID, owner=None)):
        if isinstance(message, messages.Happened):
            events.extend(message.events)


def summary() -> dict[str, Any]:
    snapshot = picture()
    cgroup = snapshot.container.cgroup
    return {
        "mode": cgroup.mode,
        "paths": snapshot.host.cgroup.paths,
        "summary": {name: getattr(cgroup.summary, name) for name in cgroup.summary.__struct_fields__},
        "files": sorted([*cgroup.memory, *cgroup.cpu, *cgroup.pids, *cgroup.io]),
        "effective": msgspec.to_builtins(cgroup.effective),
        "gaps": snapshot.gaps,
        "processes": len(snapshot.container.processes),
    }


def start() -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while not os.path.exists(SOCKET):
        if time.monotonic() > deadline:
            raise RuntimeError("the worker did not start")
        time.sleep(0.2)
    launch = messages.Launch(id=ID, owner="guest", name="guest", image="busybox", limits=LIMITS)
    launched = call(launch, messages.Launched)
    threading.Thread(target=listen, daemon=True).start()
    return {"state": launched.container.state, "comm": execute("cat", "/proc/1/comm"), **summary()}


def memory() -> dict[str, Any]:
    said = sh("dd if=/dev/zero of=/dev/null bs=150M count=1; exit $?")
    return {"said": said, "event": heard("oom"), "kills": summary()["summary"]["oom_kills"]}


def throttling() -> dict[str, Any]:
    before = summary()["summary"]
    sh("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done")
    return {"before": before, "after": summary()["summary"], "event": heard("throttled")}


def disk() -> dict[str, Any]:
    return sh("dd if=/dev/zero of=/fill bs=1M count=40; rm /fill")


def files() -> dict[str, Any]:
    data = os.urandom(64 * 1024)
    call(messages.PutFile(id=ID, owner=None, path="/root/in", data=data), messages.FilePut)
    back = call(messages.FetchFile(id=ID, owner=None, path="/root/in"), messages.Part).data
    inside = sh("sha256sum < /root/in; stat -c '%u:%g %a' /root/in; ls -A /root; rm /root/in")["out"]
    return {"same": back == data, "inside": inside, "sha": hashlib.sha256(data).hexdigest()}


def freezing() -> dict[str, Any]:
    found: dict[str, Any] = {}
    frozen = call(messages.Freeze(id=ID, owner=None, frozen=True), messages.One).container.frozen
    found["frozen"] = [frozen, file("cgroup.events"), picture().host.cgroup.frozen]
    found["exec"] = refusal(messages.Exec(id=ID, owner=None, argv=["true"]))
    thawed = call(messages.Freeze(id=ID, owner=None, frozen=False), messages.One).container.frozen
    found["thawed"] = [thawed, file("cgroup.events")]
    found["after"] = execute("echo", "on")
    Path(f"/sys/fs/cgroup/terrarium/{ID}/cgroup.freeze").write_text("1")  # somebody else
    deadline = time.monotonic() + PATIENCE
    while sum(event.kind == "frozen" for event in events) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    found["told"] = [event.kind for event in events if event.kind in ("frozen", "thawed")]
    call(messages.Freeze(id=ID, owner=None, frozen=False), messages.One)
    return found


def limits() -> dict[str, Any]:
    wanted = model.Limits(memory_bytes=40 * MIB, cpus=1.0, pids=32, disk_bytes=20 * MIB)
    changed = call(messages.SetLimits(id=ID, owner=None, limits=wanted), messages.One).container.limits
    names = ("memory.max", "memory.high", "memory.swap.max", "cpu.max", "pids.max")
    found = {"changed": msgspec.to_builtins(changed), "kernel": {name: file(name) for name in names if _has(name)}}
    found["event"] = heard("limits")
    sh("head -c 14000000 /dev/zero >/kept")
    kills = file("memory.events")
    tiny = model.Limits(memory_bytes=8 * MIB, cpus=1.0, pids=8, disk_bytes=20 * MIB)
    found["refused"] = refusal(messages.SetLimits(id=ID, owner=None, limits=tiny))
    found["after"] = {name: file(name) for name in names if _has(name)}
    found["killed"] = [_line(kills, "oom_kill"), _line(file("memory.events"), "oom_kill")]
    sh("rm /kept")
    smaller = model.Limits(memory_bytes=24 * MIB, cpus=1.0, pids=24, disk_bytes=20 * MIB)
    shrunk = call(messages.SetLimits(id=ID, owner=None, limits=smaller), messages.One).container.limits
    found["shrunk"] = [shrunk.memory_bytes, file("memory.max"), file("memory.high")]
    return found


def _has(name: str) -> bool:
    return Path(f"/sys/fs/cgroup/terrarium/{ID}/{name}").exists()


def _line(text: str, key: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.split()[0] == key)


def probes() -> dict[str, Any]:
    sh("echo x >>/etc/passwd; rm /etc/group; echo new >/new; mkdir /tmp/m")
    sh("nc -l -p 8080 </dev/null >/dev/null 2>&1 & sleep 1")
    snapshot = picture()
    deadline = time.monotonic() + PATIENCE
    while "/etc/passwd" not in snapshot.container.overlay.changes and time.monotonic() < deadline:
        time.sleep(0.2)
        snapshot = picture()
    walls, graph = snapshot.walls, snapshot.graph
    traced = call(messages.Trace(id=ID, owner=None, path="/etc/passwd"), messages.Traced).provenance
    return {
        "namespaces": {kind: one.same_as_host for kind, one in snapshot.container.namespaces.items()},
        "own": graph.own if graph else {},
        "mounts": sorted(mount.point for mount in walls.mounts.container.values()) if walls and walls.mounts else [],
        "uid_map": msgspec.to_builtins(walls.identity.uid_map) if walls and walls.identity else None,
        "seccomp": walls.identity.seccomp if walls and walls.identity else None,
        "devices": sorted(walls.devices.container) if walls and walls.devices else [],
        "interfaces": sorted(walls.network.container.interfaces) if walls and walls.network else [],
        "listening": [msgspec.to_builtins(one) for one in walls.network.container.listening]
        if walls and walls.network
        else None,
        "network_gap": {path: why for path, why in snapshot.gaps.items() if path.startswith("walls")},
        "changes": {path: change.kind for path, change in snapshot.container.overlay.changes.items()},
        "verdict": traced.verdict,
        "events": [heard("copied_up", path="/etc/passwd"), heard("whiteout", path="/etc/group"),
                   heard("created", path="/new"), heard("exec")],
    }  # fmt: skip


def metrics() -> dict[str, Any]:
    meters = call(messages.Measure(), messages.Measured).meters
    return dict(msgspec.to_builtins(next(meter for meter in meters if meter.id == ID)))


def killing() -> dict[str, Any]:
    """A command that hides its children from the process tree is killed with all of them."""
    result = call(
        messages.Exec(id=ID, owner=None, argv=["sh", "-c", "(sleep 987 &) ; sleep 987"], timeout_seconds=3),
        messages.Executed,
    ).result
    left = [process.cmdline for process in picture().container.processes.values() if "987" in process.cmdline]
    return {"timed_out": result.timed_out, "left": left}


def forks() -> dict[str, Any]:
    """Last: a shell that is process 1 reaps nobody while it waits for a key, so zombies keep the limit full."""
    said = sh("for i in $(seq 60); do sleep 3 & done; wait")
    return {"said": said, "event": heard("refused-fork")}


def end() -> dict[str, Any]:
    call(messages.Freeze(id=ID, owner=None, frozen=True), messages.One)
    stopped = call(messages.Stop(id=ID, owner=None, grace_seconds=1), messages.One).container
    call(messages.Delete(id=ID, owner=None), messages.Done)
    left = [str(path) for path in Path("/sys/fs/cgroup").rglob(f"*{ID}*")]
    return {"state": stopped.state, "left": left}


CHAPTERS: tuple[Callable[[], dict[str, Any]], ...] = (
    start, memory, throttling, disk, files, freezing, limits, probes, metrics, killing, forks, end,
)  # fmt: skip


def main() -> None:
    os.environ["TERRARIUM_IMAGES_DIR"] = "/images"
    log = open("/tmp/keeper.log", "wb")  # noqa: SIM115 - lives as long as the machine
    keeper = subprocess.Popen([sys.executable, "-m", "runtime.keeper"], stdout=log, stderr=log)
    report: dict[str, Any] = {}
    for chapter in CHAPTERS:
        begun = time.monotonic()
        try:
            report[chapter.__name__] = chapter()
        except Exception:
            report[chapter.__name__] = {"error": traceback.format_exc()}
        report[chapter.__name__]["seconds"] = round(time.monotonic() - begun, 1)
    report["told"] = sorted({event.kind for event in events})
    report["log"] = Path("/tmp/keeper.log").read_text(errors="replace")[-3000:]
    keeper.terminate()
    keeper.wait(30)
    print("\nGUEST-REPORT " + json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
