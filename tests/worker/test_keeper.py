"""The real keeper with a stand-in for the worker: what it holds, reaps, restarts and leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.errors import Fault
from runtime.keeper import wire
from runtime.keeper.link import Link
from runtime.keeper.orphans import Exits, starttime

ROOT = Path(__file__).resolve().parents[2]
# The keeper starts `runtime.server`; a package of that name earlier on the path stands in for it. It opens a second
# door, through which a test speaks to the keeper as the worker would.
STAND_IN = """
import os, signal, socket, sys, subprocess
sock = socket.socket(fileno=int(os.environ["TERRARIUM_KEEPER_FD"]))
door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
path = os.environ["TERRARIUM_RUN_DIR"] + "/door"
try: os.unlink(path)
except FileNotFoundError: pass
door.bind(path); door.listen(1)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while True:
    conn, _ = door.accept()
    socket.send_fds(conn, [str(os.getpid()).encode()], [sock.fileno()])
    if conn.recv(100).startswith(b"orphan"):
        script = "sleep 0.05; exit 9"
        middle = subprocess.Popen(["sh", "-c", f"({script}) >&- & echo $!"], stdout=subprocess.PIPE)
        conn.send(middle.stdout.readline()); middle.wait(); middle.stdout.close()
    conn.close()
"""

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="the keeper needs root")


class Service:
    """A keeper as a subprocess, under a name of the test's own."""

    def __init__(self, directory: Path) -> None:
        package = directory / "stand-in" / "runtime"
        (package / "server").mkdir(parents=True)
        for name in ("__init__.py", "config.py", "errors.py", "keeper", "kernel"):
            (package / name).symlink_to(ROOT / "runtime" / name)
        (package / "server" / "__init__.py").touch()
        (package / "server" / "__main__.py").write_text(STAND_IN)
        self.run_dir = directory / "run"
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("TERRARIUM_")},
            "TERRARIUM_NAME": "terrarium-srv-keeper",
            "TERRARIUM_RUN_DIR": str(self.run_dir),
            "TERRARIUM_STATE_DIR": str(directory / "state"),
            "PYTHONPATH": str(directory / "stand-in"),
        }
        self.cwd = str(directory / "stand-in")
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "runtime.keeper"]
        return subprocess.Popen(
            command, env=self.env, cwd=self.cwd, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def worker(self, ask: bytes = b"bye") -> tuple[int, socket.socket, bytes]:
        """The stand-in's pid and its end of the line to the keeper."""
        deadline = time.monotonic() + 10
        while True:
            try:
                door = socket.socket(socket.AF_UNIX)
                door.settimeout(5)
                door.connect(str(self.run_dir / "door"))
                pid, fds, _, _ = socket.recv_fds(door, 100, 1)
                if not fds:
                    raise ConnectionError
                door.send(ask)
                answer = door.recv(100)
                door.close()
                return int(pid), socket.socket(fileno=fds[0]), answer
            except (OSError, ConnectionError):
                door.close()
                assert time.monotonic() < deadline, "no worker came up within 10 s"
                time.sleep(0.01)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    if made.process.poll() is None:
        made.stop()
    for stream in (made.process.stdin, made.process.stderr):
        if stream:
            stream.close()


def test_it_settles_into_a_fit_ancestor(service: Service) -> None:
    pid, line, _ = service.worker()
    line.close()
    for process in (service.process.pid, pid):
        status = dict(row.split(":\t", 1) for row in Path(f"/proc/{process}/status").read_text().splitlines())
        assert status["SigBlk"] == "0" * 16
        assert int(status["SigIgn"], 16) & (1 << (signal.SIGINT - 1) | 1 << (signal.SIGQUIT - 1)) == 0
        assert status["Umask"] == "0077"
        assert os.readlink(f"/proc/{process}/ns/mnt") != os.readlink("/proc/self/ns/mnt")
        assert os.getsid(process) == service.process.pid
    assert "shared:" not in Path(f"/proc/{service.process.pid}/mountinfo").read_text()
    assert service.stop() == 0


def test_a_second_keeper_of_the_name_refuses_and_says_who_runs(service: Service) -> None:
    service.worker()[1].close()
    second = service.start()
    _, said = second.communicate(timeout=10)
    assert second.returncode == 1
    assert f"already runs as pid {service.process.pid}" in said.decode()


async def test_what_is_held_outlives_the_worker(service: Service) -> None:
    pid, line, _ = await asyncio.to_thread(service.worker)
    link = Link(line, lost=lambda: None)
    reader, writer = os.pipe()
    await link.hold("c1/console", {"pid": 7, "argv": ["bash"]}, [reader])
    await link.hold("c1/console", {"pid": 8})
    await link.hold("c1/gone", {}, [reader])
    await link.drop("c1/gone")
    await link.drop("never held")
    os.close(reader)
    link.close()
    os.kill(pid, signal.SIGKILL)
    while (again := await asyncio.to_thread(service.worker))[0] == pid:
        again[1].close()
    link = Link(again[1], lost=lambda: None)
    (kept,) = await link.kept()
    assert (kept.key, kept.meta) == ("c1/console", {"pid": 8})
    os.write(writer, b"still there")
    assert os.read(kept.fds[0], 100) == b"still there"
    for fd in (*kept.fds, writer):
        os.close(fd)
    link.close()


async def test_orphans_are_reaped_and_their_exits_told_to_the_next_worker_too(service: Service) -> None:
    pid, line, answer = await asyncio.to_thread(service.worker, b"orphan")
    orphan = int(answer)
    begun = starttime(orphan) or 0
    link = Link(line, lost=lambda: None)
    assert os.waitstatus_to_exitcode(await link.status(orphan, begun, 5.0) or 0) == 9
    link.close()
    os.kill(pid, signal.SIGKILL)
    while (again := await asyncio.to_thread(service.worker))[0] == pid:
        again[1].close()
    link = Link(again[1], lost=lambda: None)
    assert link.exit_of(orphan, begun) is None
    await link.learn_exits()
    known = link.exit_of(orphan, begun)
    assert known is not None
    assert link.exit_of(orphan, 0) == known
    assert await link.status(orphan, begun + 1, 0.05) is None
    link.close()


def test_nonsense_from_the_worker_is_answered_and_survived(service: Service) -> None:
    _, line, _ = service.worker()
    for nonsense in (b"{", b"[]", b"{}", b'{"op":"hold","seq":1}', b'{"op":"burn","seq":2}', b"\xff" * 100):
        line.send(nonsense)
    line.send(b'{"op":"hold","seq":3,"key":"k","meta":{}}')  # nothing to hold
    wire.send(line, wire.encode({"op": "list", "seq": 4}))
    line.settimeout(5)
    answers: list[wire.Message] = []
    while not answers or answers[-1].get("re") != 4:
        heard = wire.receive(line)
        assert heard is not None
        answers.append(heard[0])
    assert answers[-1] == {"re": 4, "end": True}
    assert [answer["re"] for answer in answers if "fault" in answer] == [None, 1, 2, 3]
    line.close()


def test_workers_that_die_young_are_started_less_and_less_often(service: Service) -> None:
    begun = time.monotonic()
    seen: set[int] = set()
    while len(seen) < 3:
        pid, line, _ = service.worker()
        line.close()
        seen.add(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert time.monotonic() - begun >= 0.2


def test_the_end_is_in_order_and_leaves_nothing(service: Service, cgroup: list[Path]) -> None:
    pid, line, _ = service.worker()
    line.close()
    left_over = subprocess.Popen(["sleep", "600"], stdin=subprocess.PIPE)
    for directory in cgroup:
        fd = os.open(directory / "c1" / "cgroup.procs", os.O_WRONLY)
        os.write(fd, str(left_over.pid).encode())
        os.close(fd)
    assert service.stop() == 0
    assert left_over.wait(5) == -signal.SIGKILL
    assert left_over.stdin is not None
    left_over.stdin.close()
    assert not any(directory.exists() for directory in cgroup)
    assert not Path(f"/proc/{pid}").exists()
    assert not (service.run_dir / "keeper.pid").exists()


@pytest.fixture
def cgroup() -> Iterator[list[Path]]:
    """A directory of the instance's name in each hierarchy that can have one."""
    made: list[Path] = []
    for row in Path("/proc/self/mountinfo").read_text().splitlines():
        if " - cgroup" in row and "cpuset" not in row.rpartition(" ")[2]:
            directory = Path(row.split(" ")[4]) / "terrarium-srv-keeper"
            with contextlib.suppress(OSError):
                (directory / "c1").mkdir(parents=True)
                made.append(directory)
    assert made
    yield made
    for directory in made:
        for path in (directory / "c1", directory):
            with contextlib.suppress(OSError):
                path.rmdir()


def test_the_last_4096_exits_are_kept() -> None:
    exits = Exits()
    pids = []
    for number in range(20):
        process = os.fork()
        if process == 0:
            os._exit(number)
        pids.append(process)
    deadline = time.monotonic() + 5
    while not {exit.pid for exit in exits.all()}.issuperset(pids):
        exits.reap()
        assert time.monotonic() < deadline
    codes = {exit.pid: os.waitstatus_to_exitcode(exit.status) for exit in exits.all()}
    assert [codes[pid] for pid in pids] == list(range(20))
    assert all(exit.starttime > 0 for exit in exits.all())


async def test_a_line_that_breaks_fails_the_question_and_says_so() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    lost: list[bool] = []
    link = Link(ours, lost=lambda: lost.append(True))
    question = asyncio.create_task(link.drop("x"))
    await asyncio.sleep(0)
    theirs.close()
    with pytest.raises(Fault, match="keeper is gone"):
        await question
    assert lost == [True]
    with pytest.raises(Fault, match="keeper is gone"):
        await link.drop("x")
