"""What this host offers, tried rather than guessed, and the command that mends what it lacks."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import resource
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from runtime.config import IDS_PER_CONTAINER, MIB, RuntimeConfig
from runtime.kernel import cgroups, connector, idmap, inotify, kmsg, libc, mountinfo
from runtime.protocol.model import Check

MIN_KERNEL = (5, 15)  # idmapped mounts came with 5.12, those of overlay's layers with 5.19 or a distribution's backport
LOW_DISK, LOW_FILES = 1024 * MIB, 4096
LOW_WATCHES = 16_384  # a watch is a directory that some container wrote into
CAP_SYS_ADMIN, CAP_SYS_RESOURCE = 21, 24


def examine(config: RuntimeConfig) -> list[Check]:
    """All checks, in the order a person would mend things. None raises: a check that fails says so."""
    found = []
    for name, check in _CHECKS.items():
        try:
            found.append(check(name, config))
        except (OSError, subprocess.SubprocessError, ValueError, LookupError) as error:
            found.append(Check(name=name, level="warn", detail=f"could not be checked: {error}"))
    return found


def _root(name: str, _config: RuntimeConfig) -> Check:
    if os.geteuid() == 0 and _has(CAP_SYS_ADMIN):
        return Check(name=name, level="ok", detail="root, with CAP_SYS_ADMIN")
    return Check(name=name, level="bad", detail=f"uid {os.geteuid()}", fix="sudo ./dev doctor")


def _kernel(name: str, _config: RuntimeConfig) -> Check:
    release = platform.release()
    found = re.match(r"(\d+)\.(\d+)", release)
    if found and (int(found[1]), int(found[2])) >= MIN_KERNEL:
        return Check(name=name, level="ok", detail=f"Linux {release}")
    wanted = ".".join(map(str, MIN_KERNEL))
    return Check(
        name=name, level="bad", detail=f"Linux {release}, needed is {wanted}", fix="apt-get install linux-image-amd64"
    )


def _cgroups(name: str, _config: RuntimeConfig) -> Check:
    hierarchies = cgroups.detect()
    has = sorted(hierarchies.mounts)
    if hierarchies.mode == "v2":
        has = Path(hierarchies.mounts["unified"], "cgroup.controllers").read_text().split()
    missing = [controller for controller in ("memory", "cpu", "pids") if controller not in has]
    detail = f"{hierarchies.mode}: {' '.join(has)}"
    if missing:
        return Check(
            name=name,
            level="bad",
            detail=f"{detail}; without {' '.join(missing)}",
            fix="add cgroup_enable=memory to the kernel's command line and reboot",
        )
    return Check(name=name, level="ok", detail=detail)


def _overlay(name: str, _config: RuntimeConfig) -> Check:
    if re.search(r"\boverlay$", Path("/proc/filesystems").read_text(), re.MULTILINE):
        return Check(name=name, level="ok", detail="overlayfs")
    return Check(name=name, level="bad", detail="the kernel does not list overlay", fix="modprobe overlay")


def _user_namespaces(name: str, _config: RuntimeConfig) -> Check:
    limit = int(Path("/proc/sys/user/max_user_namespaces").read_text())
    if limit < 64:
        return Check(
            name=name,
            level="bad",
            detail=f"user.max_user_namespaces is {limit}",
            fix="sysctl -w user.max_user_namespaces=65536",
        )
    # kernel.unprivileged_userns_clone and apparmor_restrict_unprivileged_userns bind those without root, not us
    return Check(name=name, level="ok", detail=f"up to {limit}")


def _idmapped_mounts(name: str, config: RuntimeConfig) -> Check:
    """Made for real, on the file system that the images lie on."""
    base = next(path for path in (config.images_dir, *config.images_dir.parents) if path.exists())
    with tempfile.TemporaryDirectory(dir=base, prefix=".doctor-") as directory, contextlib.ExitStack() as stack:
        try:
            userns = idmap.userns(config.idmap_base, IDS_PER_CONTAINER)
            stack.callback(os.close, userns)
            tree = libc.open_tree(directory)
            stack.callback(os.close, tree)
            libc.mount_setattr(tree, libc.MOUNT_ATTR_RDONLY | libc.MOUNT_ATTR_IDMAP, userns)
            seen = os.stat(".", dir_fd=tree).st_uid
        except OSError as error:
            return Check(
                name=name,
                level="bad",
                detail=f"{_filesystem(base)} at {base}: {error.strerror}",
                fix="put TERRARIUM_IMAGES_DIR on ext4, xfs or btrfs",
            )
    mapped = seen == config.idmap_base
    return Check(name=name, level="ok" if mapped else "bad", detail=f"{_filesystem(base)} at {base}")


def _oci_runtime(name: str, config: RuntimeConfig) -> Check:
    program = shutil.which(config.oci_runtime)
    if program is None:
        return Check(
            name=name, level="bad", detail=f"{config.oci_runtime} is not installed", fix="apt-get install runc"
        )
    done = subprocess.run(
        [program, "--version"], stdin=subprocess.PIPE, capture_output=True, text=True, timeout=10, check=False
    )
    lines = done.stdout.splitlines() or ["says nothing"]
    return Check(name=name, level="ok" if done.returncode == 0 else "bad", detail=f"{lines[0]} ({program})")


def _seccomp(name: str, _config: RuntimeConfig) -> Check:
    path = Path("/proc/sys/kernel/seccomp/actions_avail")
    if path.exists() and "errno" in path.read_text().split():
        return Check(name=name, level="ok", detail=path.read_text().strip())
    return Check(name=name, level="bad", detail="the kernel has no seccomp filters", fix="use a distribution's kernel")


def _program(program: str, package: str, why: str) -> Callable[[str, RuntimeConfig], Check]:
    def check(name: str, _config: RuntimeConfig) -> Check:
        found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if found:
            return Check(name=name, level="ok", detail=found)
        return Check(name=name, level="warn", detail=f"not installed: {why}", fix=f"apt-get install {package}")

    return check


def _busybox(name: str, _config: RuntimeConfig) -> Check:
    path = shutil.which("busybox")
    if path and b"/ld-linux" not in Path(path).read_bytes():
        return Check(name=name, level="ok", detail=path)
    detail = f"{path} is not static" if path else "not installed"
    return Check(
        name=name,
        level="warn",
        detail=f"{detail}: the busybox image cannot be built",
        fix="apt-get install busybox-static",
    )


def _null(name: str, _config: RuntimeConfig) -> Check:
    """A careless runtime gives the host's /dev/null away; then much else fails in strange ways."""
    info = os.stat("/dev/null")
    is_null = stat.S_ISCHR(info.st_mode) and (os.major(info.st_rdev), os.minor(info.st_rdev)) == (1, 3)
    mode = stat.S_IMODE(info.st_mode)
    detail = f"{info.st_uid}:{info.st_gid} {mode:04o}{'' if is_null else ', not the null device'}"
    if is_null and (info.st_uid, info.st_gid, mode) == (0, 0, 0o666):
        return Check(name=name, level="ok", detail=detail)
    return Check(name=name, level="bad", detail=detail, fix="chown 0:0 /dev/null && chmod 0666 /dev/null")


def _limits(name: str, _config: RuntimeConfig) -> Check:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    capable = _has(CAP_SYS_RESOURCE)
    detail = f"{files} open files, {'with' if capable else 'without'} CAP_SYS_RESOURCE"
    if hard != resource.RLIM_INFINITY and hard < LOW_FILES and not capable:
        return Check(name=name, level="warn", detail=f"{detail}: enough for few containers", fix="ulimit -Hn 65536")
    return Check(name=name, level="ok", detail=detail)


def _process_events(name: str, _config: RuntimeConfig) -> Check:
    """Asked for and given back: the kernel answers whoever may hear it."""
    try:
        connector.Connector().close()
    except OSError as error:
        return Check(
            name=name,
            level="warn",
            detail=f"{_words(error)}: processes that live less than half a second are not seen",
            fix="run Terrarium in the host's own pid and network namespaces"
            if error.errno in (errno.ENODATA, errno.EPERM)
            else "use a distribution's kernel: CONFIG_PROC_EVENTS",
        )
    return Check(name=name, level="ok", detail="the proc connector tells of births and deaths")


def _kernel_log(name: str, _config: RuntimeConfig) -> Check:
    try:
        kmsg.Log().close()
    except OSError as error:
        absent = error.errno == errno.ENOENT
        return Check(
            name=name,
            level="warn",
            detail=f"{_words(error)}: a kill for want of memory is told late, and not whose limit it was",
            fix=f"mknod -m 600 {kmsg.PATH} c 1 11" if absent else "sysctl -w kernel.dmesg_restrict=0",
        )
    return Check(name=name, level="ok", detail=f"{kmsg.PATH} tells who was killed for want of memory")


def _inotify(name: str, _config: RuntimeConfig) -> Check:
    watches = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    late = "changes of files are told late"
    try:
        inotify.Inotify().close()
    except OSError as error:
        fix = "sysctl -w fs.inotify.max_user_instances=1024"
        return Check(name=name, level="warn", detail=f"{_words(error)}: {late}", fix=fix)
    if watches < LOW_WATCHES:
        fix = "sysctl -w fs.inotify.max_user_watches=262144"
        return Check(name=name, level="warn", detail=f"{watches} watches for all containers: {late} at times", fix=fix)
    return Check(name=name, level="ok", detail=f"{watches} watches")


def _disk(name: str, config: RuntimeConfig) -> Check:
    base = next(path for path in (config.images_dir, *config.images_dir.parents) if path.exists())
    free = shutil.disk_usage(base).free
    detail = f"{free // MIB} MiB free at {base}"
    if free < LOW_DISK:
        return Check(
            name=name, level="warn", detail=detail, fix="python -m runtime images list, then remove what is not needed"
        )
    return Check(name=name, level="ok", detail=detail)


_CHECKS: dict[str, Callable[[str, RuntimeConfig], Check]] = {
    "root": _root,
    "kernel": _kernel,
    "cgroups": _cgroups,
    "overlay": _overlay,
    "user namespaces": _user_namespaces,
    "idmapped mounts": _idmapped_mounts,
    "seccomp": _seccomp,
    "oci runtime": _oci_runtime,
    "unshare": _program("unshare", "util-linux", "user namespaces cannot be made"),
    "busybox": _busybox,
    "mmdebstrap": _program("mmdebstrap", "mmdebstrap", "the debian image cannot be built"),
    "/dev/null": _null,
    "limits": _limits,
    "disk": _disk,
    "process events": _process_events,
    "kernel log": _kernel_log,
    "inotify": _inotify,
}


def _words(error: OSError) -> str:
    return f"{errno.errorcode.get(error.errno or 0, 'an error')}, {error.strerror}"


def _has(capability: int) -> bool:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> capability & 1)


def _filesystem(path: Path) -> str:
    """The type of the file system that `path` is on, as mountinfo names it."""
    device = os.stat(path).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    return next((mount.fstype for mount in mountinfo.own() if mount.device == wanted), "a file system")
