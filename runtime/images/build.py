"""Build an image from its recipe, or find that it is there."""

from __future__ import annotations

import subprocess

from runtime.errors import Code, Fault
from runtime.images import busybox, debian
from runtime.images.recipe import Recipe, Report
from runtime.images.store import ImageStore, Stored
from runtime.images.workshop import workshop
from runtime.protocol import model

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (busybox.RECIPE, debian.RECIPE)}


def find(name: str) -> Recipe:
    """Raises `Fault(not-found)`."""
    try:
        return RECIPES[name]
    except KeyError:
        known = ", ".join(RECIPES)
        raise Fault(
            Code.NOT_FOUND, f"there is no recipe for an image {name[:80]}", field="image", hint=f"Recipes: {known}"
        ) from None


def build(store: ImageStore, name: str, report: Report, *, again: bool = False) -> model.Image | None:
    """The image just built or renewed, or None when it was there already, as the recipe has it, and `again` is false.

    Raises `Fault`; whatever happens, the image is then as it was before, and nothing half-made is left.
    """
    recipe = find(name)
    if not again and _stored(store, name):
        return _renewed(store, recipe)
    recipe.check()
    with workshop(store.layout, name, waits=lambda: report("waiting for another build to end", 0.0)) as place:
        if not again and _stored(store, name):
            return None  # the one we waited for built it
        try:
            layers = recipe.build(place, report)
        except OSError as error:
            raise Fault.from_os_error(error, op=f"build image {name}") from error
        except subprocess.CalledProcessError as error:
            raise Fault(
                Code.SPAWN_FAILED, f"building image {name}: {error.cmd[0]} ended with {error.returncode}", op="build"
            ) from error
        image = place.publish(name, title=recipe.title, command=recipe.command, layers=layers)
    report("done", 1.0)
    return image


def _renewed(store: ImageStore, recipe: Recipe) -> model.Image | None:
    """Bring an image of an older recipe up to date; None when it is. Containers keep the layers that they have."""
    if recipe.renew is None:
        return None
    with workshop(store.layout, recipe.name) as place:
        stored = _stored(store, recipe.name)
        if stored is None:
            return None
        try:
            layers = recipe.renew(place, stored)
        except OSError as error:
            raise Fault.from_os_error(error, op=f"renew image {recipe.name}") from error
        if [layer.digest for layer in layers] == [layer.digest for layer in stored.image.layers]:
            return None
        return place.publish(recipe.name, title=recipe.title, command=recipe.command, layers=layers)


def _stored(store: ImageStore, name: str) -> Stored | None:
    try:
        return store.get(name)
    except Fault:
        return None
