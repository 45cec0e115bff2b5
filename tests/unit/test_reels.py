"""Recordings on disk: what a crash leaves, what fits, what is compressed, and what no name can reach."""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

import pytest

from runtime.config import RuntimeConfig
from runtime.server import reels
from runtime.server.reels import BLOCK, Kept, Ledger, Reel, is_id, load
from runtime.terminal.cast import Happened
from tests.unit.test_recorder import BEGUN, recording

LARGE = Ledger(10**9, 10**9)


def reel(directory: Path, number: int = 0, ledger: Ledger = LARGE) -> Reel:
    kept = Kept(recording=recording(id=f"{number:024x}"), by="Anna", epoch="e", at=100, size="80x24")
    made = Reel(str(directory), kept, ledger)
    made.create()
    return made


def printed(data: bytes, offset: int, at: float = BEGUN + 1) -> Happened:
    return Happened(at, offset, "output", data)


def finish(made: Reel) -> None:
    made.write([Happened(BEGUN + 9, made.kept.at, "end", "stopped")])
    for _ in made.compress():
        pass


def whole(made: Reel, most: int = BLOCK) -> bytes:
    data = b""
    while part := made.read(len(data), most)[0]:
        data += part
    return data


def test_it_is_for_root_alone_and_named_by_its_id(tmp_path: Path) -> None:
    place = tmp_path / "recordings"
    load(str(place), LARGE)
    made = reel(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert sorted(path.name for path in place.iterdir()) == ["0" * 24 + ".cast", "0" * 24 + ".json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}
    finish(made)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {
        "0" * 24 + ".cast.gz": 0o600,
        "0" * 24 + ".json": 0o600,
    }


def test_what_was_written_and_not_noted_is_written_once(tmp_path: Path) -> None:
    made = reel(tmp_path)
    made.write([printed(b"one \xe2\x82", 106), Happened(BEGUN + 1, 106, "size", "90x30")])
    assert (made.kept.at, made.kept.size) == (104, "90x30")
    path = tmp_path / f"{made.recording.id}.cast"
    noted = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'[0.100,"o","half a li')
    (again,) = load(str(tmp_path), LARGE)
    assert again.kept == made.kept
    again.resume()
    again.write([printed(b"\xe2\x82\xac two", 111, BEGUN + 3)])
    assert path.read_bytes() == noted + '[2.000,"o","€ two"]\n'.encode()
    assert again.recording.bytes == path.stat().st_size
    assert again.recording.seconds == 3.0


def test_at_its_quota_it_ends_and_never_holds_more(tmp_path: Path) -> None:
    made = reel(tmp_path, ledger=Ledger(500, 10_000))
    made.write([printed(b"x" * 100, 100 + n * 100, BEGUN + n) for n in range(1, 20)])
    assert made.recording.ended == "quota"
    assert made.recording.bytes <= 500
    assert whole(made).endswith(b'x"]\n')
    assert made.recording.seconds == whole(made).count(b'"o"')


def test_an_owners_bytes_add_up_to_no_more_than_is_allowed(tmp_path: Path) -> None:
    ledger = Ledger(600, 1000)
    first, second = reel(tmp_path, 1, ledger), reel(tmp_path, 2, ledger)
    for number in range(1, 10):
        for made in (first, second):
            if not made.ended:
                made.write([printed(b"x" * 70, 100 + number * 70)])
    assert {first.recording.ended, second.recording.ended} == {"quota"}
    used = first.recording.bytes + second.recording.bytes
    assert 1000 - 85 < used <= 1000
    assert ledger.room(recording()) == 1000 - used
    assert ledger.room(recording(owner="bert")) == 600
    first.remove()
    first.remove()
    assert ledger.room(recording()) == min(600, 1000 - second.recording.bytes)
    again = Ledger(600, 1000)
    load(str(tmp_path), again)
    assert again.room(recording()) == ledger.room(recording())


def test_compressed_it_reads_the_same_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reels, "BLOCK", 1000)
    made = reel(tmp_path)
    made.write([printed(os.urandom(30).hex().encode(), 100 + n, BEGUN + n) for n in range(100)])
    before = whole(made)
    finish(made)
    assert made.kept.blocks is not None
    assert len(made.kept.blocks) == -(-len(before) // 1000)
    assert whole(made) == whole(made, 77) == before
    assert made.read(1234, 10) == (before[1234:1244], len(before))
    assert made.read(len(before) + 5, 10) == (b"", len(before))
    assert gzip.decompress((tmp_path / f"{made.recording.id}.cast.gz").read_bytes()) == before
    assert not (tmp_path / f"{made.recording.id}.cast").exists()
    (again,) = load(str(tmp_path), LARGE)
    assert whole(again) == before


def test_dead_at_each_step_of_compressing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reels, "BLOCK", 100)
    made = reel(tmp_path)
    made.write([printed(b"x" * 400, 500)])
    before = whole(made)
    made.write([Happened(BEGUN + 9, 500, "end", "stopped")])
    next(made.compress())
    (again,) = load(str(tmp_path), LARGE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0" * 24 + ".cast", "0" * 24 + ".json"]
    for _ in again.compress():
        pass
    (tmp_path / f"{again.recording.id}.cast").write_bytes(before)  # it died before it could remove it
    (last,) = load(str(tmp_path), LARGE)
    assert not (tmp_path / f"{again.recording.id}.cast").exists()
    assert whole(last) == before


def test_read_while_it_is_compressed(tmp_path: Path) -> None:
    """Who looked a moment ago, and opens now, does not miss it."""
    made = reel(tmp_path)
    made.write([printed(b"here", 104), Happened(BEGUN + 9, 104, "end", "stopped")])
    before, looked = whole(made), made.kept
    for _ in made.compress():
        pass
    compressed = made.kept

    class Late(Reel):
        looks = 0

        @property
        def kept(self) -> Kept:
            self.looks += 1
            return looked if self.looks == 1 else compressed

        @kept.setter
        def kept(self, kept: Kept) -> None:
            pass

    late = Late(str(tmp_path), looked, LARGE)
    late.looks = 0
    assert late.read(0, 10**6)[0] == before


def test_lost_it_keeps_whole_lines(tmp_path: Path) -> None:
    made = reel(tmp_path)
    made.write([printed(b"one", 103), printed(b"two", 106, BEGUN + 2)])
    path = tmp_path / f"{made.recording.id}.cast"
    os.truncate(path, path.stat().st_size - 4)  # as after a loss of power
    (again,) = load(str(tmp_path), LARGE)
    again.lose()
    assert again.recording.ended == "lost"
    assert again.recording.ended_at == BEGUN + 2
    assert whole(again).splitlines()[-1] == b'[1.000,"o","one"]'
    path.write_bytes(b"")
    (nothing,) = load(str(tmp_path), LARGE)
    nothing.lose()
    assert nothing.removed
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_ends_it_with_what_was_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = reel(tmp_path)
    made.write([printed(b"one", 103)])
    before = whole(made)

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="no space"):
            made.write([printed(b"two", 106)])
        made.lose()
    assert made.recording.ended == "lost"
    assert whole(made) == before


def test_removed_nothing_is_left_at_whatever_stage(tmp_path: Path) -> None:
    going, ended, packing = reel(tmp_path, 1), reel(tmp_path, 2), reel(tmp_path, 3)
    finish(ended)
    packing.write([Happened(BEGUN + 9, 100, "end", "stopped")])
    chore = packing.compress()
    next(chore)
    for made in (going, ended, packing):
        made.remove()
        made.remove()
        with pytest.raises(FileNotFoundError):
            made.read(0, 10)
    for _ in chore:
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_belongs_to_no_recording_is_swept_and_what_cannot_be_read_is_left(tmp_path: Path) -> None:
    made = reel(tmp_path, 1)
    (tmp_path / f"{2:024x}.cast").write_bytes(b"nobody's")
    (tmp_path / f"{3:024x}.json").write_bytes(b"not json")
    (tmp_path / f"{3:024x}.cast").write_bytes(b"whose?")
    (tmp_path / f"{4:024x}.json").write_bytes((tmp_path / f"{1:024x}.json").read_bytes())
    (tmp_path / "README").write_bytes(b"a person's")
    assert [found.recording.id for found in load(str(tmp_path), LARGE)] == [made.recording.id]
    left = {path.name for path in tmp_path.iterdir()}
    assert f"{2:024x}.cast" not in left
    assert {"README", f"{3:024x}.json", f"{3:024x}.cast", f"{4:024x}.json"} <= left


@pytest.mark.parametrize("id", ["", "..", "../" * 8, "0" * 23, "0" * 25, "G" * 24, "0" * 24 + "\n", "/" + "0" * 23])
def test_what_is_no_id(id: str) -> None:
    assert not is_id(id)
    assert is_id("0123456789abcdef01234567")


def test_settings() -> None:
    plain = RuntimeConfig.from_environ({})
    assert (plain.recording_bytes, plain.recording_owner_bytes) == (50 * 1024**2, 200 * 1024**2)
    assert (plain.recording_owner_count, plain.recording_days) == (100, 30.0)
    assert plain.recordings_dir == Path("/var/lib/terrarium/recordings")
    given = RuntimeConfig.from_environ(
        {
            "TERRARIUM_RECORDING_BYTES": "1000",
            "TERRARIUM_RECORDING_OWNER_BYTES": "2000",
            "TERRARIUM_RECORDING_OWNER_COUNT": "0",
            "TERRARIUM_RECORDING_DAYS": "0.5",
        }
    )
    assert (given.recording_bytes, given.recording_owner_bytes) == (1000, 2000)
    assert (given.recording_owner_count, given.recording_days) == (0, 0.5)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("TERRARIUM_RECORDING_BYTES", "-1"),
        ("TERRARIUM_RECORDING_OWNER_BYTES", "many"),
        ("TERRARIUM_RECORDING_OWNER_COUNT", "-5"),
        ("TERRARIUM_RECORDING_DAYS", "-1"),
        ("TERRARIUM_RECORDING_DAYS", "nan"),
        ("TERRARIUM_RECORDING_DAYS", "inf"),
        ("TERRARIUM_RECORDING_DAYS", "soon"),
    ],
)
def test_settings_that_are_none(key: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=key):
        RuntimeConfig.from_environ({key: wrong})
