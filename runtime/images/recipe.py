"""What a recipe is: a way to build one image on this host, with no registry."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from runtime.errors import Code, Fault
from runtime.images.workshop import Workshop
from runtime.protocol import model

Report = Callable[[str, float], None]
"""Called with what is being done (`downloading packages`) and the fraction done so far, 0.0 to 1.0."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`needs`: program → the package that has it. `build` returns the layers, top first."""

    name: str
    title: str
    command: list[str]
    needs: dict[str, str]
    build: Callable[[Workshop, Report], list[model.Layer]]

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
