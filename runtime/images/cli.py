"""`python -m runtime images list | build [NAME…] | remove NAME…`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from runtime.config import MIB, RuntimeConfig
from runtime.errors import Fault
from runtime.images.build import RECIPES, build
from runtime.images.store import ImageStore
from runtime.images.sweep import remove, sweep

_BAR = 24


def main(argv: Sequence[str] | None = None) -> int:
    """0: done; 1: refused or failed, the reason on stderr; 2: wrong usage."""
    arguments = _parser().parse_args(argv)
    store = ImageStore(RuntimeConfig.from_environ())
    try:
        if arguments.verb == "list":
            _list(store)
        elif os.geteuid() != 0:
            print(f"images {arguments.verb}: only root can own a container's files; try with sudo", file=sys.stderr)
            return 1
        elif arguments.verb == "build":
            return _build(store, arguments.names or list(RECIPES), again=arguments.again)
        else:
            for name in arguments.names:
                freed = remove(store, name)
                print(f"{name}: removed, {freed / MIB:.1f} MiB freed")
    except Fault as fault:
        _complain(fault)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; nothing half-made is left", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m runtime images", description="Images of this host.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list | build | remove")
    verbs.add_parser("list", help="images and their layers")
    builder = verbs.add_parser("build", help="build images that are missing, here, without a registry")
    builder.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RECIPES)}; none: all")
    builder.add_argument("--again", action="store_true", help="also when it is there already")
    remover = verbs.add_parser("remove", help="remove images, and layers that no image and no container uses")
    remover.add_argument("names", nargs="+", metavar="NAME")
    return parser


def _list(store: ImageStore) -> None:
    for image in store.list():
        print(f"{image.name:<12} {image.size_bytes / MIB:7.1f} MiB  {image.title}")
        for layer in image.layers:
            print(f"  {layer.digest[7:19]} {layer.size_bytes / MIB:7.1f} MiB  {layer.title}")


def _build(store: ImageStore, names: Sequence[str], *, again: bool) -> int:
    """Each in turn; one that fails does not keep the others from being built."""
    failed = 0
    store.init_layer()
    for name in names:
        bar = Bar(name)
        try:
            image = build(store, name, bar, again=again)
        except Fault as fault:
            bar.end("not built")
            _complain(fault)
            failed = 1
            continue
        except KeyboardInterrupt:
            bar.end("interrupted")
            raise
        if image is None:
            bar.end("already built")
        else:
            bar.end(f"{image.size_bytes / MIB:.0f} MiB in {len(image.layers)} layers")
    if again:
        sweep(store)
    return failed


class Bar:
    """Progress on stdout: a bar that moves on a terminal, one line for each new step elsewhere."""

    def __init__(self, name: str) -> None:
        self._name, self._moves = name, sys.stdout.isatty()
        self._text, self._began = "", time.monotonic()

    def __call__(self, text: str, done: float) -> None:
        if self._moves:
            full = int(done * _BAR)
            bar = "█" * full + "░" * (_BAR - full)
            print(f"\r\x1b[K{self._name:<10} {bar} {done:4.0%}  {text}", end="", flush=True)
        elif text != self._text:
            print(f"{self._name}: {done:4.0%} {text}", flush=True)
        self._text = text

    def end(self, text: str) -> None:
        """The last word, with the time it took."""
        took = time.monotonic() - self._began
        start = "\r\x1b[K" if self._moves else ""
        print(f"{start}{self._name:<10} {text} ({took:.1f} s)", flush=True)


def _complain(fault: Fault) -> None:
    print(fault.message, file=sys.stderr)
    if fault.hint:
        print(f"  {fault.hint}", file=sys.stderr)
