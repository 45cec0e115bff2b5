"""Output without end: nothing grows, nobody waits for whoever does not read, Ctrl-C is next, and no byte is lost."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from playwright.sync_api import Browser, expect

from runtime.protocol import pty
from tests.e2e import browsing
from tests.e2e.flooded import HOOK, Flood
from tests.e2e.test_restart import attach_again
from tests.support.stack import Stack
from tests.support.usage import resident
from tests.support.visitor import ConnectionClosed, PtyClient, Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups")
FLOOD = 64 << 20
SPARE = 8 << 20  # bytes that a process may grow by for reasons of its own
LAST = 400_000  # 2.8 MB: after each break more is replayed at once than is read up to the next otherwise


@pytest.fixture
def shell(visitor: Visitor) -> Iterator[tuple[str, str]]:
    made = visitor.call("POST", "/containers", {"image": "busybox", "cpus": 2})
    assert made.status == 201, made.body
    yield made.body["id"], next(one["id"] for one in made.body["terminals"] if one["console"])
    visitor.call("DELETE", f"/containers/{made.body['id']}")


def test_memory_is_flat_and_viewers_that_do_not_read_slow_nobody(
    stack: Stack, visitor: Visitor, shell: tuple[str, str]
) -> None:
    pids = [stack.pid("worker"), stack.pid("web")]
    with ExitStack() as attached:
        # They have said HELLO and read no further: their sockets fill up, and they acknowledge nothing.
        for _ in range(9):
            attached.callback(visitor.attach(*shell, want="ro").vanish)
        driver = attached.enter_context(visitor.attach(*shell))
        driver.type("cat /dev/zero\r")
        driver.until(b"\0\0")
        before, begun = [resident(pid) for pid in pids], driver.offset
        while driver.offset - begun < FLOOD:
            assert driver.step(20) is not None, "the flood stood still"
            driver.output.clear()
        grown = [resident(pid) - old for pid, old in zip(pids, before, strict=True)]
        driver.type("\x03")
        driver.until(b"# ", 30)
    assert max(grown) < SPARE, f"worker and web grew by {grown} bytes over {FLOOD}"


def test_a_client_that_acknowledges_nothing_holds_the_program_and_no_memory(
    stack: Stack, visitor: Visitor, shell: tuple[str, str]
) -> None:
    pids = [stack.pid("worker"), stack.pid("web")]
    with visitor.attach(*shell) as mute:
        mute.until(b"# ")
        before = [resident(pid) for pid in pids]
        mute.acknowledges = False
        mute.type("yes\r")
        while mute.step(1.5) is not None:  # until nothing more comes
            pass
        seen = mute.offset
        assert seen < pty.WINDOW + pty.RING_BYTES
        grown = [resident(pid) - old for pid, old in zip(pids, before, strict=True)]
        mute.acknowledges = True
        mute.acknowledge()
        mute.until(b"y\r\n" * 4, since=len(mute.output))
        mute.type("\x03")
        mute.until(b"# ", 30, since=len(mute.output))
    assert max(grown) < SPARE


def test_what_was_printed_arrives_whole_through_kills_and_broken_connections(
    stack: Stack, visitor: Visitor, shell: tuple[str, str]
) -> None:
    """A killed worker, a killed web server, and twenty connections that end in the middle of it."""
    client = visitor.attach(*shell)
    client.until(b"# ")
    client.type(f"seq 1 {LAST}; echo EN''D\r")
    client.until(b"\n1\r\n")
    received = bytearray()

    def kill_the_web_server() -> None:
        os.kill(stack.pid("web"), signal.SIGKILL)
        stack.up()

    breaks: list[Callable[[], object]] = [lambda: None] * 20
    breaks.insert(7, lambda: os.kill(stack.pid("worker"), signal.SIGKILL))
    breaks.insert(14, kill_the_web_server)
    for number, disturb in enumerate(breaks):
        broken = client
        read_up_to((number + 1) * LAST // (len(breaks) + 1), broken)
        disturb()
        with suppress(ConnectionClosed):  # some of what is under way
            broken.step(0.05)
        broken.close()
        received += broken.output
        client = attach_again(visitor, shell, broken)
        assert client.welcome.epoch == broken.welcome.epoch
        assert client.welcome.replay.start == broken.offset
    client.until(b"END", 60)
    received += client.output
    client.close()
    printed = re.search(rb"\n1\r\n.*(?=END)", bytes(received), re.DOTALL)
    assert printed is not None
    assert printed[0][1:] == b"".join(b"%d\r\n" % number for number in range(1, LAST + 1))


def read_up_to(number: int, client: PtyClient) -> None:
    """Until a line with that number or a later one came."""
    while not (tail := re.findall(rb"\n(\d+)\r", bytes(client.output[-64:]))) or int(tail[-1]) < number:
        assert client.step(20) is not None, f"{number} did not come"


def test_the_last_output_of_a_program_comes_whole_and_before_its_exit(visitor: Visitor, shell: tuple[str, str]) -> None:
    script = "head -c 65536 /dev/zero | tr '\\0' x; exit 3"
    for _ in range(25):
        opened = visitor.call("POST", f"/containers/{shell[0]}/terminals", {"argv": ["/bin/sh", "-c", script]})
        assert opened.status == 201, opened.body
        with visitor.attach(shell[0], opened.body["id"]) as client:
            assert client.until_exit()["code"] == 3
            assert client.output.count(b"x") == 65536
            with pytest.raises(ConnectionClosed):
                client.step(5)
        visitor.call("DELETE", f"/containers/{shell[0]}/terminals/{opened.body['id']}")


def test_ctrl_c_stops_a_flood_in_the_page_before_much_more_of_it_comes(browser: Browser, stack: Stack) -> None:
    """Bytes and not time say that the key went ahead of the flood; the time is in the benchmark's figures."""
    page = browsing.person(browser, stack)  # debian's `yes` writes whole pages; that of busybox is no flood
    page.add_init_script(HOOK)
    identifier = browsing.launch(page, "debian")
    flood = Flood(page)
    stopped = [flood.stop_after(4 << 20, seconds=60) for _ in range(2)]
    print(f"Ctrl-C in the page: {stopped}")
    assert max(one.bytes for one in stopped) < 1 << 20
    browsing.enter(page, "clear; echo still 'here'", "still here")
    expect(page.locator(".terminal").first).to_have_attribute("data-phase", "live")
    page.evaluate(
        "id => fetch(`/api/v1/containers/${id}`, {method: 'DELETE', "
        "headers: {'X-CSRFToken': JSON.parse(document.getElementById('boot').textContent).csrf}})",
        identifier,
    )
    page.context.close()
