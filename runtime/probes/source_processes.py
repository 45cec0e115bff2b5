"""Where the figures of one process come from: a closed list of files of /proc/PID."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from runtime.errors import Code, Fault
from runtime.kernel import procfs
from runtime.kernel.target import Target
from runtime.probes.processes import Ancestors, Processes
from runtime.probes.source_text import MAX_BYTES, unknown
from runtime.protocol.messages import Side
from runtime.protocol.model import Process, SourceText


@dataclass(frozen=True)
class _File:
    """`show`: the program that prints it; `words` joined by NUL are shown and printed a line each."""

    man: str
    show: str = "cat {}"
    words: bool = False


FILES = {
    "status": _File("proc_pid_status(5)"),
    "stat": _File("proc_pid_stat(5)"),
    "statm": _File("proc_pid_statm(5)"),
    "cmdline": _File("proc_pid_cmdline(5)", "tr '\\0' '\\n' < {}", words=True),
    "cgroup": _File("proc_pid_cgroup(5)"),
    "limits": _File("proc_pid_limits(5)"),
    "uid_map": _File("proc_pid_uid_map(5)"),
    "gid_map": _File("proc_pid_gid_map(5)"),
    "oom_score": _File("proc_pid_oom_score(5)"),
    "oom_score_adj": _File("proc_pid_oom_score_adj(5)"),
    "schedstat": _File("Documentation/scheduler/sched-stats.rst"),
}
"""File of /proc/PID → where it is explained. Of processes above the container only `status`: no key is a path."""


def processes(target: Target, side: Side, key: str) -> SourceText:
    """As `source.read`. `key`: a host pid, which means its status, or `PID/file`."""
    number, _, name = key.partition("/")
    name = name or "status"
    inner, outer = _trees(target)
    process = (inner if side == "container" else outer).get(number)
    if process is None or key.endswith("/") or name not in FILES or (name != "status" and number not in inner):
        raise unknown("process", key, target)
    return _read(outer[number], inner.get(number), name)


def _read(process: Process, inner: Process | None, name: str) -> SourceText:
    file = FILES[name]
    proc = procfs.Proc()
    directory = proc.open_process(process.pid)
    try:
        stat = procfs.parse_stat(procfs.read("stat", dir_fd=directory))
        if stat.starttime != process.starttime:
            raise Fault(Code.VANISHED, f"process {process.pid} has ended")
        raw = procfs.read(name, dir_fd=directory, limit=MAX_BYTES + 1)
    finally:
        os.close(directory)
    shown = raw[:MAX_BYTES].replace(b"\0", b"\n") if file.words else raw[:MAX_BYTES]
    path = f"/proc/{process.pid}/{name}"
    return SourceText(
        path=path,
        raw=procfs.text(shown),
        truncated=len(raw) > MAX_BYTES,
        man=file.man,
        command_host=file.show.format(path),
        command_container=file.show.format(f"/proc/{inner.pid}/{name}") if inner else None,
    )


def _trees(target: Target) -> tuple[dict[str, Process], dict[str, Process]]:
    """Who is inside, and who is there as the host sees it, the chain above included."""
    proc = procfs.Proc()
    if target.pid is None:
        return {}, {}
    try:
        directory = proc.open_process(target.pid)
    except OSError:
        return {}, {}
    try:
        inner, outer, _ = Processes(proc, Ancestors(proc)).take(target, directory, time.monotonic())
    finally:
        os.close(directory)
    return inner, outer
