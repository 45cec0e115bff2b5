"""How good the terminal is: echo, throughput, Ctrl-C under a flood, memory, and what those cost that nobody uses.

Beside it in the same run: a bare pty, terminado, and this same application under uvicorn instead of Daphne.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import connect

from tests.bench import lines
from tests.bench.figures import Row, percentile
from tests.bench.idle import TERMINALS, idle_share
from tests.bench.lines import Line
from tests.bench.rivals import Terminado, Uvicorn
from tests.support.stack import Stack
from tests.support.usage import resident
from tests.support.visitor import Visitor

KEYS = 1000
ROUNDS = 15
AMOUNT = 64 << 20  # bytes of `yes` each is timed over
THEIR_AMOUNT = 24 << 20
FLOOD = int(os.environ.get("TERRARIUM_BENCH_FLOOD", 1 << 30))  # bytes of `yes` that memory is watched over
SHELL = ["/bin/sh"]  # dash or busybox ash, as terminado's

Figures = dict[str, Any]


@contextmanager
def console(visitor: Visitor, container: dict[str, Any]) -> Iterator[Line]:
    terminal = next(one["id"] for one in container["terminals"] if one["console"])
    with visitor.attach(container["id"], terminal) as client:
        line = lines.Ours(client)
        client.type("\r")
        lines.until(line, b"# ")
        yield line


@contextmanager
def made(visitor: Visitor) -> Iterator[dict[str, Any]]:
    # debian, whose `yes` is the one that runs beside it here; that of busybox is three times slower by itself.
    answer = visitor.call("POST", "/containers", {"image": "debian", "cpus": 2})
    if answer.status != 201:
        raise RuntimeError(f"launch answered {answer.status}: {answer.body}")
    try:
        yield answer.body
    finally:
        visitor.call("DELETE", f"/containers/{answer.body['id']}")


def handling(line: Line, amount: int) -> Figures:
    """The measures that all have in common; milliseconds and MB/s."""
    keys = lines.echo(line, KEYS)
    stops = lines.interrupt(line, ROUNDS)
    return {
        "echo_ms_p50": percentile(keys, 0.5) * 1000,
        "echo_ms_p95": percentile(keys, 0.95) * 1000,
        "echo_ms_p99": percentile(keys, 0.99) * 1000,
        "ctrl_c_ms_p50": percentile(stops, 0.5) * 1000,
        "ctrl_c_ms": percentile(stops, 0.95) * 1000,
        "throughput_mb_s": lines.throughput(line, amount),
    }


def disturbed(visitor: Visitor, container: dict[str, Any], line: Line) -> float:
    """Echo's p99 in ms while a terminal beside it floods a client of its own as fast as that reads."""
    beside = visitor.call("POST", f"/containers/{container['id']}/terminals", {}).body["id"]
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:  # a process of its own: Python's threads would share one core with the keys
        os.close(write)
        try:
            with visitor.attach(container["id"], beside) as client:
                client.type("yes\r")
                while not select.select([read], [], [], 0)[0]:  # readable once its other end is closed
                    client.step(5)
                    client.output.clear()
        finally:
            os._exit(0)
    os.close(read)
    try:
        return percentile(lines.echo(line, KEYS), 0.99) * 1000
    finally:
        os.close(write)
        os.waitpid(pid, 0)


def memory(stack: Stack, line: Line) -> Figures:
    """MB that worker and web grow by over `FLOOD` bytes of output."""
    pids = {"worker": stack.pid("worker"), "web": stack.pid("web")}
    lines.throughput(line, 8 << 20)  # buffers that are made once
    before = {name: resident(pid) for name, pid in pids.items()}
    rate = lines.throughput(line, FLOOD)
    return {
        "flood_mb": FLOOD / 1e6,
        "flood_mb_s": rate,
        **{f"memory_{name}_mb": (resident(pid) - before[name]) / 1e6 for name, pid in pids.items()},
    }


def figures(stack: Stack, visitor: Visitor) -> Figures:
    found: Figures = {}

    def note(name: str, some: Figures) -> None:
        found.update({f"{name}{key}": value for key, value in some.items()})
        print(f"bench: terminal {name or 'ours'}: {some}", file=sys.stderr)

    with made(visitor) as container:
        with console(visitor, container) as line:
            note("", handling(line, AMOUNT))
            note("neighbour_", {"echo_ms_p99": disturbed(visitor, container, line)})
            note("", memory(stack, line))
        with Uvicorn(stack) as other, console(Visitor.beside(visitor, other.stack), container) as line:
            note("uvicorn_", handling(line, AMOUNT))
    with lines.bare(SHELL) as line:
        note("bare_", handling(line, AMOUNT))
    with Terminado() as rival, connect(rival.url, compression=None, max_size=None) as socket:
        note("terminado_", handling(lines.Theirs(socket), THEIR_AMOUNT))
    note("", idle_share(stack, visitor))
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in found.items()}


def rows(found: Figures) -> list[Row]:
    def beside(key: str, unit: str) -> list[str]:
        ours = found[key]
        names = ("bare", "terminado", "uvicorn")
        return [f"{name} {found[f'{name}_{key}']:.2f} {unit}: {ours / found[f'{name}_{key}']:.2f}" for name in names]

    p50, p99, neighbour = found["echo_ms_p50"], found["echo_ms_p99"], found["neighbour_echo_ms_p99"]
    rate, stop, idle = found["throughput_mb_s"], found["ctrl_c_ms"], found["idle_percent_of_a_core"]
    grown = {name: found[f"memory_{name}_mb"] for name in ("worker", "web")}
    return [
        Row("keystroke echo, p50", f"{p50:.2f} ms", "≤ 1.5 ms", beside("echo_ms_p50", "ms"), p50 <= 1.5),
        Row("keystroke echo, p99", f"{p99:.2f} ms", "≤ 5 ms", beside("echo_ms_p99", "ms"), p99 <= 5),
        Row("the same beside a flooding neighbour, p99", f"{neighbour:.2f} ms", "", [], None),
        Row("output to one client", f"{rate:.1f} MB/s", "≥ 40 MB/s", beside("throughput_mb_s", "MB/s"), rate >= 40),
        Row("Ctrl-C under `yes`, p95", f"{stop:.1f} ms", "≤ 50 ms", beside("ctrl_c_ms", "ms"), stop <= 50),
        Row(f"memory over {found['flood_mb']:.0f} MB of output",
            ", ".join(f"{name} {value:+.1f} MB" for name, value in grown.items()), "flat", [],
            all(value < 5 for value in grown.values())),
        Row(f"{TERMINALS} attached terminals, idle", f"{idle:.2f} % of a core", "≤ 1 %",
            [f"worker {found['idle_worker_percent']:.2f}", f"web {found['idle_web_percent']:.2f}"], idle <= 1),
    ]  # fmt: skip


def measure(stack: Stack, visitor: Visitor, found: Figures) -> list[Row]:
    """`found` takes the figures by name."""
    found.update(figures(stack, visitor))
    return rows(found)
