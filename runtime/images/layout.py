"""Where images lie on disk, and the names they may have.

    <images>/index/<name>.json    one image: title, command, digests of its layers, top first
    <images>/layers/<hex>/        one layer's files, owned by root, named by its digest, shared between images
    <images>/init                 digest of the init layer now in use
    <images>/building/<name>/     an unfinished build; removed by the next build of that name
    <images>/building/<name>.lock held while one is being built
    <images>/lock                 shared while something is added, exclusive while layers are swept

`layers` is for root alone: it holds setuid programs that the host's users must not be able to run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import Code, Fault

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Layout:
    """Paths under the image directory; nothing here touches the disk but `ensure`."""

    root: Path

    @property
    def index(self) -> Path:
        return self.root / "index"

    @property
    def layers(self) -> Path:
        return self.root / "layers"

    @property
    def building(self) -> Path:
        return self.root / "building"

    @property
    def init(self) -> Path:
        return self.root / "init"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    def entry(self, name: str) -> Path:
        return self.index / f"{valid_name(name)}.json"

    def layer(self, digest: str) -> Path:
        """The layer's directory. The colon is left out: overlayfs separates lower directories with it."""
        if not _DIGEST.fullmatch(digest):
            raise Fault(Code.IMAGE_INVALID, f"{digest!r} is not a sha256 digest")
        return self.layers / digest.removeprefix("sha256:")

    def ensure(self) -> None:
        """Make the directories. Idempotent."""
        self.root.mkdir(parents=True, exist_ok=True)
        for directory, mode in ((self.index, 0o755), (self.layers, 0o700), (self.building, 0o700)):
            directory.mkdir(mode=mode, exist_ok=True)
            directory.chmod(mode)


def valid_name(name: str) -> str:
    """The name itself. Raises `Fault(invalid-spec)` for one that could be more than a file's name."""
    if not _NAME.fullmatch(name):
        raise Fault(
            Code.INVALID_SPEC,
            f"{name[:80]!r} is not an image name",
            field="image",
            hint="Image names are lower-case letters, digits, dots and dashes, like debian or busybox.",
        )
    return name
