"""One instance for a module's tests: containers are cheap, keepers less so."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from runtime.config import RuntimeConfig
from runtime.images.build import build
from runtime.images.store import ImageStore
from runtime.protocol import messages
from tests.support.engines import Room, engine_room
from tests.support.pty_terminal import Make, Terminal
from tests.worker.instance import Instance, standing


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the images lie: those of the machine, or busybox built for the tests."""
    given = os.environ.get("TERRARIUM_IMAGES_DIR")
    directory = Path(given) if given else tmp_path_factory.mktemp("images")
    store = ImageStore(RuntimeConfig(images_dir=directory))
    if not any(image.name == "busybox" for image in store.list()):
        build(store, "busybox", lambda *_: None)
    return directory


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[Instance]:
    """Ready to answer, and gone without a trace."""
    if os.getuid() != 0:
        pytest.skip("the keeper needs root")
    with standing(tmp_path_factory.mktemp("instance"), images) as made:
        yield made


@pytest.fixture
async def box(instance: Instance) -> AsyncIterator[messages.Launched]:
    """A running busybox of anna's."""
    launched = instance.launch("sh")
    yield launched
    instance.call(messages.Delete(id=launched.container.id, owner=None), messages.Done)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """An engine without a worker around it."""
    async with engine_room() as made:
        yield made


@pytest.fixture
async def terminal() -> AsyncIterator[Make]:
    made: list[Terminal] = []

    def make(*argv: str, cols: int = 80, rows: int = 24) -> Terminal:
        made.append(Terminal(list(argv), cols=cols, rows=rows))
        return made[-1]

    yield make
    for one in made:
        one.close()
