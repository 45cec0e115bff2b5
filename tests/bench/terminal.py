"""How good the terminal is: echo, throughput, Ctrl-C under a flood, memory; beside terminado in the same run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

from tests.bench.figures import Row, milliseconds, percentile
from tests.bench.rivals import Terminado
from tests.support.stack import Stack
from tests.support.visitor import PtyClient, Visitor

KEYS = 400
FLOOD = 256 << 20  # bytes of `yes` that memory is watched over


def resident(pid: int) -> int:
    """Bytes of VmRSS, proc_pid_status(5)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def echo(type_key: Callable[[str], None], wait: Callable[[], None]) -> list[float]:
    samples = []
    for number in range(KEYS):
        key = "abcdefgh"[number % 8]
        begin = time.perf_counter()
        type_key(key)
        wait()
        samples.append(time.perf_counter() - begin)
    return samples


def our_echo(pty: PtyClient) -> list[float]:
    # Ready is said by the child: the shell's own line editing turns the echo off until it has run a command.
    pty.type("sh -c 'stty -icanon; echo REA''DY; cat >/dev/null'\r")
    pty.until(b"READY\r\n")

    def wait() -> None:
        have = len(pty.output)
        while len(pty.output) == have:
            if pty.step(5) is None:
                raise RuntimeError("no echo within 5 s")

    samples = echo(pty.type, wait)
    pty.output.clear()
    pty.type("\x03")
    pty.until(b"# ")
    return samples


def terminado_echo(socket: ClientConnection) -> list[float]:
    socket.send(json.dumps(["stdin", "stty -icanon; cat >/dev/null\r"]))
    _terminado_until(socket, "null")
    _terminado_quiet(socket)

    def wait() -> None:
        while json.loads(socket.recv(timeout=5))[0] != "stdout":
            pass

    return echo(lambda key: socket.send(json.dumps(["stdin", key])), wait)


def _terminado_until(socket: ClientConnection, wanted: str) -> None:
    text = ""
    while wanted not in text:
        kind, *rest = json.loads(socket.recv(timeout=10))
        if kind == "stdout":
            text += rest[0]


def _terminado_quiet(socket: ClientConnection) -> None:
    try:
        while True:
            socket.recv(timeout=0.3)
    except TimeoutError:
        return


def our_throughput(pty: PtyClient, amount: int = 128 << 20) -> float:
    """MB/s of `yes` through everything, to one client that acknowledges at once."""
    pty.type("yes abcdefghijklmnopqrstuvwxyz0123456789\r")
    pty.until(b"6789\r\n")
    begin, start = time.perf_counter(), pty.offset
    while pty.offset - start < amount:
        pty.step(10)
        pty.output.clear()
    return (pty.offset - start) / (time.perf_counter() - begin) / 1e6


def terminado_throughput(socket: ClientConnection, amount: int = 24 << 20) -> float:
    socket.send(json.dumps(["stdin", "yes abcdefghijklmnopqrstuvwxyz0123456789\r"]))
    _terminado_until(socket, "6789\r\n")
    begin, seen = time.perf_counter(), 0
    while seen < amount:
        kind, *rest = json.loads(socket.recv(timeout=10))
        seen += len(rest[0]) if kind == "stdout" else 0
    return seen / (time.perf_counter() - begin) / 1e6


def interrupt(pty: PtyClient, rounds: int = 15) -> list[float]:
    """Seconds from Ctrl-C to the prompt, while `yes` floods."""
    samples = []
    for _ in range(rounds):
        pty.type("yes\r")
        pty.until(b"y\r\ny\r\n")
        target = pty.offset + (2 << 20)
        while pty.offset < target:
            pty.step(5)
            pty.output.clear()
        begin = time.perf_counter()
        pty.type("\x03")
        pty.until(b"# ", 10)
        samples.append(time.perf_counter() - begin)
        pty.output.clear()
    return samples


def measure(stack: Stack, visitor: Visitor) -> list[Row]:
    # debian, whose `yes` is the one that terminado runs here; that of busybox is three times slower by itself.
    made = visitor.call("POST", "/containers", {"image": "debian", "cpus": 2}).body
    terminal = next(one["id"] for one in made["terminals"] if one["console"])
    with visitor.attach(made["id"], terminal) as pty:
        pty.until(b"#")
        keys = our_echo(pty)
        stops = interrupt(pty)
        pids = {"worker": stack.pid("worker"), "web": stack.pid("web")}
        before = {name: resident(pid) for name, pid in pids.items()}
        rate = our_throughput(pty, FLOOD)
        growth = {name: (resident(pid) - before[name]) / 1e6 for name, pid in pids.items()}
        pty.type("\x03")
    visitor.call("DELETE", f"/containers/{made['id']}")
    with Terminado() as rival, connect(rival.url, compression=None, max_size=None) as socket:
        their_keys = terminado_echo(socket)
    with Terminado() as rival, connect(rival.url, compression=None, max_size=None) as socket:
        their_rate = terminado_throughput(socket)
    ours, tail, their_tail = percentile(keys, 0.5), percentile(keys, 0.99), percentile(their_keys, 0.99)
    return [
        Row("keystroke echo, Daphne and worker", milliseconds(keys, tail=0.99), "p50 ≤ 1.5 ms, p99 ≤ 5 ms",
            [f"terminado {milliseconds(their_keys, tail=0.99)}: our p99 is {tail / their_tail:.2f} of it"],
            ours <= 0.0015 and tail <= 0.005),
        Row("output to one client", f"{rate:.1f} MB/s", "≥ 40 MB/s",
            [f"terminado {their_rate:.1f} MB/s: ours is {rate / their_rate:.1f} times that"], rate >= 40),
        Row("Ctrl-C under `yes`", milliseconds(stops), "≤ 50 ms", [], percentile(stops, 0.95) <= 0.05),
        Row(f"memory over {FLOOD >> 20} MiB of output",
            ", ".join(f"{name} {value:+.1f} MB" for name, value in growth.items()), "flat", [],
            all(value < 5 for value in growth.values())),
    ]  # fmt: skip
