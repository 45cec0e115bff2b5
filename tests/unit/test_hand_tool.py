"""`python -m runtime call` and `watch`, against a fake worker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.__main__ import main
from runtime.protocol import client, messages, xray
from tests.support.fake_worker import FakeWorker


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorker]:
    monkeypatch.setenv("TERRARIUM_RUN_DIR", str(tmp_path))
    with FakeWorker(tmp_path / "worker.sock", tick=0.02) as fake:
        yield fake


def delete_once_watched(worker: FakeWorker, id: str) -> None:
    while not worker.do(lambda: worker.containers[id].watchers):
        pass
    client.call(worker.path, messages.Delete(id=id, owner=None), messages.Done)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["call", *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_x_rays_verbs(worker: FakeWorker, capsys: pytest.CaptureFixture[str]) -> None:
    made = told(capsys, "launch", "image=busybox")["container"]
    id = f"id={made['id']}"
    assert told(capsys, "inspect", id, f"pid={made['pid']}")["process"]["ns_pids"][-1] == 1
    assert told(capsys, "host", "sight=host")["host"]["complete"] is True
    assert told(capsys, "file", id, "path=/etc", "layer=merged")["file"]["entries"]
    assert told(capsys, "provenance", id, "path=/etc/passwd")["provenance"]["verdict"] == "lower"
    assert told(capsys, "seccomp", id)["seccomp"]["rules"]
    assert told(capsys, "freeze", id, "frozen=true")["container"]["frozen"] is True
    assert told(capsys, "limits", id, 'limits={"pids":7}')["container"]["limits"]["pids"] == 7
    assert told(capsys, "metrics")["meters"][0]["id"] == made["id"]


@pytest.mark.parametrize("more", [[], ["--events"]])
def test_watching(more: list[str], worker: FakeWorker, capsys: pytest.CaptureFixture[str]) -> None:
    """Snapshot, changes and what happens; it ends with the container."""
    id = told(capsys, "launch", "image=busybox")["container"]["id"]
    seq = worker.do(lambda: worker.store.happenings.since(id)[-1].seq)
    worker.tell(id, xray.Event(seq=0, at=0.0, kind="throttled", count=2))
    ending = threading.Thread(target=delete_once_watched, args=(worker, id))
    ending.start()
    assert main(["watch", id, "--after", str(seq), *more]) == 0
    ending.join()
    frames = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [frame["re"] for frame in frames]
    assert kinds[0] == ("events" if more else "snapshot")
    assert kinds[-1] == "gone"
    assert ("snapshot" in kinds) is not bool(more)
    told_first = next(frame["events"] for frame in frames if frame["re"] == "events")
    assert (told_first[0]["kind"], told_first[0]["count"]) == ("throttled", 2)
