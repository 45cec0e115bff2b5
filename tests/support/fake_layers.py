"""The files of the fake worker's containers: one lower layer that all images have, and what a container wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from runtime.errors import Code, Fault
from runtime.protocol import model, xray

BLOCK = 4096
FILES = {  # path → text; of the lowest layer
    "/bin/busybox": "\x7fELF\x02\x01\x01",
    "/etc/hostname": "workshop\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "/etc/motd": "Look around.\n",
    "/usr/share/doc/README": "Nothing here yet.\n",
}
LINKS = {"/bin/sh": "busybox", "/bin/ls": "busybox"}
BORN = 1.7e9
Kind = Literal["created", "copied_up", "deleted"]


@dataclass
class Layers:
    """`upper`: path → how it got there and its text; a deleted one is a whiteout."""

    info: model.Container
    upper: dict[str, tuple[Kind, str]] = field(default_factory=dict)

    def write(self, path: str, text: str) -> xray.Event:
        """Create, or copy up; the event that tells it."""
        below = self._below(path)
        kind: Literal["created", "copied_up"] = "copied_up" if below else "created"
        known = self.upper.get(path)
        self.upper[path] = (kind, text)
        told: xray.EventKind = "written" if known and known[0] != "deleted" else kind
        return xray.Event(seq=0, at=0.0, kind=told, path=path, type="file", bytes=len(text))

    def remove(self, path: str) -> xray.Event | None:
        """A whiteout over what is below, or nothing left at all; None where there was nothing."""
        known = self.upper.get(path, ("", ""))[0]
        if self._below(path) and known != "deleted":
            self.upper[path] = ("deleted", "")
            return xray.Event(seq=0, at=0.0, kind="whiteout", path=path)
        if known in {"created", "copied_up"}:
            del self.upper[path]
            return xray.Event(seq=0, at=0.0, kind="removed", path=path)
        return None

    def read(self, path: str) -> str | None:
        """What `/` shows, or None."""
        kind, text = self.upper.get(path, ("", ""))
        if kind:
            return None if kind == "deleted" else text
        return FILES.get(path)

    def changes(self) -> dict[str, model.Change]:
        """As the overlay panel has them."""
        return {
            path: model.Change(
                kind=kind,
                type="device" if kind == "deleted" else "file",
                size_bytes=len(text),
                blocks_bytes=-(-len(text) // BLOCK) * BLOCK,
            )
            for path, (kind, text) in self.upper.items()
        }

    def view(self, path: str, layer: str, layers: int) -> xray.FileView:
        """Raises `Fault(not-found)` for a path or layer that is not there."""
        names = self._layer(layer, layers)
        if not path.startswith("/") or "\0" in path:
            raise Fault(Code.INVALID_SPEC, "path must begin with /", field="path")
        path = "/" + "/".join(part for part in path.split("/") if part not in {"", "."})
        if ".." in path.split("/"):
            raise Fault(Code.NOT_FOUND, f"no path {path[:64]!r}", field="path")
        if path in names:
            text = "" if self._deleted(path, layer) else (self.read(path) if layer == "merged" else None)
            text = text if text is not None else self._text(path, layer)
            return xray.FileView(path=path, layer=layer, entry=self._entry(path, layer), text=text)
        below = path.rstrip("/") + "/"
        inside = sorted({below + name[len(below) :].split("/")[0] for name in names if name.startswith(below)})
        if not inside and path != "/":
            raise Fault(Code.NOT_FOUND, f"no path {path[:64]!r}", field="path")
        entries = [self._entry(each, layer) for each in inside]
        return xray.FileView(path=path, layer=layer, entry=self._entry(path, layer), entries=entries)

    def provenance(self, path: str, layers: list[model.Layer]) -> xray.Provenance:
        """Top layer first."""
        kind, text = self.upper.get(path, ("", ""))
        below = self._below(path)
        found: Literal["hit", "whiteout", "absent"] = "whiteout" if kind == "deleted" else "hit" if kind else "absent"
        sightings = [xray.Sighting(layer="upper", title="what it wrote", found=found, size_bytes=len(text))]
        for index, layer in enumerate(layers):
            last = index == len(layers) - 1
            covered = found == "whiteout"
            seen: Literal["hit", "hidden", "covered", "absent"] = "covered" if covered else "absent"
            if last and below and not covered:
                seen = "hidden" if kind else "hit"
            sightings.append(xray.Sighting(layer=str(index), title=layer.title, found=seen))
        verdict: Literal["created", "copied_up", "lower", "deleted", "absent"] = "lower" if below else "absent"
        if path in self.upper:
            verdict = self.upper[path][0]
        return xray.Provenance(path=path, resolved=path, verdict=verdict, sightings=sightings)

    def _layer(self, layer: str, layers: int) -> set[str]:
        if layer == "merged":
            return {path for path in (*FILES, *LINKS, *self.upper) if not self._deleted(path, "upper")}
        if layer == "upper":
            return set(self.upper)
        if layer.isdigit() and int(layer) < layers:
            return {*FILES, *LINKS} if int(layer) == layers - 1 else set()
        raise Fault(Code.NOT_FOUND, f"no layer {layer[:16]!r}", field="layer")

    def _text(self, path: str, layer: str) -> str:
        return self.upper[path][1] if layer == "upper" else FILES.get(path, "")

    def _deleted(self, path: str, layer: str) -> bool:
        return layer == "upper" and path in self.upper and self.upper[path][0] == "deleted"

    def _entry(self, path: str, layer: str) -> xray.Entry:
        kind = self.upper[path][0] if layer == "upper" and path in self.upper else None
        known = path in FILES or path in self.upper
        size = len(self._text(path, layer) if layer == "upper" else self.read(path) or "") if known else 0
        mark: Literal["created", "copied_up", "whiteout"] | None = "whiteout" if kind == "deleted" else kind
        type: xray.FileType = "device" if kind == "deleted" else "file" if known else "dir"
        return xray.Entry(
            name=path.rsplit("/", 1)[-1],
            type="symlink" if path in LINKS else type,
            mode=0o755 if type == "dir" else 0o644,
            uid=0,
            gid=0,
            size_bytes=size,
            blocks_bytes=-(-size // BLOCK) * BLOCK,
            modified_at=BORN,
            target=LINKS.get(path),
            mark=mark,
        )

    @staticmethod
    def _below(path: str) -> bool:
        return path in FILES or path in LINKS
