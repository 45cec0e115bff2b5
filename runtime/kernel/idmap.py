"""User namespaces as id maps: a descriptor that idmapped mounts are made with."""

from __future__ import annotations

import os
import subprocess

from runtime.kernel.files import write_text

_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def userns(host_id: int, count: int) -> int:
    """A descriptor of a new user namespace that maps 0… to `host_id`…, close-on-exec.

    The namespace lives in a child of one moment: unshare(2) of users is refused in a process with threads, and a fork
    of one is no place to run Python. unshare(1) then cat(1) echo one byte when the namespace is there.
    """
    child = subprocess.Popen(
        ["unshare", "--user", "cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd="/",
        env={"PATH": _PATH},
        bufsize=0,
    )
    with child:  # closes the pipes, at which cat ends, and waits for it
        if child.stdin is None or child.stdout is None:
            raise BrokenPipeError(32, "no pipes to the child", "unshare")
        child.stdin.write(b"\n")
        if child.stdout.read(1) != b"\n":
            raise PermissionError(1, "a user namespace cannot be made", "unshare")
        line = f"0 {host_id} {count}"
        write_text(f"/proc/{child.pid}/uid_map", line)
        write_text(f"/proc/{child.pid}/gid_map", line)
        return os.open(f"/proc/{child.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
