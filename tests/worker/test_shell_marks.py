"""The images' shells tell their terminal where prompts and commands begin, and change nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.config import RuntimeConfig
from runtime.images.build import build
from runtime.images.store import ImageStore
from runtime.protocol import messages
from tests.worker.instance import Instance, Visitor, standing, visit

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")

_OSC = re.compile(rb"\x1b\](133;[^\x07]*|7;[^\x07]*)\x07")
_SHOWN = re.compile(rb"\x1b\][^\x07]*\x07|\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """With both images of this host, built when they are missing, as `./dev test` leaves them for all suites."""
    images = Path(os.environ.get("TERRARIUM_IMAGES_DIR", "/var/lib/terrarium/images"))
    for name in ("busybox", "debian"):
        build(ImageStore(RuntimeConfig(images_dir=images)), name, lambda *_: None)
    with standing(tmp_path_factory.mktemp("marks"), images) as made:
        yield made


class Shell:
    """A shell that somebody types into, one command at a time."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.begun = 0

    @property
    def fresh(self) -> bytes:
        return bytes(self.visitor.screen.output[self.begun :])

    async def prompt(self) -> None:
        await self.visitor.sees(lambda: b"\x1b]133;B\x07" in self.fresh)

    async def run(self, line: str) -> list[str]:
        """The marks from Enter to the next prompt's end."""
        self.begun = len(self.visitor.screen.output)
        self.visitor.type(line.encode() + b"\n")
        await self.prompt()
        return self.marks()

    def marks(self) -> list[str]:
        return [mark.decode() for mark in _OSC.findall(self.fresh)]

    def shown(self) -> str:
        """The lines between the command and the prompt."""
        return _SHOWN.sub(b"", self.fresh).decode(errors="replace").replace("\r", "")


@asynccontextmanager
async def shell(instance: Instance, image: str) -> AsyncIterator[Shell]:
    launched = instance.launch(image=image)
    try:
        async with visit(instance, launched.container.id) as visitor:
            found = Shell(visitor)
            await found.prompt()
            yield found
    finally:
        await instance.ask(messages.Delete(id=launched.container.id, owner=None), messages.Done)


def kinds(marks: list[str]) -> list[str]:
    """Without the directory."""
    return [mark.removeprefix("133;") for mark in marks if mark.startswith("133;")]


async def test_bash_marks_prompts_commands_and_how_they_ended(instance: Instance) -> None:
    async with shell(instance, "debian") as bash:
        first = bash.marks()
        assert kinds(first) == ["A", "B"]  # nothing has run yet
        assert re.fullmatch(r"7;file://[\w-]+/root", first[0])
        for line, status in (
            ("true", 0),
            ("false", 1),
            ("(exit 42)", 42),
            ("nothing-of-this-name", 127),
            ("(kill -9 $BASHPID)", 137),
        ):
            assert kinds(await bash.run(line)) == ["C", f"D;{status}", "A", "B"], line
        assert kinds(await bash.run("")) == ["A", "B"]  # Enter alone is no command
        assert kinds(await bash.run("false | true; echo $?")) == ["C", "D;0", "A", "B"]
        await bash.run("false")
        await bash.run("echo status $?")
        assert "status 1" in bash.shown()  # $? is as it was
        bash.begun = len(bash.visitor.screen.output)
        bash.visitor.type(b"half a comm\x03")
        await bash.prompt()
        assert kinds(bash.marks()) == ["A", "B"]
        bash.begun = len(bash.visitor.screen.output)
        bash.visitor.type(b"for each in 1 2\ndo echo $each\ndone\n")
        await bash.prompt()
        assert kinds(bash.marks()) == ["C", "D;0", "A", "B"]


async def test_bash_tells_the_directory_letter_by_letter(instance: Instance) -> None:
    async with shell(instance, "debian") as bash:
        await bash.run("mkdir -p '/tmp/a b%/日'")
        cwd = [mark for mark in await bash.run("cd '/tmp/a b%/日'") if mark.startswith("7;")]
        assert len(cwd) == 1
        assert cwd[0].endswith("/tmp/a%20b%25/%E6%97%A5")
        await bash.run("mkdir $'/tmp/bell\\a\\e]0;x' && cd $'/tmp/bell\\a\\e]0;x'")
        assert any(mark.endswith("/tmp/bell%07%1B%5D0%3Bx") for mark in bash.marks())


async def test_bash_is_otherwise_as_it_was(instance: Instance) -> None:
    async with shell(instance, "debian") as bash:
        await bash.run("env | grep -i -c -E 'terrarium|prompt_|ps[01]='")
        assert bash.shown().split("\n")[1] == "0"
        for option in ("-u", "-e", "-o pipefail"):
            assert kinds(await bash.run(f"set {option}")) == ["C", "D;0", "A", "B"]
            assert kinds(await bash.run("true")) == ["C", "D;0", "A", "B"]
            assert "unbound" not in bash.shown()
            await bash.run(f"set {option.replace('-', '+', 1)}")
        await bash.run("set -x")
        await bash.run("echo hello")
        assert [line for line in bash.shown().split("\n") if line.startswith("+")] == ["+ echo hello"]
        assert "__terrarium" not in bash.shown()


async def test_a_students_own_bashrc_is_theirs(instance: Instance) -> None:
    async with shell(instance, "debian") as bash:
        await bash.run("""printf '%s\\n' 'PROMPT_COMMAND="mine=1"' "PS1='one\\ntwo> '" 'PS0=go' > ~/.bashrc""")
        assert kinds(await bash.run("bash"))[-2:] == ["A", "B"]
        assert "one\ntwo> " in bash.shown()
        assert kinds(await bash.run("echo $mine; false")) == ["C", "D;1", "A", "B"]
        assert "\ngo1\n" in bash.shown()
        await bash.run("PS1='again> '")
        assert kinds(await bash.run("true")) == ["C", "D;0", "A", "B"]
        assert bash.shown().endswith("again> ")


async def test_nothing_is_marked_where_nobody_types_or_nothing_would_understand(instance: Instance) -> None:
    async with shell(instance, "debian") as bash:
        await bash.run("bash -lc 'echo script' | od -c | head -2; bash -c 'echo $PROMPT_COMMAND'")
        assert "033" not in bash.shown()
        bash.begun = len(bash.visitor.screen.output)
        bash.visitor.type(b"TERM=dumb bash --noprofile; echo over\necho plain $TERM\nexit\n")
        await bash.visitor.sees(
            lambda: b"over\r\n" in bash.fresh and b"\x1b]133;B" in bash.fresh.split(b"over\r\n")[-1]
        )
        plain = bash.fresh.split(b"plain dumb", 1)[1].split(b"exit", 1)[0]
        assert b"\x1b]" not in plain


async def test_ash_marks_as_much_as_it_can(instance: Instance) -> None:
    async with shell(instance, "busybox") as ash:
        assert kinds(await ash.run("true")) == ["D;0", "A", "B"]
        assert kinds(await ash.run("false")) == ["D;1", "A", "B"]
        assert kinds(await ash.run("(exit 42)")) == ["D;42", "A", "B"]
        await ash.run("false")
        await ash.run("echo status $?")
        assert "status 1" in ash.shown()
        assert kinds(await ash.run("set -u")) == ["D;0", "A", "B"]
        marks = await ash.run("mkdir '/tmp/a %' && cd '/tmp/a %'")
        assert next(mark for mark in marks if mark.startswith("7;")).endswith("/tmp/a %25")
        assert re.search(r"root@[\w-]+:/tmp/a %# $", ash.shown())
        await ash.run("env | grep -c 133")
        assert ash.shown().split("\n")[1] == "0"
        ash.begun = len(ash.visitor.screen.output)
        ash.visitor.type(b"TERM=dumb sh -l\n")
        await ash.visitor.sees(lambda: ash.fresh.count(b"# ") >= 1)
        assert b"\x1b]" not in ash.fresh
