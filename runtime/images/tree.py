"""A directory tree as a layer: its digest, its size, and what must be made even before it is sealed."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
_OVERLAY = "trusted.overlay."


@dataclass
class _Sink:
    """A file that only hashes: `tarfile` writes to it."""

    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        return len(data)


def walk(tree: Path) -> Iterator[os.DirEntry[str]]:
    """All entries below `tree`, sorted, a directory before its contents; symlinks are not followed."""
    with os.scandir(tree) as entries:
        for entry in sorted(entries, key=lambda item: item.name):
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from walk(Path(entry.path))


def digest(tree: Path) -> str:
    """`sha256:…` of the layer's uncompressed tar: what OCI calls its diff id.

    The archive is the one an export would write: sorted, numeric owners, extended attributes as PAX records, and
    overlayfs's whiteouts (character device 0:0, `trusted.overlay.opaque`) in OCI's spelling (`.wh.name`).
    """
    sink = _Sink()
    seen: dict[tuple[int, int], str] = {}
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        for entry in walk(tree):
            name = os.path.relpath(entry.path, tree)
            info = entry.stat(follow_symlinks=False)
            if is_whiteout(info):
                tar.addfile(_member(os.path.join(os.path.dirname(name), WHITEOUT + entry.name), info, tarfile.REGTYPE))
                continue
            member = _member(name, info, _type(info))
            _add_xattrs(member, entry.path)
            if member.issym():
                member.linkname = os.readlink(entry.path)
            elif member.isreg() and info.st_nlink > 1:
                first = seen.setdefault((info.st_dev, info.st_ino), name)
                if first != name:
                    member.type, member.linkname = tarfile.LNKTYPE, first
            if member.isreg():
                member.size = info.st_size
                with open(entry.path, "rb") as data:
                    tar.addfile(member, data)
                continue
            tar.addfile(member)
            if member.isdir() and is_opaque(entry.path):
                tar.addfile(_member(os.path.join(name, OPAQUE), info, tarfile.REGTYPE))
    return f"sha256:{sink.sha256.hexdigest()}"


def size(tree: Path) -> int:
    """Bytes of the files, as `ls -l` would add them up; a file with several names counts once."""
    files = {}
    for entry in walk(tree):
        info = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(info.st_mode):
            files[info.st_dev, info.st_ino] = info.st_size
    return sum(files.values())


def blocks(tree: Path) -> int:
    """Bytes that it really takes, as `du -s` would: directories and links too, holes not."""
    inodes = {}
    for entry in walk(tree):
        info = entry.stat(follow_symlinks=False)
        inodes[info.st_dev, info.st_ino] = info.st_blocks * 512
    return sum(inodes.values())


def clamp_mtimes(tree: Path, latest: float) -> None:
    """Give everything that the build itself made or touched the time `latest`: the same content, the same digest."""
    for path in [str(tree), *(entry.path for entry in walk(tree))]:
        info = os.lstat(path)
        if int(info.st_mtime) > int(latest) or info.st_mtime_ns % 1_000_000_000:
            when = min(int(info.st_mtime), int(latest))
            os.utime(path, (when, when), follow_symlinks=False)


def clean_upper(tree: Path) -> None:
    """Make an overlay's upper directory a layer: of overlayfs's own marks only `opaque` says something about content.

    The others (`origin`, `impure`, `uuid`, …) tie the files to the mount they came from.
    """
    for path in [str(tree), *(entry.path for entry in walk(tree) if not entry.is_symlink())]:
        for name in os.listxattr(path, follow_symlinks=False):
            if name.startswith(_OVERLAY) and name != _OVERLAY + "opaque":
                os.removexattr(path, name, follow_symlinks=False)


def is_whiteout(info: os.stat_result) -> bool:
    """Overlayfs's mark for "deleted": a character device 0:0 (overlayfs.rst, "whiteouts and opaque directories")."""
    return stat.S_ISCHR(info.st_mode) and info.st_rdev == 0


def is_opaque(path: str) -> bool:
    """Whether a directory hides all that lies under it in lower layers."""
    try:
        return os.getxattr(path, _OVERLAY + "opaque", follow_symlinks=False) == b"y"
    except OSError:
        return False


def _member(name: str, info: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = kind, stat.S_IMODE(info.st_mode), int(info.st_mtime)
    member.uid, member.gid = info.st_uid, info.st_gid
    return member


def _type(info: os.stat_result) -> bytes:
    kinds = {
        stat.S_IFREG: tarfile.REGTYPE,
        stat.S_IFDIR: tarfile.DIRTYPE,
        stat.S_IFLNK: tarfile.SYMTYPE,
        stat.S_IFIFO: tarfile.FIFOTYPE,
    }
    try:
        return kinds[stat.S_IFMT(info.st_mode)]
    except KeyError:
        raise ValueError("a layer holds files, directories, symlinks and fifos: no devices, no sockets") from None


def _add_xattrs(member: tarfile.TarInfo, path: str) -> None:
    member.pax_headers = {
        f"SCHILY.xattr.{name}": os.getxattr(path, name, follow_symlinks=False).decode("utf-8", "surrogateescape")
        for name in sorted(os.listxattr(path, follow_symlinks=False))
        if not name.startswith(_OVERLAY)
    }
