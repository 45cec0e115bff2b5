"""A container without a runtime: a shell as PID 1 of its own namespaces, on an overlay, that does what it is told.

`Parked` starts this file as a program of one thread (unshare(2) asks for that), which plays the keeper: it makes a
private mount namespace, mounts the overlay there, and forks what becomes the container. Nothing is left when it ends:
mounts die with their namespace, processes with PID 1.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.kernel import cgroups, libc, procfs
from runtime.kernel.files import write_text
from runtime.kernel.target import Target
from runtime.protocol import model
from tests.support.proc_tree import container as model_of

BASE = 1_979_711_488  # first host id of the container's range
ROOT = Path(__file__).resolve().parents[2]
# CLONE_NEW of uts, mnt, user, pid, net, ipc, cgroup (sched.h); time stays the host's
_NAMESPACES = 0x0400_0000 | 0x0002_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000 | 0x0800_0000 | 0x0200_0000


@dataclass
class Layers:
    """An overlay's directories, all below `top`: `lower1` lies on `lower0`."""

    top: Path

    @property
    def lowerdir(self) -> list[str]:
        return [str(self.top / "lower1"), str(self.top / "lower0")]

    @property
    def upperdir(self) -> str:
        return str(self.top / "upper")

    @property
    def workdir(self) -> str:
        return str(self.top / "work")

    @property
    def merged(self) -> str:
        return str(self.top / "merged")


@contextlib.contextmanager
def layers() -> Iterator[Layers]:
    """Layers with busybox in them, on a tmpfs, owned by the container's root."""
    made = Layers(Path(tempfile.mkdtemp(prefix="terrarium-prb-", dir="/dev/shm")))
    try:
        for name in ("lower0/bin", "lower0/etc/old", "lower0/dev", "lower1/etc", "upper", "work", "merged"):
            (made.top / name).mkdir(parents=True)
        shutil.copy2("/bin/busybox", made.top / "lower0/bin/busybox")
        for applet in ("sh", "sleep", "rm", "mkdir", "mv", "chmod", "cat", "kill"):
            (made.top / "lower0/bin" / applet).symlink_to("busybox")
        for name in ("lower0/etc/motd", "lower0/etc/passwd", "lower0/etc/old/a", "lower0/dev/null", "lower1/etc/issue"):
            (made.top / name).write_text("hello\n")
        for path in [made.top, *made.top.rglob("*")]:
            os.chown(path, BASE, BASE, follow_symlinks=False)
            if path.is_dir():
                path.chmod(0o755)
        yield made
    finally:
        shutil.rmtree(made.top)


class Parked:
    """A running container. `pid` is PID 1 as the host counts it, `keeper` the process above."""

    def __init__(self, on: Layers) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.support.parked", str(on.top)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.keeper = self._program.pid
        self.pid = int(self._line())

    def say(self, command: str) -> str:
        """Let the shell run a line; returns when it has, with the last line it printed."""
        assert self._program.stdin
        self._program.stdin.write(f'{command}\necho "said $!"\n')
        line = ""
        while not (line := self._line()).startswith("said"):
            pass
        return line.removeprefix("said").strip()

    def _line(self) -> str:
        assert self._program.stdout
        line = self._program.stdout.readline()
        if not line:
            raise AssertionError(f"the parked process ended: {self._program.wait(5)}")
        return line.rstrip("\n")

    def end(self) -> None:
        """Let the shell end, and all with it."""
        if self._program.stdin:
            self._program.stdin.close()
        self._program.wait(10)
        if self._program.stdout:
            self._program.stdout.close()


@contextlib.contextmanager
def parked(on: Layers) -> Iterator[Parked]:
    container = Parked(on)
    try:
        yield container
    finally:
        container.end()


def placed(container: Parked, made: cgroups.Group, on: Layers | None = None) -> Target:
    """Put its PID 1 into every cgroup of `made`; it as the probes see it, with its layers if `on` is given."""
    for directory in made.directories:
        Path(directory, "cgroup.procs").write_text(str(container.pid))
    return Target(
        container=model_of(container.pid, host_id=BASE),
        pid=container.pid,
        starttime=procfs.Proc().stat(container.pid).starttime,
        keeper_pid=container.keeper,
        cgroup_mode=made.mode,
        cgroup_paths=made.paths,
        lowerdir=on.lowerdir if on else [],
        upperdir=on.upperdir if on else None,
        workdir=on.workdir if on else None,
        merged=on.merged if on else "",
        layers=[model.Layer(digest=f"sha256:{n}", title=f"layer {n}", size_bytes=1) for n in (1, 0)] if on else [],
    )


@contextlib.contextmanager
def group(name: str, instance: str = "terrarium-prb") -> Iterator[cgroups.Group]:
    """A real cgroup in every hierarchy, below the instance's own. The last one out removes that as well."""
    found = cgroups.detect()
    # a new cpuset has neither processors nor memory, and takes no process
    mounts = {name: mount for name, mount in found.mounts.items() if name != "cpuset"}
    hierarchies = cgroups.Hierarchies(found.mode, mounts)
    parent = hierarchies.group(instance)
    made = parent.child(name)
    try:
        for controller in made.paths:
            made.make(controller)
        if hierarchies.mode == "v2":
            for directory in (hierarchies.mounts[cgroups.UNIFIED], parent.paths[cgroups.UNIFIED]):
                write_text(f"{directory}/cgroup.subtree_control", "+memory +cpu +pids +io")
        yield made
    finally:
        made.kill()
        _removed(made)
        for directory in parent.directories:
            with contextlib.suppress(OSError):
                os.rmdir(directory)


def _removed(made: cgroups.Group) -> None:
    deadline = time.monotonic() + 10
    while left := made.remove():
        if time.monotonic() > deadline:
            raise AssertionError(f"cgroups are still there: {left}")


def _main(top: Path) -> None:
    made = Layers(top)
    libc.unshare(libc.CLONE_NEWNS)
    libc.mount("none", "/", None, libc.MS_REC | libc.MS_PRIVATE)
    options = f"lowerdir={':'.join(made.lowerdir)},upperdir={made.upperdir},workdir={made.workdir}"
    libc.mount("overlay", made.merged, "overlay", 0, options)
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        libc.unshare(_NAMESPACES)
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        first = os.fork()
        if first == 0:
            os.chroot(made.merged)
            os.chdir("/")
            os.execv("/bin/sh", ["sh"])  # noqa: S606
        print(first, flush=True)
        os.waitpid(first, 0)
        os._exit(0)
    os.read(ready[0], 1)
    for kind in ("uid_map", "gid_map"):
        write_text(f"/proc/{child}/{kind}", f"0 {BASE} 65536")
    os.write(go[1], b"x")
    os.waitpid(child, 0)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
