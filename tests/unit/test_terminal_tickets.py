"""Tickets: one use, one minute, one person."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from runtime.errors import Code, Fault
from runtime.server.tickets import Permit, Tickets

PERMIT = Permit(container="c" * 16, terminal="console", user="7", role="rw")


def refused(book: Tickets, ticket: str, user: str = "7") -> Fault:
    with pytest.raises(Fault) as caught:
        book.redeem(ticket, user)
    assert caught.value.code is Code.ACCESS_DENIED
    return caught.value


def test_a_ticket_is_good_once() -> None:
    book = Tickets()
    ticket, _ = book.mint(PERMIT)
    assert book.redeem(ticket, "7") == PERMIT
    refused(book, ticket)


def test_another_person_uses_it_up_and_gets_nothing() -> None:
    book = Tickets()
    ticket, _ = book.mint(PERMIT)
    said = refused(book, ticket, "8").message
    assert said == refused(book, ticket).message == refused(book, "").message == refused(book, "guess").message


@pytest.mark.parametrize(
    ("container", "terminal", "good"),
    [
        (None, None, True),
        ("c" * 16, None, True),
        ("c" * 16, "console", True),
        ("d" * 16, "console", False),
        ("c" * 16, "another", False),
        ("", None, False),
        (None, "", False),
    ],
)
def test_it_is_good_at_the_place_it_was_made_for(container: str | None, terminal: str | None, good: bool) -> None:
    book = Tickets()
    ticket, _ = book.mint(PERMIT)
    if good:
        assert book.redeem(ticket, "7", container, terminal) == PERMIT
        return
    with pytest.raises(Fault) as caught:
        book.redeem(ticket, "7", container, terminal)
    assert caught.value.message == refused(book, "guess").message
    refused(book, ticket)  # trying uses it up


def test_guests_tickets_are_taken_back() -> None:
    book = Tickets()

    def mint(**changes: Any) -> str:
        return book.mint(replace(PERMIT, **changes))[0]

    for users, theirs_are_void in ((["8"], False), ([], True)):
        named, other = mint(user="8", guest=True), mint(user="9", guest=True)
        own, elsewhere = mint(user="8"), mint(user="8", guest=True, terminal="another")
        far = mint(user="8", guest=True, container="d" * 16)
        book.void("c" * 16, "console", users)
        refused(book, named, "8")
        if theirs_are_void:
            refused(book, other, "9")
        else:
            book.redeem(other, "9")
        for ticket in (own, elsewhere, far):
            book.redeem(ticket, "8")


def test_it_is_old_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Tickets()
    ticket, _ = book.mint(PERMIT)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    refused(book, ticket)


def test_a_thousand_may_be_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Tickets()
    for number in range(1000):
        book.mint(replace(PERMIT, user=str(number)))
    with pytest.raises(Fault) as caught:
        book.mint(PERMIT)
    assert caught.value.code is Code.NO_CAPACITY
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    book.mint(PERMIT)


def test_nobody_keeps_the_others_out() -> None:
    book = Tickets()
    first, *_, last = (book.mint(PERMIT)[0] for _ in range(2000))
    refused(book, first)
    assert book.redeem(last, "7") == PERMIT
    book.mint(replace(PERMIT, user="8"))
