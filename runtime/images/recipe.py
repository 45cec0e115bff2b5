"""What a recipe is: a way to build one image on this host, with no registry."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from runtime.errors import Code, Fault
from runtime.images.store import Stored
from runtime.images.workshop import Workshop
from runtime.protocol import model

Report = Callable[[str, float], None]
"""Called with what is being done (`downloading packages`) and the fraction done so far, 0.0 to 1.0."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`needs`: program → the package that has it. `build` returns the layers, top first.

    `renew` gives the layers as this recipe would make them now of an image that is there, quickly and with what is at
    hand: so an image made by an older recipe is brought up to date without being built again. None: nothing to renew.
    """

    name: str
    title: str
    command: list[str]
    needs: dict[str, str]
    build: Callable[[Workshop, Report], list[model.Layer]]
    renew: Callable[[Workshop, Stored], list[model.Layer]] | None = None

    def check(self) -> None:
        """Raises `Fault(spawn-failed)` naming the packages that are not installed."""
        missing = sorted({package for program, package in self.needs.items() if not shutil.which(program)})
        if missing:
            raise Fault(
                Code.SPAWN_FAILED,
                f"image {self.name} is built with {', '.join(missing)}, not installed here",
                hint=f"sudo apt-get install {' '.join(missing)}",
                op="find programs",
            )
