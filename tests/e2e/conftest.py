"""One running instance and one browser for the whole suite, and a look at the host before and after."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e import browsing
from tests.e2e.glass import Glass
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


@pytest.fixture(scope="package")  # no longer: Playwright's own loop would be in the way of other suites'
def browser() -> Iterator[Browser]:
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def token(stack: Stack) -> str:
    return stack.token()


@pytest.fixture(scope="package")
def visitor(stack: Stack) -> Visitor:
    return Visitor(stack, stack.login())


@pytest.fixture
def glass(browser: Browser, stack: Stack, visitor: Visitor, token: str) -> Iterator[Callable[..., Glass]]:
    """Makes a container with these limits and opens its page. In the end it is gone, and the page had no error."""
    made: list[Glass] = []

    def make(**limits: object) -> Glass:
        answer = visitor.call("POST", "/containers", {"image": "busybox", **limits})
        assert answer.status == 201, answer.body
        one = Glass(browsing.person(browser, stack), stack, token, answer.body)
        made.append(one)
        one.open()
        return one

    yield make
    for one in made:
        one.page.context.close()
        visitor.call("DELETE", f"/containers/{one.id}")
    assert [error for one in made for error in one.errors] == []
