"""Intent on disk before the act; acts undone in reverse."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.config import RuntimeConfig
from runtime.engine.ground import Ground
from runtime.engine.journal import Journal
from runtime.engine.record import Record
from runtime.engine.steps import Step, perform
from runtime.protocol import model


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    config = RuntimeConfig(state_dir=tmp_path)
    config.containers_dir.mkdir()
    return Journal(config)


def record(id: str = "a" * 16, **changes: Any) -> Record:
    return Record(
        **{
            "id": id,
            "owner": "ada",
            "name": "box",
            "image": "busybox",
            "command": ["sh"],
            "limits": model.Limits(),
            "slot": 3,
            "host_id": 99,
            "state": model.State.CREATING,
            "created_at": 1.5,
            "intent": "create",
            **changes,
        }
    )


def test_records_come_back_as_they_were(journal: Journal, tmp_path: Path) -> None:
    written = [
        journal.write(record()),
        journal.write(record("b" * 16, exit=model.Exit(at=2.0, signal=9, oom=True), layers=[
            model.Layer(digest="sha256:00", title="one", size_bytes=1)])),
    ]  # fmt: skip
    again = Journal(RuntimeConfig(state_dir=tmp_path))
    assert again.load() == []
    assert sorted(again.records.values(), key=lambda one: one.id) == written
    assert os.stat(tmp_path / "containers" / ("a" * 16)).st_mode & 0o077 == 0


def test_unreadable_records_are_told_and_others_load(journal: Journal, tmp_path: Path) -> None:
    journal.write(record())
    for name, text in (("b" * 16, '{"id": "'), ("c" * 16, ""), ("d" * 16, None), ("not-an-id", "{}")):
        (tmp_path / "containers" / name).mkdir()
        if text is not None:
            (tmp_path / "containers" / name / "journal.json").write_text(text)
    stolen = tmp_path / "containers" / ("e" * 16)
    stolen.mkdir()
    (stolen / "journal.json").write_bytes((tmp_path / "containers" / ("a" * 16) / "journal.json").read_bytes())
    again = Journal(RuntimeConfig(state_dir=tmp_path))
    assert again.load() == ["b" * 16, "c" * 16, "d" * 16, "e" * 16]
    assert list(again.records) == ["a" * 16]


def test_forgetting_removes_the_directory(journal: Journal, tmp_path: Path) -> None:
    journal.write(record())
    bundle = tmp_path / "containers" / ("a" * 16)
    (bundle / "etc").mkdir()
    (bundle / "etc" / "hosts").touch()
    (bundle / "config.json").touch()
    journal.forget("a" * 16)
    journal.forget("a" * 16)
    assert not bundle.exists()
    assert journal.records == {}


class Tale:
    """Steps that say what they do."""

    def __init__(self, journal: Journal) -> None:
        self.told: list[str] = []
        self.journal = journal
        self.ground = cast(Ground, self)  # `perform` needs of it only what is here

    def failpoint(self, step: str) -> None:
        """Nothing fails here."""

    def step(self, name: str, error: BaseException | None = None, undo_error: Exception | None = None) -> Step:
        async def ensure() -> None:
            written = self.journal.records["a" * 16]
            assert written.step == name  # the intent came first
            self.told.append(name)
            if error is not None:
                raise error

        async def undo() -> None:
            self.told.append(f"undo {name}")
            if undo_error is not None:
                raise undo_error

        return Step(name, ensure, undo)


async def test_steps_are_journaled_before_they_are_done(journal: Journal) -> None:
    tale = Tale(journal)
    await perform(tale.ground, record(), [tale.step("one"), tale.step("two")])
    assert tale.told == ["one", "two"]


async def test_failure_undoes_all_that_was_begun_in_reverse(journal: Journal) -> None:
    tale = Tale(journal)
    steps = [tale.step("one"), tale.step("two", OSError("no")), tale.step("three")]
    with pytest.raises(OSError, match="no") as caught:
        await perform(tale.ground, record(), steps)
    assert tale.told == ["one", "two", "undo two", "undo one"]
    assert not getattr(caught.value, "__notes__", [])


async def test_undo_that_fails_is_noted_and_the_others_run(journal: Journal) -> None:
    tale = Tale(journal)
    steps = [tale.step("one"), tale.step("two", undo_error=ValueError("stuck")), tale.step("three", OSError("no"))]
    with pytest.raises(OSError, match="no") as caught:
        await perform(tale.ground, record(), steps)
    assert tale.told[3:] == ["undo three", "undo two", "undo one"]
    assert caught.value.__notes__ == ["undo two: stuck"]


async def test_step_under_way_is_finished_before_a_cancellation_undoes_it(journal: Journal) -> None:
    tale = Tale(journal)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await go_on.wait()
        tale.told.append("slow ends")

    async def undo() -> None:
        tale.told.append("undo slow")

    task = asyncio.ensure_future(perform(tale.ground, record(), [Step("slow", slow, undo), tale.step("never")]))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tale.told == ["slow ends", "undo slow"]
