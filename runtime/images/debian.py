"""`debian`: a small Debian (or Ubuntu) from the archive this host itself installs from, and teaching tools above it.

A third layer has our settings, which change more often than the packages and need no archive.

Two steps, one download. mmdebstrap makes the base and fetches, without installing, the packages of the second
layer; those are then installed without network in an overlay over the base, whose upper directory is the second
layer: exactly what a `RUN apt-get install` line of a Dockerfile leaves.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from runtime.errors import Code, Fault
from runtime.images import archive, shell, tree
from runtime.images.recipe import Recipe, Report
from runtime.images.store import Stored
from runtime.images.workshop import Workshop
from runtime.protocol import model

TOOLS = (
    "iproute2", "iputils-ping", "less", "nano", "procps", "psmisc", "python3-minimal", "strace", "vim-tiny",
)  # fmt: skip
SETTINGS = "settings: marks for the terminal"
LEFT_OUT = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/lintian/*", "/usr/share/doc/*")

TRACES = (
    "etc/apt/apt.conf.d/99mmdebstrap", "etc/hostname", "etc/machine-id", "etc/resolv.conf",
    "var/cache/debconf/templates.dat-old", "var/cache/ldconfig/aux-cache",
)  # fmt: skip

BASHRC = """\
# ~/.bashrc of Terrarium's debian image
[ -z "$PS1" ] && return
PS1='\\[\\e[1;32m\\]\\u@\\h\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]\\$ '
HISTCONTROL=ignoreboth
shopt -s checkwinsize
eval "$(dircolors -b)"
alias ls='ls --color=auto' grep='grep --color=auto' ll='ls -l' ip='ip -color=auto'
"""
PROFILE = """\
export LANG=C.UTF-8
[ "$BASH" ] && [ -f ~/.bashrc ] && . ~/.bashrc
"""

# A mount and pid namespace of its own: whatever ends the build, no mount and no process of it stays.
_ALONE = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child")

# $1 base, $2 upper, $3 work, $4 merged, $5 the lists and packages that were fetched; then the packages' names.
_INSTALL = """
base=$1 upper=$2 work=$3 merged=$4 fetched=$5
shift 5
mount -t overlay -o "lowerdir=$base,upperdir=$upper,workdir=$work,redirect_dir=off,metacopy=off,index=off" \
    overlay "$merged"
mount --bind "$fetched/lists" "$merged/var/lib/apt/lists"
mount --bind "$fetched/archives" "$merged/var/cache/apt/archives"
mount -t tmpfs -o mode=1777 tmpfs "$merged/tmp"
mount -t tmpfs -o mode=755 tmpfs "$merged/run"
mount -t tmpfs -o mode=755 tmpfs "$merged/dev"
for node in null zero full random urandom; do
    : > "$merged/dev/$node"
    mount --bind "/dev/$node" "$merged/dev/$node"
done
mount -t proc proc "$merged/proc"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    chroot "$merged" apt-get install --yes --no-download --no-install-recommends "$@"
"""

_COUNTED = re.compile(r"(Get:\d+ .*\.?deb|Get:\d+ |Selecting previously|Unpacking |Setting up )")


def build(place: Workshop, report: Report) -> list[model.Layer]:
    """Raises `Fault(spawn-failed)` with the last words of the program that failed."""
    source = archive.of_this_host()
    base, fetched = place.directory / "base", place.directory / "fetched"

    report(f"reading the package lists of {source.title}", 0.0)
    _bootstrap(source, base, place, _share(report, 0.0, 0.65))
    released = _set_apart(base, fetched)
    _finish_base(base)
    tree.clamp_mtimes(base, released)

    report("installing the teaching tools", 0.65)
    upper = _install_tools(base, fetched, place, _share(report, 0.65, 0.95))
    tree.clamp_mtimes(upper, released)

    report("sealing the layers", 0.95)
    third = _settings(place, base)
    first = place.adopt(base, f"{source.title}: the smallest system that has apt")
    second = place.adopt(upper, f"teaching tools: {', '.join(TOOLS)}")
    return [third, second, first]


def renew(place: Workshop, stored: Stored) -> list[model.Layer]:
    """Other settings over the same packages, also where there was no such layer yet."""
    kept = [
        (layer, path)
        for layer, path in zip(stored.image.layers, stored.lowerdirs, strict=True)
        if layer.title != SETTINGS
    ]
    return [_settings(place, kept[-1][1]), *(layer for layer, _ in kept)]


def _settings(place: Workshop, base: Path) -> model.Layer:
    """By the date of the file that they add to, so that the same base gives the same layer."""
    bashrc = base / "etc/bash.bashrc"
    settings = place.directory / "settings"
    settings.mkdir()
    shell.write_bash(settings, bashrc.read_text())
    tree.clamp_mtimes(settings, bashrc.stat().st_mtime)
    return place.adopt(settings, SETTINGS)


def _bootstrap(source: archive.Archive, base: Path, place: Workshop, report: Report) -> None:
    scratch = place.directory / "scratch"
    scratch.mkdir()
    fetch = "apt-get --yes --download-only --no-install-recommends install"
    command = [
        *_ALONE, "env", f"TMPDIR={scratch}", "mmdebstrap", "--verbose",
        "--mode=root", "--variant=minbase", "--format=directory", "--skip=cleanup/apt",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        *(f"--aptopt={option}" for option in source.options),
        f'--customize-hook=APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" {fetch} {" ".join(TOOLS)}',
        source.suite, str(base), *(["-"] if source.lines else []),
    ]  # fmt: skip
    phases = {
        "running apt-get update": ("reading package lists", 0.02),
        "downloading packages": ("downloading packages", 0.1),
        "extracting archives": ("unpacking the base", 0.35),
        "installing essential": ("installing the base", 0.4),
        "installing remaining": ("installing apt", 0.7),
        "running --customize-hook": ("downloading the teaching tools", 0.85),
    }
    watch = _Watch(report, phases, expected=330)
    _run(command, place, watch.line, stdin="\n".join(source.lines), what="mmdebstrap")


def _install_tools(base: Path, fetched: Path, place: Workshop, report: Report) -> Path:
    paths = [base, *(place.directory / name for name in ("upper", "work", "merged")), fetched]
    for path in paths[1:4]:
        path.mkdir()
    watch = _Watch(report, {"Unpacking": ("unpacking the teaching tools", 0.05)}, expected=130)
    _run(
        [*_ALONE, "sh", "-euc", _INSTALL, "install", *map(str, paths), *TOOLS],
        place, watch.line, what="installing the teaching tools",
    )  # fmt: skip
    upper = paths[1]
    for name in ("run", "tmp", "dev", "proc", "var/log", "var/cache"):
        shutil.rmtree(upper / name, ignore_errors=True)
    # Debian 12 gives ping a file capability that a container's bounding set lacks, and exec then fails with EPERM.
    # It needs none, nor has it one in Debian 13: containers have `net.ipv4.ping_group_range`.
    ping = upper / "usr/bin/ping"
    if "security.capability" in os.listxattr(ping):
        os.removexattr(ping, "security.capability")
    tree.clean_upper(upper)
    return upper


def _set_apart(base: Path, fetched: Path) -> float:
    """Move apt's lists and the fetched packages out of the base; returns the archive's newest date (Unix time)."""
    fetched.mkdir()
    released = max((archive.release_date(path) for path in (base / "var/lib/apt/lists").glob("*Release")), default=0.0)
    for path, name in (("var/lib/apt/lists", "lists"), ("var/cache/apt/archives", "archives")):
        (base / path).rename(fetched / name)
        (base / path / "partial").mkdir(parents=True)
    for cache in (base / "var/cache/apt").glob("*.bin"):
        cache.unlink()
    return released


def _finish_base(base: Path) -> None:
    """What a container is not to find (device nodes, the build's traces), and what it is to find."""
    for name, mode in {"dev": 0o755, "proc": 0o555, "sys": 0o555, "run": 0o755, "tmp": 0o1777}.items():
        shutil.rmtree(base / name)
        (base / name).mkdir()
        (base / name).chmod(mode)
    for log in base.glob("var/log/**/*"):
        if log.is_file():
            log.unlink()
    for name in TRACES:
        (base / name).unlink(missing_ok=True)
    (base / "root/.bashrc").write_text(BASHRC)
    (base / "root/.profile").write_text(PROFILE)
    (base / "etc/skel/.bashrc").write_text(BASHRC)


class _Watch:
    """Turns a program's lines into progress: each phase starts at a known fraction, each package moves it on."""

    def __init__(self, report: Report, phases: dict[str, tuple[str, float]], *, expected: int) -> None:
        self._report, self._phases, self._step = report, phases, 1 / expected
        self._text, self._done = "starting", 0.0

    def line(self, line: str) -> None:
        """Take one line of output."""
        for mark, (text, start) in self._phases.items():
            if line.removeprefix("I: ").startswith(mark):
                self._text, self._done = text, max(self._done, start)
                break
        else:
            if not _COUNTED.match(line):
                return
            self._done = min(self._done + self._step, 0.99)
        self._report(self._text, self._done)


def _share(report: Report, start: float, end: float) -> Report:
    """A report for one part of the work, from fraction `start` to `end` of the whole."""
    return lambda text, done: report(text, start + (end - start) * done)


def _run(command: Sequence[str], place: Workshop, line: Callable[[str], None], *, what: str, stdin: str = "") -> None:
    """Run a program, each line of its output given to `line`. It holds the build's lock as long as it lives."""
    last: deque[str] = deque(maxlen=200)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", pass_fds=(place.lock_fd,),
    ) as child:  # fmt: skip
        try:
            if child.stdin and child.stdout:  # always, with PIPE; for the type checker
                child.stdin.write(stdin)
                child.stdin.close()
            for text in child.stdout or ():
                last.append(text.rstrip())
                line(text)
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        raise Fault(
            Code.SPAWN_FAILED,
            f"{what} ended with {child.returncode}: {_reason(last)}",
            hint="The package archive must be within reach: try sudo apt-get update. busybox needs no network.",
            op=what,
        )


def _reason(lines: deque[str]) -> str:
    """The lines that say what went wrong, else the last ones."""
    errors = [line for line in lines if line.startswith(("E:", "Err:", "dpkg: error"))]
    return " / ".join((errors or list(lines))[-4:])[:800]


RECIPE = Recipe(
    name="debian",
    title="Debian with teaching tools",
    command=["/bin/bash", "-l"],
    needs={"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "apt-get": "apt"},
    build=build,
    renew=renew,
)
