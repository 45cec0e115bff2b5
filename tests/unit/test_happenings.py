"""What happens is told once, in order, and a burst drowns nobody."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.protocol.xray import Event, EventKind
from runtime.server import happenings as module
from runtime.server.happenings import MOST, REMEMBERED, Happenings

ID = "k3v9q2m7x4t8b1zc"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.25

    def __call__(self) -> float:
        return self.now


def _event(kind: EventKind = "born", pid: int = 1) -> Event:
    return Event(seq=0, at=0.0, kind=kind, pid=pid)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hub(clock: Clock) -> Happenings:
    return Happenings(clock)


async def test_each_event_has_a_number_that_rises_and_the_time_it_was_told(hub: Happenings, clock: Clock) -> None:
    for pid in range(5):
        hub.tell(ID, _event(pid=pid))
    events = hub.since(ID)
    assert [event.pid for event in events] == list(range(5))
    numbers = [event.seq for event in events]
    assert numbers == sorted(set(numbers))
    assert {event.at for event in events} == {clock.now}
    assert [event.pid for event in hub.since(ID, numbers[2])] == [3, 4]
    assert hub.since("another") == []


async def test_numbers_go_on_rising_after_a_restart_and_javascript_can_hold_them(clock: Clock) -> None:
    first = Happenings(clock)
    for _ in range(3000):
        first.tell(ID, _event("oom"))
        clock.now += 0.001
    second = Happenings(clock)
    second.tell(ID, _event())
    assert second.since(ID)[0].seq > first.since(ID)[-1].seq
    assert int(4e9) * module.SEQ_PER_SECOND < 2**53


async def test_events_of_a_moment_make_one_frame(hub: Happenings, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[list[Event]] = []
    arrived = asyncio.Event()

    def listen(events: list[Event]) -> None:
        heard.append(events)
        arrived.set()

    deaf = hub.listen(ID, listen)
    for pid in range(10):
        hub.tell(ID, _event(pid=pid))
    assert heard == []
    async with asyncio.timeout(5):
        await arrived.wait()
    assert [[event.pid for event in events] for events in heard] == [list(range(10))]
    hub.tell(ID, _event(pid=10))
    hub.flush(ID)
    assert [event.pid for event in heard[1]] == [10]
    deaf()
    hub.tell(ID, _event(pid=11))
    hub.flush(ID)
    assert len(heard) == 2
    hub.forget(ID)


async def test_of_a_burst_only_the_number_is_told_beyond_a_limit(hub: Happenings, clock: Clock) -> None:
    heard: list[Event] = []
    hub.listen(ID, heard.extend)
    for pid in range(MOST + 50):
        hub.tell(ID, _event(pid=pid))
    hub.flush(ID)
    assert len(heard) == MOST
    clock.now += 1
    hub.tell(ID, _event(pid=9999))
    hub.flush(ID)
    more, after = heard[MOST:]
    assert (more.kind, more.count) == ("more", 50)
    assert (after.kind, after.pid) == ("born", 9999)
    hub.forget(ID)


async def test_the_number_is_told_though_nothing_follows(hub: Happenings, clock: Clock) -> None:
    told = asyncio.Event()
    heard: list[Event] = []

    def listen(events: list[Event]) -> None:
        heard.extend(events)
        if events[-1].kind == "more":
            told.set()

    hub.listen(ID, listen)
    for pid in range(MOST + 1):
        hub.tell(ID, _event(pid=pid))
    clock.now += 1
    async with asyncio.timeout(5):
        await told.wait()
    assert heard[-1].count == 1
    hub.forget(ID)


async def test_a_fork_bomb_hides_no_oom_kill_and_no_file(hub: Happenings) -> None:
    hub.tell(ID, _event("oom"))
    for pid in range(10 * REMEMBERED):
        hub.tell(ID, _event(pid=pid))
    hub.tell(ID, _event("copied_up"))
    hub.tell(ID, _event("frozen"))
    kinds = [event.kind for event in hub.since(ID)]
    assert kinds[0] == "oom"
    assert kinds[-2:] == ["copied_up", "frozen"]
    hub.forget(ID)


async def test_what_is_forgotten_leaves_no_timer(hub: Happenings) -> None:
    heard: list[Event] = []
    hub.listen(ID, heard.extend)
    hub.tell(ID, _event())
    hub.forget(ID)
    assert hub.known() == ()
    await asyncio.sleep(2 * module.GATHER)
    assert heard == []


_STEPS = st.lists(st.tuples(st.sampled_from(["born", "written", "oom"]), st.floats(0, 0.7)), max_size=600)


@given(_STEPS)
def test_whatever_comes_nothing_is_told_twice_out_of_order_or_uncounted(steps: list[tuple[EventKind, float]]) -> None:
    async def run() -> None:
        clock = Clock()
        hub = Happenings(clock)
        heard: list[Event] = []
        hub.listen(ID, heard.extend)
        for number, (kind, pause) in enumerate(steps):
            clock.now += pause if number % 300 == 299 else 0.0
            hub.tell(ID, _event(kind))
        clock.now += 2
        for kind in ("born", "written", "oom"):
            hub.tell(ID, _event(kind))
        hub.flush(ID)
        numbers = [event.seq for event in heard]
        assert numbers == sorted(set(numbers))
        counted = sum(event.count or 0 if event.kind == "more" else 1 for event in heard)
        assert counted == len(steps) + 3
        hub.forget(ID)

    asyncio.run(run())
