"""How fast a container is: click to prompt, the worker's part, starts a second; beside bare runc and Docker."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runtime.protocol import client, messages, model
from tests.bench.figures import Row, milliseconds, percentile
from tests.bench.rivals import docker_api, docker_here
from tests.support.stack import Stack
from tests.support.visitor import Visitor

ROUNDS = 30


def to_prompt(stack: Stack, visitor: Visitor) -> list[float]:
    """Seconds from POST to the first byte of the prompt at the WebSocket."""
    samples = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        made = visitor.call("POST", "/containers", {"image": "busybox"})
        if made.status != 201:
            raise RuntimeError(f"launch answered {made.status}: {made.body}")
        terminal = next(one["id"] for one in made.body["terminals"] if one["console"])
        with visitor.attach(made.body["id"], terminal) as pty:
            pty.until(b"#", 10)
            samples.append(time.perf_counter() - begin)
        visitor.call("DELETE", f"/containers/{made.body['id']}")
    return samples


def identity() -> str:
    return secrets.token_hex(8)


def worker_part(stack: Stack) -> list[float]:
    """Seconds of `Launch` on the worker's socket: create to running, with the first snapshot."""
    samples = []
    for _ in range(ROUNDS):
        ident = identity()
        begin = time.perf_counter()
        launch(stack, ident)
        samples.append(time.perf_counter() - begin)
        remove(stack, ident)
    return samples


def launch(stack: Stack, ident: str) -> None:
    # A quarter of the default memory: a hundred at once must fit what a small host may promise.
    limits = model.Limits(memory_bytes=64 * model.MIB)
    request = messages.Launch(id=ident, owner="bench", name="bench", image="busybox", limits=limits)
    client.call(stack.run_dir / "worker.sock", request, messages.Launched)


def remove(stack: Stack, ident: str) -> None:
    client.call(stack.run_dir / "worker.sock", messages.Delete(id=ident, owner=None), messages.Done)


def starts_a_second(stack: Stack, count: int = 80) -> float:
    """Launches a second, eight at a time, through the worker."""
    idents = [identity() for _ in range(count)]
    with ThreadPoolExecutor(8) as pool:
        begin = time.perf_counter()
        list(pool.map(lambda ident: launch(stack, ident), idents))
        spent = time.perf_counter() - begin
        list(pool.map(lambda ident: remove(stack, ident), idents))
    return count / spent


def bare_runc() -> list[float]:
    """Seconds of `runc create` + `start` of a bundle that is there: no overlay, no user namespace, no limits."""
    samples = []
    with tempfile.TemporaryDirectory(prefix="terrarium-bench-") as top:
        rootfs = Path(top, "rootfs")
        (rootfs / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", rootfs / "bin/busybox")
        subprocess.run(["runc", "spec"], cwd=top, check=True)
        spec = json.loads(Path(top, "config.json").read_text())
        spec["process"] |= {"terminal": False, "args": ["/bin/busybox", "sleep", "100"]}
        spec["linux"]["cgroupsPath"] = f"/terrarium-bench-{os.getpid()}"
        Path(top, "config.json").write_text(json.dumps(spec))
        for _ in range(ROUNDS):
            ident = f"terrarium-bench-{identity()}"
            pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            begin = time.perf_counter()
            subprocess.run(["runc", "create", "--bundle", top, ident], check=True, **pipes)  # type: ignore[call-overload]
            subprocess.run(["runc", "start", ident], check=True)
            samples.append(time.perf_counter() - begin)
            subprocess.run(["runc", "delete", "--force", ident], check=True)
    return samples


def measure(stack: Stack, visitor: Visitor) -> list[Row]:
    prompt, worker, runc = to_prompt(stack, visitor), worker_part(stack), bare_runc()
    rate = starts_a_second(stack)
    first, last = percentile(prompt, 0.5), percentile(prompt, 0.95)
    ours = percentile(worker, 0.5)
    beside_prompt, beside_rate = [], []
    if docker_here():
        docker = docker_api(ROUNDS)
        theirs = percentile(docker.starts, 0.5)
        beside_prompt.append(f"Docker's API {milliseconds(docker.starts)}: ours is {first / theirs:.2f} of it")
        beside_rate.append(f"Docker {docker.rate:.1f} a second: ours is {rate / docker.rate:.1f} times that")
    else:
        beside_prompt.append("Docker: no daemon here")
    return [
        Row("POST launch → prompt byte at the WebSocket", milliseconds(prompt), "p50 ≤ 100 ms, p95 ≤ 200 ms",
            beside_prompt, first <= 0.1 and last <= 0.2),
        Row("worker's part, create to running", milliseconds(worker), "p50 ≤ 60 ms",
            [f"bare runc create + start {milliseconds(runc)}: ours is {ours / percentile(runc, 0.5):.2f} of it"],
            ours <= 0.06),
        Row("starts a second, 8 in parallel", f"{rate:.1f}", "≥ 25", beside_rate, rate >= 25),
    ]  # fmt: skip
