"""The carrier's file, and its way where the kernel gives no nameless ones: the very code, in a test's directory."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.kernel import confined, libc, porter


class Talk:
    """A pipe full of orders, and what was answered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *frames: bytes) -> None:
        self.said: list[tuple[bytes, bytes]] = []
        self._rest = b"".join((len(frame)).to_bytes(4, "big") + frame for frame in frames)
        monkeypatch.setattr(porter, "_chunks", self._chunks)
        monkeypatch.setattr(porter, "_say", lambda letter, body: self.said.append((letter, body)))

    def _chunks(self, count: int) -> Iterator[bytes]:
        if len(self._rest) < count:
            raise porter.Ended
        part, self._rest = self._rest[:count], self._rest[count:]
        yield part


@pytest.fixture(params=["nameless", "named"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """`named`: as on a kernel that will not give a nameless file a name."""
    if request.param == "named":

        def refuse(fd: int, directory: int, name: bytes) -> None:
            raise OSError(errno.ENOENT, "linkat")

        monkeypatch.setattr(libc, "link_open", refuse)
    return str(request.param)


def put(directory: Path, talk: Talk, name: bytes = b"/note", *, replace: bool = False, most: int = 1000) -> None:
    root = confined.root(str(directory))
    try:
        carrier = porter._Put(root, name, {"replace": replace, "most": most})
        monkey = pytest.MonkeyPatch()
        with monkey.context() as patch:
            patch.setattr(os, "fchown", lambda *_: None)  # a test may not be root
            carrier.serve(-1)
    finally:
        os.close(root)


@pytest.fixture(autouse=True)
def _no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipe is the test's list: there is nothing to wait for."""
    head = porter._head
    monkeypatch.setattr(porter, "_head", lambda _pidfd: head(None))


def test_it_is_there_when_it_is_whole(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk(monkeypatch, b"Done, ", b"Dtwo", b"E")
    with pytest.raises(porter.Ended):
        put(tmp_path, talk)
    assert [struct.unpack("!Q", body)[0] for letter, body in talk.said if letter == b"K"] == [0, 5, 8, 8]
    assert os.listdir(tmp_path) == ["note"]
    assert (tmp_path / "note").read_bytes() == b"one, two"
    assert (tmp_path / "note").stat().st_mode & 0o7777 == 0o644


def test_what_breaks_off_leaves_nothing(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(porter.Ended):
        put(tmp_path, Talk(monkeypatch, b"Dhalf"))
    assert os.listdir(tmp_path) == []


def test_a_taken_name(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "note").write_text("old")
    with pytest.raises(porter.Refusal, match="taken"):
        put(tmp_path, Talk(monkeypatch, b"Dnew", b"E"))
    with pytest.raises(porter.Ended):
        put(tmp_path, Talk(monkeypatch, b"Dnew", b"E"), replace=True)
    assert os.listdir(tmp_path) == ["note"]
    assert (tmp_path / "note").read_text() == "new"


def test_a_name_taken_at_the_last_moment(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    look = porter._Put._look

    def look_and_lose(carrier: porter._Put) -> None:
        look(carrier)
        (tmp_path / "note").write_text("theirs")

    monkeypatch.setattr(porter._Put, "_look", look_and_lose)
    with pytest.raises(porter.Refusal) as caught:
        put(tmp_path, Talk(monkeypatch, b"Dnew", b"E"))
    assert (caught.value.word, caught.value.number) == ("publish", errno.EEXIST)
    assert os.listdir(tmp_path) == ["note"]
    assert (tmp_path / "note").read_text() == "theirs"


def test_more_than_may_be(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(porter.Refusal, match="too-big"):
        put(tmp_path, Talk(monkeypatch, b"D" + b"x" * 600, b"D" + b"x" * 600), most=1000)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("frames", [[b"X"], [b"Emore"], [b"R" + bytes(12)]])
def test_what_it_does_not_know(tmp_path: Path, frames: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(porter.Refusal, match="protocol"):
        put(tmp_path, Talk(monkeypatch, *frames))
    assert os.listdir(tmp_path) == []


def test_every_refusal_has_words() -> None:
    from runtime.engine.transfers import _refused

    for word in porter.WORDS:
        fault = _refused("k3v9q0x2b7mdz1ce", word, None)
        assert fault.message
        assert fault.errno is None
    for name in errno.errorcode.values():
        assert _refused("k3v9q0x2b7mdz1ce", "write", name).message
