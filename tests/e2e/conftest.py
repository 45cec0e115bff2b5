"""One running instance for the whole suite, started by `./dev up`, and a look at the host before and after."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support import census
from tests.support.stack import Stack
from tests.support.visitor import Visitor

NAME = f"terrarium-e2e-{os.getpid()}"


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    stack = Stack(NAME)
    stack.up()
    try:
        yield stack
    finally:
        stack.down()
    assert census.cgroups(NAME) == []
    assert census.mounts(NAME) == []
    assert census.null_device() == (0, 0, 0o666)


@pytest.fixture(scope="session")
def token(stack: Stack) -> str:
    return stack.token()


@pytest.fixture
def visitor(stack: Stack) -> Visitor:
    return Visitor(stack, stack.login())
