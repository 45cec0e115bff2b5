"""A small virtual machine with pure cgroup v2, for what the host's own hierarchies cannot show.

Debian's cloud kernel under plain emulation, and a root file system made of this host's own python3, runc and
busybox with the checkout's `runtime`. It has no network; it speaks on its serial port only.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from tests.support.stack import ROOT

_GUEST = ROOT / "tests/support/guest.py"
_MODULES = ("overlay", "loop", "inet_diag", "tcp_diag", "udp_diag")  # each after what it stands on
_DISTRIBUTIONS = ("msgspec", "structlog", "psutil")
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "pydoc_data", "config-*"
)
_EARLY_INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /new
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t tmpfs -o size=900m tmpfs /new
cd / && /bin/busybox tar -xf /root.tar -C /new
exec /bin/busybox switch_root /new /init
"""
_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PYTHONPATH=/terrarium:/site PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts devpts /dev/pts; mount -t tmpfs shm /dev/shm; mount -t tmpfs run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for module in overlay loop inet_diag tcp_diag udp_diag; do insmod /$module.ko; done; mount -o loop /images.ext4 /images
cd /terrarium && python3 tests/support/guest.py
echo; echo GUEST-ENDS
poweroff -f
"""


def missing() -> str | None:
    """Why no machine can be started here, or None."""
    if os.uname().machine != "x86_64":
        return "only an x86_64 machine is emulated"
    for program in ("qemu-system-x86_64", "cpio", "mke2fs", "dpkg-deb", "apt-get"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return None


def kernel(cache: Path) -> tuple[Path, list[Path]]:
    """(vmlinuz, modules) of Debian's cloud kernel, downloaded as a package once and only unpacked."""
    if not list(cache.glob("boot/vmlinuz-*")):
        cache.mkdir(parents=True, exist_ok=True)
        said = subprocess.run(
            ["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True, check=True
        ).stdout
        found = re.search(r"Depends: (linux-image-\S+)", said)
        package = found[1] if found else "linux-image-cloud-amd64"
        fetch = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package]
        subprocess.run(fetch, cwd=cache, check=True, capture_output=True)
        (deb,) = cache.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", str(deb), str(cache)], check=True)
        deb.unlink()
    modules = [next(cache.rglob(f"{name}.ko*")) for name in _MODULES]
    return next(cache.glob("boot/vmlinuz-*")), modules


def _libraries(*programs: Path) -> set[Path]:
    found: set[Path] = set()
    for program in programs:
        said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
        found |= {Path(path) for path in re.findall(r"(/\S+) \(0x", said)}
    return found


def _copy(source: Path, top: Path, target: str | None = None) -> None:
    place = top / (target or str(source)).lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place, symlinks=True, ignore=_LEFT_OUT, dirs_exist_ok=True)
    else:
        shutil.copy2(source.resolve(), place)


def _busybox_image(images: Path, target: Path) -> None:
    """An ext4 image with the one container image: older kernels cannot map the ids of a tmpfs."""
    with tempfile.TemporaryDirectory(prefix="terrarium-") as work:
        _copy_busybox(images, Path(work))
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", work, str(target), "64M"], check=True)


def _copy_busybox(images: Path, target: Path) -> None:
    index = images / "index/busybox.json"
    (target / "layers").mkdir()
    (target / "index").mkdir()
    shutil.copy2(index, target / "index")
    for layer in json.loads(index.read_text())["layers"]:
        directory = images / "layers" / layer["digest"].removeprefix("sha256:")
        subprocess.run(["cp", "-a", str(directory), str(target / "layers")], check=True)


def _root(top: Path, modules: list[Path], images: Path) -> None:
    python = Path(sys.executable).resolve()
    stdlib = Path(sysconfig.get_path("stdlib"))
    site = Path(sysconfig.get_path("purelib"))
    programs = {"/usr/bin/python3": python, "/usr/bin/runc": Path(shutil.which("runc") or "/usr/sbin/runc"),
                "/usr/bin/unshare": Path("/usr/bin/unshare"), "/bin/busybox": Path("/bin/busybox")}  # fmt: skip
    for target, program in programs.items():
        _copy(program, top, target)
    _copy(stdlib, top)
    for distribution in _DISTRIBUTIONS:
        _copy(site / distribution, top, f"/site/{distribution}")
    extensions = [*top.rglob("*.so")]
    for library in _libraries(*programs.values(), *extensions):
        _copy(library, top)
    for module in modules:
        place = top / module.name.removesuffix(".xz")
        if module.suffix == ".xz":
            place.write_bytes(subprocess.run(["xz", "-dc", str(module)], capture_output=True, check=True).stdout)
        else:
            shutil.copy2(module, place)
    _copy(ROOT / "runtime", top, "/terrarium/runtime")
    _copy(_GUEST, top, "/terrarium/tests/support/guest.py")
    _busybox_image(images, top / "images.ext4")
    for directory in ("images", "proc", "sys", "dev", "run", "tmp", "root", "etc", "var/lib"):
        (top / directory).mkdir(parents=True, exist_ok=True)
    (top / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (top / "etc/group").write_text("root:x:0:\n")
    (top / "init").write_text(_INIT)
    (top / "init").chmod(0o755)


def boot(work: Path, cache: Path, images: Path, *, seconds: float = 240) -> dict[str, Any]:
    """Build the file system in `work`, boot, and return what the guest reported.

    `images` is an images directory with `busybox` in it. Raises `RuntimeError` with the serial log when the guest
    reports nothing in time.
    """
    vmlinuz, modules = kernel(cache)
    top, early = work / "root", work / "early"
    _root(top, modules, images)
    _copy(Path("/bin/busybox"), early, "/bin/busybox")
    (early / "init").write_text(_EARLY_INIT)
    (early / "init").chmod(0o755)
    subprocess.run(["tar", "-C", str(top), "-cf", str(early / "root.tar"), "."], check=True)
    initramfs = work / "initramfs"
    with initramfs.open("wb") as out:
        names = subprocess.run(["find", "."], cwd=early, capture_output=True, check=True).stdout
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=early, input=names, stdout=out, check=True)
    shutil.rmtree(top)
    command = [
        *("qemu-system-x86_64", "-accel", "tcg", "-m", "2048", "-smp", "2", "-nographic", "-no-reboot", "-nic", "none"),
        *("-kernel", str(vmlinuz), "-initrd", str(initramfs)),
        *("-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on"),
    ]
    try:
        said = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as error:
        said = (error.stdout or b"").decode(errors="replace") if isinstance(error.stdout, bytes) else str(error.stdout)
    found = re.search(r"^GUEST-REPORT (.*?)\r?$", said, re.MULTILINE)
    if not found:
        raise RuntimeError(f"the guest reported nothing; its serial port said:\n{said[-4000:]}")
    return dict(json.loads(found[1]))
