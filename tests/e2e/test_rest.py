"""Everything by REST alone, as a script does it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import census
from tests.support.stack import Stack, rest

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")
ROOT = Path(__file__).resolve().parents[2]
OWN = {"mnt", "pid", "net", "ipc", "uts", "user", "cgroup"}


@pytest.fixture
def container(stack: Stack, token: str) -> Iterator[dict]:  # type: ignore[type-arg]
    answer = rest(
        stack, token, "POST", "/containers", {"image": "busybox", "memory_bytes": 64 << 20, "cpus": 0.5, "pids": 24}
    )
    assert answer.status == 201, answer.body
    yield answer.body
    assert rest(stack, token, "DELETE", f"/containers/{answer.body['id']}").status == 204


def execute(stack: Stack, token: str, container: str, *argv: str, **options: object) -> dict:  # type: ignore[type-arg]
    answer = rest(stack, token, "POST", f"/containers/{container}/exec", {"argv": list(argv), **options})
    assert answer.status == 200, answer.body
    return dict(answer.body)


def test_a_new_container_runs_and_answers(stack: Stack, token: str, container: dict) -> None:  # type: ignore[type-arg]
    assert container["state"] == "running"
    assert container["pid"] > 1
    assert container["limits"]["memory_bytes"] == 64 << 20
    result = execute(stack, token, container["id"], "cat", "/proc/1/comm")
    assert result["exit_code"] == 0
    assert result["stdout"].strip() in {"sh", "ash", "busybox"}
    listed = rest(stack, token, "GET", "/containers").body
    assert container["id"] in [one["id"] for one in listed]


def test_the_snapshot_shows_seven_namespaces_of_its_own(stack: Stack, token: str, container: dict) -> None:  # type: ignore[type-arg]
    snapshot = rest(stack, token, "GET", f"/containers/{container['id']}/snapshot").body
    inside, outside = snapshot["container"]["namespaces"], snapshot["host"]["namespaces"]
    assert set(inside) == OWN | {"time"}
    for kind in OWN:
        assert inside[kind]["id"] != outside[kind]["id"], kind
        assert inside[kind]["same_as_host"] is False, kind
    first = next(one for one in snapshot["container"]["processes"] if one["pid"] == 1)
    assert first["ns_pids"] == [container["pid"], 1]
    assert container["pid"] in [one["pid"] for one in snapshot["host"]["processes"]]


def test_memory_beyond_the_limit_is_killed_and_counted(stack: Stack, token: str, container: dict) -> None:  # type: ignore[type-arg]
    result = execute(
        stack, token, container["id"], "sh", "-c", "head -c 200000000 /dev/zero | tail", timeout_seconds=30
    )
    assert result["exit_code"] != 0
    snapshot = rest(stack, token, "GET", f"/containers/{container['id']}/snapshot").body
    assert snapshot["container"]["cgroup"]["summary"]["oom_kills"] >= 1


def test_forks_beyond_the_limit_fail(stack: Stack, token: str, container: dict) -> None:  # type: ignore[type-arg]
    script = "for i in $(seq 60); do sleep 5 & done; wait"
    result = execute(stack, token, container["id"], "sh", "-c", script, timeout_seconds=20)
    assert "can't fork" in result["stderr"]


def test_what_is_wrong_is_named(stack: Stack, token: str) -> None:
    for body, field in [
        ({"image": "no-such"}, "image"),
        ({"image": "busybox", "memory_bytes": 1}, "memory_bytes"),
        ({"image": "busybox", "memory_bytes": 1 << 50}, "memory_bytes"),
        ({"image": "busybox", "cpus": "many"}, "cpus"),
        ({"image": "busybox", "pids": 0}, "pids"),
        ({}, "image"),
    ]:
        answer = rest(stack, token, "POST", "/containers", body)
        assert 400 <= answer.status < 500, (body, answer)
        assert answer.body["field"] == field, (body, answer)
        assert answer.body["code"]
        assert answer.body["message"]


def test_another_persons_container_is_as_if_absent(stack: Stack, token: str, container: dict) -> None:  # type: ignore[type-arg]
    other = stack.token("somebody-else")
    theirs = rest(stack, other, "GET", f"/containers/{container['id']}")
    absent = rest(stack, other, "GET", "/containers/0123456789abcdef")
    assert theirs.status == absent.status == 404
    assert theirs.body["code"] == absent.body["code"]


def test_nothing_is_left_after_delete(stack: Stack, token: str) -> None:
    made = rest(stack, token, "POST", "/containers", {"image": "busybox"}).body
    snapshot = rest(stack, token, "GET", f"/containers/{made['id']}/snapshot").body
    first = next(one for one in snapshot["host"]["processes"] if one["pid"] == made["pid"])
    assert census.cgroups(stack.name, made["id"])
    assert rest(stack, token, "DELETE", f"/containers/{made['id']}").status == 204
    assert rest(stack, token, "DELETE", f"/containers/{made['id']}").status == 204
    assert rest(stack, token, "GET", f"/containers/{made['id']}").status == 404
    assert census.cgroups(stack.name, made["id"]) == []
    assert census.processes_in_range(first["uid"]) == []
    left = [str(path) for top in (stack.run_dir, stack.state_dir) for path in top.rglob(f"*{made['id']}*")]
    assert left == []


def test_the_documents_client_of_pty_v1_comes_back(stack: Stack, token: str) -> None:
    """docs/terminal-protocol.md: four commands in one shell, and a connection that breaks in the midst of them."""
    text = (ROOT / "docs" / "terminal-protocol.md").read_text()
    (program,) = re.findall(r"^```python\n(.+?)^```", text, re.MULTILINE | re.DOTALL)
    environ = os.environ | {"TOKEN": token, "URL": f"{stack.url}/api/v1"}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["true: 0", "ls /nowhere: 1", "sh -c 'exit 7': 7", "exit 3: 3"]
