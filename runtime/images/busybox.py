"""`busybox`: one static program under its many names, and a second layer with the few files a shell wants."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from runtime.errors import Code, Fault
from runtime.images import tree
from runtime.images.recipe import Recipe, Report
from runtime.images.shell import ASH_LINES
from runtime.images.store import Stored
from runtime.images.workshop import Workshop
from runtime.protocol import model

USERS = """\
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
student:x:1000:1000:student:/home/student:/bin/sh
"""
GROUPS = """\
root:x:0:
tty:x:5:
nogroup:x:65534:
student:x:1000:
"""
PROFILE = """\
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LANG=C.UTF-8 PAGER=less ENV=/etc/shrc
. /etc/shrc
"""
SHRC = (
    """\
if [ "$(id -u)" = 0 ]; then
  PS1='\\[\\e[1;32m\\]\\u@\\h\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]# '
else
  PS1='\\[\\e[1;32m\\]\\u@\\h\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]$ '
fi
alias ll='ls -l'
"""
    + ASH_LINES
)
FILES = {
    "etc/passwd": (0o644, USERS),
    "etc/group": (0o644, GROUPS),
    "etc/shadow": (0o600, "root:*:::::::\nnobody:*:::::::\nstudent:*:::::::\n"),
    "etc/profile": (0o644, PROFILE),
    "etc/shrc": (0o644, SHRC),
    "etc/shells": (0o644, "/bin/sh\n/bin/ash\n"),
    "etc/os-release": (0o644, 'ID=busybox\nNAME="BusyBox"\nPRETTY_NAME="BusyBox, one program with many names"\n'),
}


def build(place: Workshop, report: Report) -> list[model.Layer]:
    """Raises `Fault(image-invalid)` when the host's busybox needs a dynamic linker."""
    program = Path(shutil.which("busybox") or "/bin/busybox").resolve()
    if b"/ld-linux" in program.read_bytes()[:4096]:
        raise Fault(
            Code.IMAGE_INVALID,
            f"{program} is linked dynamically, a container would not find its libraries",
            hint="sudo apt-get install busybox-static",
        )
    # The program's own date on everything: the same busybox gives the same layers.
    date = program.stat().st_mtime

    report("copying the program and naming its applets", 0.1)
    base = place.directory / "base"
    applets = _install(program, base)
    tree.clamp_mtimes(base, date)
    first = place.adopt(base, f"{_version(program)}: one static program, {applets} names")

    report("writing the settings of the shell", 0.7)
    return [_settings(place, date), first]


def _settings(place: Workshop, date: float) -> model.Layer:
    settings = place.directory / "settings"
    for directory in ("etc", "root", "home", "home/student", "var", "var/tmp"):
        (settings / directory).mkdir(parents=True)
        (settings / directory).chmod(0o755)  # mkdir's is cut by the umask
    for name, (mode, text) in FILES.items():
        (settings / name).write_text(text)
        (settings / name).chmod(mode)
    (settings / "root").chmod(0o700)
    (settings / "var/tmp").chmod(0o1777)
    os.chown(settings / "home/student", 1000, 1000)
    tree.clamp_mtimes(settings, date)
    return place.adopt(settings, "settings: users, groups, the shell's profile")


def renew(place: Workshop, stored: Stored) -> list[model.Layer]:
    """Other settings over the same program, by the program's own date."""
    program = stored.lowerdirs[-1] / "bin/busybox"
    return [_settings(place, program.stat().st_mtime), stored.image.layers[-1]]


def _install(program: Path, root: Path) -> int:
    """Copy the program to `bin/busybox` and make one symlink an applet; returns how many."""
    target = root / "bin/busybox"
    target.parent.mkdir(parents=True)
    shutil.copyfile(program, target)
    target.chmod(0o755)
    listed = subprocess.run([str(program), "--list-full"], check=True, capture_output=True, text=True).stdout.split()
    names = [name for name in listed if name.startswith(("bin/", "sbin/", "usr/")) and name != "bin/busybox"]
    for name in names:
        link = root / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(target, link.parent))
    return len(names)


def _version(program: Path) -> str:
    """`BusyBox v1.35.0`."""
    shown = subprocess.run([str(program), "--help"], check=False, capture_output=True, text=True)
    return " ".join((shown.stdout + shown.stderr).split()[:2])


RECIPE = Recipe(
    name="busybox",
    title="BusyBox: a whole system in one small program",
    command=["/bin/sh", "-l"],
    needs={"busybox": "busybox-static"},
    build=build,
    renew=renew,
)
