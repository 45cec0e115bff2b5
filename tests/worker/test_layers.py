"""What a container does to its files: told as it happens, seen in the next picture, traced, and read in every layer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.errors import Code
from runtime.protocol import client, messages
from runtime.protocol.merge import apply
from runtime.protocol.xray import Event
from tests.worker.instance import Instance

WITHIN = 10.0  # seconds; it takes hundredths, where nothing else runs


@dataclass
class Watch:
    """A page's stream: its events, and the snapshot that its patches add up to."""

    instance: Instance
    id: str
    reader: asyncio.StreamReader
    events: list[Event] = field(default_factory=list)
    picture: Any = None

    async def sh(self, script: str) -> None:
        request = messages.Exec(id=self.id, owner="anna", argv=["sh", "-ec", script])
        result = (await self.instance.ask(request, messages.Executed)).result
        assert result.exit_code == 0, result

    async def listen(self) -> None:
        while (frame := await client.read_frame(self.reader)) is not None:
            reply = client.decode(frame, messages.Reply)
            if isinstance(reply, messages.Happened):
                self.events += reply.events
            elif isinstance(reply, messages.Watched):
                self.picture = msgspec.to_builtins(reply.snapshot)
            elif isinstance(reply, messages.Patched):
                self.picture = apply(self.picture, reply.patch)

    @property
    def changes(self) -> dict[str, str]:
        changes = self.picture["host"]["overlay"]["changes"] if self.picture else {}
        return {path: change["kind"] for path, change in changes.items()}

    async def sees(self, what: str, seen: Callable[[], bool], *, within: float = WITHIN) -> None:
        deadline = time.monotonic() + within
        while not seen():
            assert time.monotonic() < deadline, (
                f"not within {within:g} s: {what}; {self.told[-20:]}; {list(self.changes.items())[-20:]}"
            )
            await asyncio.sleep(0.005)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(event.kind, event.path or "") for event in self.events]

    async def tells(self, script: str, *events: tuple[str, str]) -> list[Event]:
        """Run a script; assert that these are told within a second of its end."""
        self.events.clear()
        await self.sh(script)
        await self.sees(f"{script!r} told as {events}", lambda: set(events) <= set(self.told))
        return [event for event in self.events if (event.kind, event.path) in events]

    async def shows(self, kinds: dict[str, str | None]) -> None:
        """Assert that within a second the picture has these changes, and None of those."""
        await self.sees(f"{kinds}", lambda: all(self.changes.get(path) == kind for path, kind in kinds.items()))


@pytest.fixture
async def watch(instance: Instance, box: messages.Launched) -> AsyncIterator[Watch]:
    id = box.container.id
    reader, writer = await client.connect(instance.config.socket, messages.Watch(id=id, owner="anna"))
    made = Watch(instance, id, reader)
    task = asyncio.create_task(made.listen())
    try:
        await made.sees("a first picture", lambda: made.picture is not None, within=10)
        yield made
    finally:
        task.cancel()
        writer.close()


def _trace(watch: Watch, path: str) -> tuple[str, dict[str, str]]:
    request = messages.Trace(id=watch.id, owner="anna", path=path)
    told = watch.instance.call(request, messages.Traced).provenance
    return told.verdict, {one.layer: one.found for one in told.sightings if one.found != "absent"}


def _read(watch: Watch, path: str, layer: str = "merged") -> messages.FileSeen:
    return watch.instance.call(messages.ReadFile(id=watch.id, owner="anna", path=path, layer=layer), messages.FileSeen)


async def test_an_append_to_a_lower_file_is_told_as_a_copy_up(watch: Watch) -> None:
    (event,) = await watch.tells("echo x >> /etc/passwd", ("copied_up", "/etc/passwd"))
    assert (event.type, event.layer is not None, event.bytes is not None) == ("file", True, True)
    await watch.shows({"/etc/passwd": "copied_up", "/etc": "copied_up"})
    verdict, found = _trace(watch, "/etc/passwd")
    assert (verdict, found["upper"], "hidden" in found.values()) == ("copied_up", "hit", True)
    assert (_read(watch, "/etc/passwd").file.text or "").endswith("x\n")
    await watch.tells("echo y >> /etc/passwd", ("written", "/etc/passwd"))


async def test_a_removed_lower_file_is_told_as_a_whiteout(watch: Watch) -> None:
    await watch.tells("rm /etc/group", ("whiteout", "/etc/group"))
    await watch.shows({"/etc/group": "deleted"})
    verdict, found = _trace(watch, "/etc/group")
    assert (verdict, found["upper"], "hidden" in found.values()) == ("deleted", "whiteout", True)
    assert _read(watch, "/etc/group", "upper").file.entry.mark == "whiteout"


async def test_a_directory_made_anew_over_a_lower_one_is_told_as_opaque(watch: Watch) -> None:
    await watch.tells("rm -r /home; mkdir /home; echo x > /home/new", ("opaque", "/home"), ("created", "/home/new"))
    await watch.shows({"/home": "opaque", "/home/new": "created"})
    assert _trace(watch, "/home")[1]["upper"] == "opaque"
    assert _trace(watch, "/home/student")[0] == "deleted"


async def test_a_moved_lower_directory_is_told_as_what_it_is(watch: Watch) -> None:
    await watch.tells("mv /home /home2", ("created", "/home2"), ("whiteout", "/home"))
    await watch.shows({"/home": "deleted", "/home2": "created"})
    assert _trace(watch, "/home")[0] == "deleted"
    assert _trace(watch, "/home2")[0] == "created"


async def test_a_moved_upper_directory_is_told_as_renamed_and_is_still_listened_to(watch: Watch) -> None:
    await watch.tells("mkdir -p /a/b/c; echo x > /a/b/c/d", ("created", "/a/b/c/d"))
    (event,) = await watch.tells("mv /a /z", ("renamed", "/a"))
    assert (event.to, event.type) == ("/z", "dir")
    await watch.shows({"/a": None, "/z/b/c/d": "created"})
    await watch.tells("echo y > /z/b/c/e", ("created", "/z/b/c/e"))
    await watch.tells("rm -r /z/b", ("removed", "/z/b"))
    await watch.shows({"/z/b": None})


async def test_a_changed_mode_copies_the_whole_file_up(watch: Watch) -> None:
    await watch.tells("chmod 600 /bin/busybox", ("copied_up", "/bin/busybox"))
    upper = watch.instance.call(
        messages.Trace(id=watch.id, owner="anna", path="/bin/busybox"), messages.Traced
    ).provenance.sightings[0]
    assert upper.found == "hit"
    assert not upper.metacopy
    assert (upper.blocks_bytes or 0) >= (upper.size_bytes or 0) > 100_000


async def test_hard_links_links_and_short_lives_are_told(watch: Watch) -> None:
    await watch.tells("echo x > /one; ln /one /two", ("created", "/one"), ("created", "/two"))
    await watch.tells("ln -s /etc/shadow /way", ("created", "/way"))
    await watch.tells("touch /short; rm /short", ("created", "/short"), ("removed", "/short"))
    await watch.tells("rm /two", ("removed", "/two"))
    await watch.shows({"/one": "created", "/two": None, "/way": "created"})


async def test_reading_tells_nothing(watch: Watch) -> None:
    await watch.sh("cat /etc/passwd; ls -lR /etc > /dev/null")
    await watch.tells("touch /end", ("created", "/end"))
    kinds = {"created", "copied_up", "whiteout", "opaque", "renamed", "removed", "written"}
    assert [told for told in watch.told if told[0] in kinds] == [("created", "/end")]


async def test_ids_and_names_are_those_inside(watch: Watch) -> None:
    await watch.tells("touch /mine; chown 33:34 /mine", ("created", "/mine"))
    entry = _read(watch, "/mine").file.entry
    assert (entry.uid, entry.gid) == (33, 34)
    for layer in ("merged", "1"):
        entries = _read(watch, "/", layer).file.entries
        assert entries
        assert {(entry.uid, entry.gid) for entry in entries if entry.name in ("bin", "etc")} == {(0, 0)}


async def test_a_layer_shows_nothing_of_the_host(watch: Watch, tmp_path: Path) -> None:
    await watch.sh(
        "ln -s /proc/1/root/etc/shadow /p; ln -s ../../../../etc/hostname /up; mkfifo /fifo; ln -s / /self;"
        "truncate -s 1G /huge || true"
    )
    for path in ("/p", "/up", "/fifo"):
        view = _read(watch, path).file
        assert (view.text, view.entries) == (None, None)
    outside = tmp_path / "outside"
    outside.touch()
    for path in ("/proc/1/root/etc/shadow", f"/self/../../..{outside}", f"/..{outside}", f"/self/self{outside}"):
        for layer in ("merged", "upper", "0", "1"):
            request = messages.ReadFile(id=watch.id, owner="anna", path=path, layer=layer)
            assert watch.instance.refusal(request).code is Code.NOT_FOUND, (path, layer)
    assert _read(watch, "/proc").file.entries == []  # what is mounted there is the container's own
    assert _read(watch, "/huge").file.truncated
    for path in ("etc", "", "/a\0b", "/" + "x" * 5000):
        fault = watch.instance.refusal(messages.ReadFile(id=watch.id, owner="anna", path=path))
        assert (fault.code, fault.field) == (Code.INVALID_SPEC, "path")
    for ask in (messages.ReadFile, messages.Trace):
        refused = watch.instance.refusal(ask(id=watch.id, owner="eve", path="/"))
        assert refused.message == f"there is no container {watch.id}"


async def test_a_stopped_containers_layers_are_still_there(watch: Watch) -> None:
    await watch.tells("echo kept > /kept; rm /etc/group", ("created", "/kept"))
    await watch.instance.ask(messages.Stop(id=watch.id, owner="anna", grace_seconds=0.1), messages.One)
    assert _read(watch, "/kept").file.text == "kept\n"
    assert _trace(watch, "/etc/group")[0] == "deleted"
    await watch.instance.ask(messages.Start(id=watch.id, owner="anna"), messages.Launched)
    await watch.tells("echo more > /more", ("created", "/more"))


async def test_a_flood_is_let_be_and_what_it_left_is_told(watch: Watch) -> None:
    loop = "i=0; while [ $i -lt 3000 ]; do echo x > /flood/$i; rm /flood/$i; i=$((i+1)); done"
    await watch.sh(f"mkdir /flood; {loop}; echo end > /end")
    await watch.sees("how many were not told", lambda: "more" in dict(watch.told), within=5)
    await watch.shows({"/end": "created", "/flood": "created", "/flood/2999": None})
    files = [event for event in watch.events if event.path and event.path.startswith("/flood")]
    assert len(files) < 3000
    for number in range(20):  # the second in which so much was told is over in one of these
        await watch.sh(f"echo x > /later{number}; sleep 0.2")
        if ("created", f"/later{number}") in watch.told:
            break
    else:
        raise AssertionError(watch.told[-20:])
