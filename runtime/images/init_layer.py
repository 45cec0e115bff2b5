"""The init layer: our own read-only layer on top of every image.

Whoever makes an image decides what `/dev` or `/etc/hosts` is in it; the OCI runtime mounts onto those paths as
root, and one that is a symlink has led it out of the image (CVE-2026-41579; Docker's "init layer" is the same
answer). Here each of them is a real directory or an empty file. Overlayfs merges directories, so an image's other
files in `/etc` or `/root` stay visible; a symlink of the same name is hidden.
"""

from __future__ import annotations

import os
from pathlib import Path

TITLE = "init layer"

# The top layer's mode is the one seen, so each is what a Debian has.
DIRECTORIES = {
    "dev": 0o755,
    "dev/pts": 0o755,
    "dev/shm": 0o1777,
    "etc": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "run": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
}
EPOCH = 1_735_689_600  # 2025-01-01: a date of its own would give each host's layer another digest
FILES = ("etc/hostname", "etc/hosts", "etc/resolv.conf")


def write(tree: Path) -> None:
    """Make the layer's files in the empty directory `tree`."""
    for name, mode in DIRECTORIES.items():
        (tree / name).mkdir()
        (tree / name).chmod(mode)  # mkdir's is cut by the umask
    for name in FILES:
        (tree / name).touch()
        (tree / name).chmod(0o644)
    for name in (*FILES, *reversed(DIRECTORIES)):
        os.utime(tree / name, (EPOCH, EPOCH))
    os.utime(tree, (EPOCH, EPOCH))
