"""The host's side with manners: a student never sees what strangers run, an instructor with the permission does."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import browsing
from tests.e2e.glass import WAIT
from tests.support.stack import Stack, rest
from tests.support.visitor import Visitor

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

HOST_SECRET = f"pass-{os.getpid()}-of-the-host"
OTHER_SECRET = f"pass-{os.getpid()}-of-another"
IN_ENVIRONMENT = f"pass-{os.getpid()}-in-the-environment"
OWN = f"word-{os.getpid()}-of-ones-own"
SECRETS = (HOST_SECRET, OTHER_SECRET, IN_ENVIRONMENT)
STUDENT, INSTRUCTOR = "e2e-student", "e2e-instructor"
PERMIT = """
from django.contrib.auth.models import Permission, User
person = User.objects.get(username="{name}")
person.user_permissions.add(Permission.objects.get(content_type__app_label="playground", codename="view_host"))
assert not person.is_staff
"""


@contextlib.contextmanager
def host_process(*extra: str) -> Iterator[int]:
    """A process of the host with a secret in its arguments and one in its environment; it waits for its stdin's end."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", f"--password={HOST_SECRET}", *extra],
        env={"PASSWORD": IN_ENVIRONMENT},
        stdin=subprocess.PIPE,
    )
    try:
        yield child.pid
    finally:
        child.communicate(timeout=10)


@pytest.fixture
def stranger(visitor: Visitor) -> Iterator[int]:
    """Another person's container that runs something with a secret in it; the host's pid of that."""
    made = visitor.call("POST", "/containers", {"image": "busybox"}).body
    shell = visitor.attach(made["id"], made["terminals"][0]["id"])
    shell.run(f"sh -c 'sleep 3000; :' {OTHER_SECRET} & true")
    shell.close()
    found: list[int] = []
    deadline = time.monotonic() + WAIT / 1000
    while not found:  # until it has become the program that it was started as
        assert time.monotonic() < deadline, "the other container's process never appeared"
        processes = visitor.call("GET", f"/containers/{made['id']}/snapshot").body["container"]["processes"]
        found = [one["host_pid"] for one in processes if OTHER_SECRET in " ".join(one["cmdline"])]
    yield found[0]
    visitor.call("DELETE", f"/containers/{made['id']}")


class Listener:
    """Everything that reaches a page, over HTTP and its sockets, as text."""

    def __init__(self, page: Page) -> None:
        self.heard: list[str] = []
        self.frames = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._frame))
        page.on("response", lambda response: self.responses.append(response))
        self.responses: list[object] = []

    def _frame(self, payload: bytes | str) -> None:
        self.frames += 1
        self.heard.append(payload if isinstance(payload, str) else payload.decode(errors="replace"))

    def text(self) -> str:
        for response in self.responses:
            with contextlib.suppress(Exception):  # a redirect has no body
                self.heard.append(response.text())  # type: ignore[attr-defined]
        self.responses.clear()
        return "\n".join(self.heard)


def look_around(page: Page) -> None:
    """Open the workbench's every corner that has to do with the host."""
    page.locator(".panel-list details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    expect(page.locator(".hosts")).to_contain_text("Namespaces in use", timeout=WAIT)
    page.locator(".tl-list").click()
    for name in ("mounts", "devices", "identity", "network"):
        page.locator(f".strip-tab[data-name={name}]").click()


def test_a_student_never_meets_a_strangers_secret(browser: Browser, stack: Stack, stranger: int) -> None:
    token = stack.token(STUDENT)
    page = browsing.person(browser, stack, user=STUDENT)
    listener = Listener(page)
    with host_process() as secret_pid:
        ident = browsing.launch(page)
        try:
            look_around(page)
            page.locator(".strip-tab[data-name=processes]").click()
            browsing.enter(page, f"ps; sh -c 'sleep 300; :' {OWN} & echo DO''NE", "DONE")
            expect(page.locator("[role=row][data-side=host]", has_text=OWN)).to_be_visible(timeout=WAIT)
            with host_process("--short"):  # born and dead while events are told
                browsing.enter(page, "echo NE''XT", "NEXT")
            expect(page.get_by_text("are not yours to read")).to_be_visible()
            expect(page.get_by_label("Show all processes of the host")).to_have_count(0)
            told = [page.content(), listener.text()]
            assert listener.frames > 3
            assert all(OWN in heard for heard in told), "what is one's own is heard: so would be the others'"
            for path in ("", "/snapshot"):
                told.append(str(rest(stack, token, "GET", f"/containers/{ident}{path}").body))
            host = rest(stack, token, "GET", "/host").body
            assert host["complete"] is False
            assert str(secret_pid) not in host["processes"]
            assert str(stranger) not in host["processes"]
            told.append(str(host))
            assert host["processes"]["1"]["cmdline"][1:] == []
            for pid in (secret_pid, stranger):
                close = rest(stack, token, "GET", f"/containers/{ident}/processes/{pid}")
                source = rest(stack, token, "GET", f"/containers/{ident}/source?side=host&panel=processes&key={pid}")
                assert close.status == source.status == 404, (close, source)
                told += [str(close.body), str(source.body)]
            for secret in SECRETS:
                assert secret not in "\n".join(told)
        finally:
            rest(stack, token, "DELETE", f"/containers/{ident}")
            page.context.close()


def test_with_the_permission_all_processes_of_the_host_are_there(browser: Browser, stack: Stack, stranger: int) -> None:
    token = stack.token(INSTRUCTOR)
    stack.dev("shell", "-c", PERMIT.format(name=INSTRUCTOR))
    page = browsing.person(browser, stack, user=INSTRUCTOR)
    with host_process() as secret_pid:
        ident = browsing.launch(page)
        try:
            page.get_by_text("The whole host", exact=True).click()
            page.get_by_label("Show all processes of the host").check()
            table = page.get_by_role("table", name="All processes of the host")
            for secret, pid in ((HOST_SECRET, secret_pid), (OTHER_SECRET, stranger)):
                page.get_by_label("Find").fill(secret)
                row = table.get_by_role("row").filter(has=page.locator(f'code[title*="{secret}"]'))
                expect(row).to_have_count(1, timeout=WAIT)
                expect(row).to_contain_text(str(pid))
            host = rest(stack, token, "GET", "/host").body
            assert host["complete"] is True
            assert HOST_SECRET in " ".join(host["processes"][str(secret_pid)]["cmdline"])
            assert IN_ENVIRONMENT not in str(host), "an environment is nobody's"
        finally:
            rest(stack, token, "DELETE", f"/containers/{ident}")
            page.context.close()
