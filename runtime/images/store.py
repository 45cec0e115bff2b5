"""What images there are, and where their layers lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from runtime.config import RuntimeConfig
from runtime.errors import Code, Fault
from runtime.images import init_layer
from runtime.images.layout import Layout
from runtime.images.workshop import replace, workshop
from runtime.protocol import model

_BUILD = "python -m runtime images build"


@dataclass(frozen=True)
class Stored:
    """An image and its layers' directories, top first like `image.layers`, without the init layer."""

    image: model.Image
    lowerdirs: list[Path]


class ImageStore:
    """The images of this host. Reads the disk each time: an image built meanwhile is there at the next call."""

    def __init__(self, config: RuntimeConfig) -> None:
        self.layout = Layout(config.images_dir)
        self._init: tuple[Path, model.Layer] | None = None

    def list(self) -> list[model.Image]:
        """All images that can be launched, by name; a damaged one is left out."""
        found = []
        for path in sorted(self.layout.index.glob("*.json")):
            try:
                found.append(self.get(path.stem).image)
            except Fault:
                continue
        return found

    def get(self, name: str) -> Stored:
        """Raises `Fault`: `invalid-spec` for what is no name, `not-found`, `image-invalid` when parts are missing."""
        image = self.find(name)
        lowerdirs = [self.layout.layer(layer.digest) for layer in image.layers]
        for layer, directory in zip(image.layers, lowerdirs, strict=True):
            if directory.is_symlink() or not directory.is_dir():
                raise Fault(
                    Code.IMAGE_INVALID,
                    f"image {name}: layer {layer.digest[:19]} is missing",
                    field="image",
                    hint=f"Build it again: {_BUILD} {name}",
                )
        if not lowerdirs:
            raise Fault(Code.IMAGE_INVALID, f"image {name} has no layers", field="image")
        return Stored(image, lowerdirs)

    def init_layer(self) -> Path:
        """The directory of the init layer, made when it is missing: always the top lower layer."""
        return self._init_layer()[0]

    def init_record(self) -> model.Layer:
        """The init layer as the overlay panel lists it."""
        return self._init_layer()[1]

    def digests(self) -> set[str]:
        """The layers (hex) that an image names, and the init layer: those a sweep must keep."""
        kept: set[str] = set()
        for path in self.layout.index.glob("*.json"):
            try:
                kept.update(layer.digest for layer in self.find(path.stem).layers)
            except Fault:
                continue
        if self.layout.init.exists():
            kept.add(self.layout.init.read_text().strip())
        return {digest.removeprefix("sha256:") for digest in kept}

    def _init_layer(self) -> tuple[Path, model.Layer]:
        if self._init is None or not self._init[0].is_dir():
            with workshop(self.layout, "init") as place:
                tree = place.directory / "tree"
                tree.mkdir()
                init_layer.write(tree)
                layer = place.adopt(tree, init_layer.TITLE)
                replace(self.layout.init, layer.digest.encode() + b"\n")
            self._init = self.layout.layer(layer.digest), layer
        return self._init

    def find(self, name: str) -> model.Image:
        """The index entry, though layers may be missing. Raises `Fault` as `get` does."""
        try:
            data = self.layout.entry(name).read_bytes()
        except FileNotFoundError:
            raise Fault(
                Code.NOT_FOUND,
                f"there is no image {name}",
                field="image",
                hint=f"GET /api/v1/images lists them; an operator builds one with {_BUILD} {name}",
            ) from None
        except OSError as error:
            raise Fault.from_os_error(error, op="read the image index") from error
        try:
            return msgspec.json.decode(data, type=model.Image)
        except msgspec.MsgspecError as error:
            raise Fault(Code.IMAGE_INVALID, f"image {name}: its index cannot be read: {error}", field="image") from None
