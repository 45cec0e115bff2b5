"""The kernel tells of real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from runtime.kernel import connector
from runtime.kernel.connector import EXEC, EXIT, FORK, Happening

pytestmark = pytest.mark.requires("root")


def _own(found: list[Happening], parent: int) -> list[Happening]:
    pids = {parent}
    own = []
    for one in found:
        if one.what == FORK and one.ppid in pids:
            pids.add(one.pid)
        if one.pid in pids and one.pid != parent:
            own.append(one)
    return own


def test_the_kernel_tells_each_step_of_a_processs_life_and_its_status() -> None:
    listening = connector.Connector()
    try:
        child = subprocess.Popen([sys.executable, "-c", "import os; os._exit(7)"])
        child.wait(30)
        found: list[Happening] = []
        deadline = time.monotonic() + 5
        while not any(one.what == EXIT and one.pid == child.pid for one in found):
            assert time.monotonic() < deadline
            more, lost = listening.read(1000)
            assert not lost
            found += more
        steps = [one for one in _own(found, os.getpid()) if one.pid == child.pid]
        assert [one.what for one in steps] == [FORK, EXEC, EXIT]
        assert os.waitstatus_to_exitcode(steps[-1].status) == 7
        assert steps[0].at_ns < steps[-1].at_ns <= time.monotonic_ns()
    finally:
        listening.close()


def test_threads_are_dropped_in_the_kernel() -> None:
    code = "import threading\nfor _ in range(50):\n t = threading.Thread(target=int); t.start(); t.join()"
    listening = connector.Connector()
    try:
        child = subprocess.Popen([sys.executable, "-c", code])
        child.wait(30)
        found, _ = listening.read(10_000)
        assert sum(one.pid == child.pid or one.ppid == child.pid for one in found) == 3
    finally:
        listening.close()


def test_where_the_kernel_would_not_answer_it_is_said() -> None:
    code = (
        "from runtime.kernel.connector import Connector\n"
        "try:\n Connector()\n"
        "except OSError as error:\n print(error.errno, error.strerror)"
    )
    for namespace in ("--net", "--user"):
        command = ["unshare", namespace, sys.executable, "-c", code]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
        assert said.strip(), namespace


def test_what_finds_no_room_is_owned_up_to_and_what_follows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "ROOM", 4096)
    listening = connector.Connector()
    try:
        for _ in range(60):
            os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
        _, lost = listening.read(10_000)
        assert lost
        pid = os.posix_spawn("/bin/true", ["true"], {})
        os.waitpid(pid, 0)
        found, lost = listening.read(10_000)
        assert not lost
        assert any(one.what == EXIT and one.pid == pid for one in found)
    finally:
        listening.close()
