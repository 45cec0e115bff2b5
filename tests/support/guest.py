"""Run inside the virtual machine: a real keeper, worker and container on pure cgroup v2; one JSON report at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from runtime.protocol import client, messages, model

SOCKET = "/run/terrarium/worker.sock"
ID = "purev2purev2purev"[:16]
MIB = 1024 * 1024


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


def summary() -> dict[str, Any]:
    snapshot = call(messages.TakeSnapshot(id=ID, owner=None), messages.Watched).snapshot
    cgroup = snapshot.container.cgroup
    return {
        "mode": cgroup.mode,
        "paths": snapshot.host.cgroup.paths,
        "summary": {name: getattr(cgroup.summary, name) for name in cgroup.summary.__struct_fields__},
        "files": sorted([*cgroup.memory, *cgroup.cpu, *cgroup.pids, *cgroup.io]),
        "gaps": snapshot.gaps,
        "processes": len(snapshot.container.processes),
    }


def story(report: dict[str, Any]) -> None:
    deadline = time.monotonic() + 60
    while not os.path.exists(SOCKET):
        if time.monotonic() > deadline:
            raise RuntimeError("the worker did not start")
        time.sleep(0.2)
    limits = model.Limits(memory_bytes=48 * MIB, cpus=0.25, pids=24, disk_bytes=16 * MIB)
    launched = call(
        messages.Launch(id=ID, owner="guest", name="guest", image="busybox", limits=limits), messages.Launched
    )
    report["state"] = launched.container.state
    report["before"] = summary()
    report["comm"] = execute("cat", "/proc/1/comm")
    report["memory"] = execute("sh", "-c", "dd if=/dev/zero of=/dev/null bs=150M count=1; exit $?")
    report["burn"] = execute("sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done")
    report["disk"] = execute("sh", "-c", "dd if=/dev/zero of=/fill bs=1M count=40")
    # Last: a shell that is process 1 reaps nobody while it waits for a key, so zombies keep the limit full.
    report["forks"] = execute("sh", "-c", "for i in $(seq 60); do sleep 3 & done; wait")
    report["after"] = summary()
    call(messages.Delete(id=ID, owner=None), messages.Done)
    report["left"] = [str(path) for path in Path("/sys/fs/cgroup").rglob(f"*{ID}*")]


def main() -> None:
    os.environ["TERRARIUM_IMAGES_DIR"] = "/images"
    log = open("/tmp/keeper.log", "wb")  # noqa: SIM115 - lives as long as the machine
    keeper = subprocess.Popen([sys.executable, "-m", "runtime.keeper"], stdout=log, stderr=log)
    report: dict[str, Any] = {}
    try:
        story(report)
    except Exception:
        report["error"] = traceback.format_exc()
    if "error" in report:
        report["log"] = Path("/tmp/keeper.log").read_text(errors="replace")[-3000:]
    keeper.terminate()
    keeper.wait(30)
    print("\nGUEST-REPORT " + json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
