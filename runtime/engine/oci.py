"""The OCI runtime's command line: create, start, exec, delete."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess

from runtime.config import RuntimeConfig
from runtime.engine import spawn
from runtime.errors import Code, Fault
from runtime.kernel.files import read_text

SECONDS = 20.0
"""After which a runtime that says nothing is killed."""

_MESSAGE = re.compile(r'msg="((?:[^"\\]|\\.)*)"')


class OciRuntime:
    """One runtime program and its state directory. All methods raise `Fault`: `spawn-failed` or `timeout`."""

    def __init__(self, config: RuntimeConfig) -> None:
        self.program = shutil.which(config.oci_runtime) or config.oci_runtime
        self.name = os.path.basename(self.program)
        self.root = str(config.oci_root)

    @property
    def enters_subgroups(self) -> bool:
        """Whether `exec --cgroup` is there, controller by controller."""
        return self.name == "runc"

    async def create(self, id: str, *, bundle: str, console_socket: str, pid_file: str) -> int:
        """Make the container; PID 1 waits to be started. Returns its pid."""
        await self._run(
            *("create", "--bundle", bundle, "--console-socket", console_socket, "--pid-file", pid_file, id),
            op="create",
        )
        return int(read_text(pid_file))

    async def start(self, id: str) -> None:
        """Let PID 1 run its program; a program that is not there is `spawn-failed`."""
        await self._run("start", id, op="start")

    async def exec_tty(self, id: str, *, process: str, console_socket: str, pid_file: str) -> int:
        """Run process.json inside on a new pty. Returns its pid, which may be gone already."""
        options = ("--detach", "--process", process, "--console-socket", console_socket, "--pid-file", pid_file)
        await self._run("exec", *options, id, op="exec")
        return int(read_text(pid_file))

    def exec_piped(
        self, id: str, *, process: str, pid_file: str, cgroup: str | None, stdio: tuple[int, int, int]
    ) -> subprocess.Popen[bytes]:
        """Begin `exec` on the given descriptors; the program inside inherits them, the runtime itself soon ends.

        Errors of the runtime itself go to the third of `stdio`.
        """
        subgroup = ["--cgroup", cgroup] if cgroup else []
        argv = [*self._global("/dev/null"), "exec", "--detach", "--process", process, "--pid-file", pid_file]
        return subprocess.Popen(
            [*argv, *subgroup, id],
            stdin=stdio[0],
            stdout=stdio[1],
            stderr=stdio[2],
            cwd="/",
            env=spawn.ENVIRONMENT,
            umask=spawn.UMASK,
            start_new_session=True,
        )

    def knows(self, id: str) -> bool:
        """Whether the runtime has anything of that name."""
        return os.path.isdir(f"{self.root}/{id}")

    async def delete(self, id: str) -> None:
        """Let the runtime forget the container, kill it if it lives. Not there: no error.

        What a runtime that was killed half-way left, a directory that it does not own up to, is removed here.
        """
        state = f"{self.root}/{id}"
        if not self.knows(id):
            return
        with contextlib.suppress(Fault):
            await self._run("delete", "--force", id, op="delete")
        shutil.rmtree(state, ignore_errors=True)

    def _global(self, log: str | None = None) -> list[str]:
        return [self.program, "--root", self.root, *(("--log", log) if log else ())]

    async def _run(self, *arguments: str, op: str) -> bytes:
        done = await spawn.run([*self._global(), *arguments], seconds=SECONDS, null_stdin=self.name != "crun")
        if done.code != 0:
            raise Fault(Code.SPAWN_FAILED, f"{self.name} {op}: {reason(done.stderr)}", op=op)
        return done.stdout


def reason(stderr: bytes) -> str:
    """The runtime's last complaint, out of its log line."""
    text = stderr.decode(errors="backslashreplace").strip()
    found = _MESSAGE.findall(text)
    if found:
        return str(found[-1]).replace('\\"', '"')
    return text.splitlines()[-1] if text else "it ended without a word"


def missing_program(complaint: str, argv: list[str]) -> str | None:
    """The sentence for a program that cannot be run inside, if that is what the runtime complains of."""
    for words, sentence in (
        ("executable file not found", "not found in the container"),
        ("no such file or directory", "not found in the container"),
        ("permission denied", "not executable in the container"),
        ("exec format error", "not a program for this machine"),
        ("is a directory", "not executable in the container"),
    ):
        if words in complaint and "exec" in complaint and argv[0] in complaint:
            return f"{sentence}: {argv[0]}"
    return None
