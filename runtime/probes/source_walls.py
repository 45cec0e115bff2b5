"""Where the figures of mounts, devices, identity come from."""

from __future__ import annotations

import errno
import os
import stat
import time

from runtime.kernel import mountinfo, procfs
from runtime.kernel.target import Target
from runtime.probes import devices as nodes
from runtime.probes import mounts as tables
from runtime.probes.source_text import MAX_BYTES, file_text, init_pid, unknown
from runtime.protocol.messages import Side
from runtime.protocol.model import SourceText

MOUNTINFO = "proc_pid_mountinfo(5)"
_IDENTITY = {
    "uid_map": "user_namespaces(7)",
    "gid_map": "user_namespaces(7)",
    "status": "proc_pid_status(5)",
    "attr/current": "proc_pid_attr(5)",
}


def mounts(target: Target, side: Side, key: str) -> SourceText:
    """As `source.read`. The host's side has the lines that `mounts.concerning` lets through, and no other."""
    if key != "mountinfo":
        raise unknown("source of mounts", key, target)
    if side == "container":
        return file_text(f"/proc/{init_pid(target)}/mountinfo", MOUNTINFO, "/proc/1/mountinfo")
    # Our mounts are in the keeper's mount namespace alone: a host shell finds them in its table
    path = f"/proc/{target.keeper_pid or 'self'}/mountinfo"
    lines = tables.concerning(procfs.read("/proc/self/mountinfo", limit=tables.MAX_BYTES), target)
    points = "|".join([*sorted(tables.EVERY_MACHINE), "/sys/fs/cgroup/.+", f"{os.path.dirname(target.merged)}/.+"])
    return SourceText(
        path=path,
        raw="".join(f"{procfs.text(line)}\n" for line in lines)[:MAX_BYTES],
        truncated=sum(map(len, lines)) + len(lines) > MAX_BYTES,
        man=MOUNTINFO,
        command_host=f"awk '$5 ~ \"^({points})$\"' {path}",
        command_container=None,
    )


def devices(target: Target, side: Side, key: str) -> SourceText:
    """As `source.read`. A listing, since a directory has no bytes: the lines of `ls -l` and their numbers."""
    if key != "dev":
        raise unknown("source of devices", key, target)
    if side == "host":
        raw = "".join(_line(name, info, None) for name, info in nodes.host_nodes())
        return SourceText(
            path="/dev",
            raw=raw[:MAX_BYTES],
            truncated=len(raw) > MAX_BYTES,
            man="mknod(2)",
            command_host=r"find /dev -maxdepth 1 \( -type b -o -type c \) -exec ls -ldn {} +",
            command_container=None,
        )
    pid = init_pid(target)
    directory = procfs.Proc().open_process(pid)
    try:
        table = mountinfo.parse(procfs.read("mountinfo", dir_fd=directory))
        entries, _ = nodes.read(directory, table)
    finally:
        os.close(directory)
    raw = "".join(_line(name, info, link) for name, (info, link) in entries.items())
    return SourceText(
        path=f"/proc/{pid}/root/dev",
        raw=raw[:MAX_BYTES],
        truncated=len(raw) > MAX_BYTES,
        man="mknod(2)",
        command_host=f"ls -ln /proc/{pid}/root/dev/",
        command_container="ls -ln /dev/",
    )


def identity(target: Target, side: Side, key: str) -> SourceText:
    """As `source.read`. Both sides are one file: who PID 1 is stands in its own /proc/PID."""
    del side
    if key == "seccomp":
        pid = init_pid(target)
        path = f"/proc/{pid}/status"
        lines = procfs.read(path).split(b"\n")
        return SourceText(
            path=path,
            raw="".join(f"{procfs.text(line)}\n" for line in lines if line.startswith(b"Seccomp")),
            truncated=False,
            man="seccomp(2)",
            command_host=f"grep ^Seccomp {path}",
            command_container="grep ^Seccomp /proc/1/status",
        )
    if key not in _IDENTITY:
        raise unknown("source of identity", key, target)
    path, inside = f"/proc/{init_pid(target)}/{key}", f"/proc/1/{key}"
    try:
        return file_text(path, _IDENTITY[key], inside)
    except OSError as error:
        if key != "attr/current" or error.errno != errno.EINVAL:
            raise
        # No module labels processes: it cannot be read, and that is what there is to show
        return SourceText(
            path=path,
            raw="",
            truncated=False,
            man=_IDENTITY[key],
            command_host=f"cat {path}",
            command_container=f"cat {inside}",
        )


def _line(name: str, info: os.stat_result, link: str | None) -> str:
    """One line as `ls -ln` prints it; ids are as this process's user namespace counts them, the host's."""
    mode = info.st_mode
    node = stat.S_ISCHR(mode) or stat.S_ISBLK(mode)
    size = f"{os.major(info.st_rdev)}, {os.minor(info.st_rdev)}" if node else str(info.st_size)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.st_mtime))
    arrow = f" -> {link}" if link is not None else ""
    # A name may hold anything, a line's end too
    shown = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in f"{name}{arrow}")
    return f"{stat.filemode(mode)} {info.st_nlink} {info.st_uid} {info.st_gid} {size:>8} {when} {shown}\n"
