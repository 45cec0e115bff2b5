"""What the kernel does at a limit, as the page tells it: it kills, makes wait, says no. And a hand on all at once."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e import browsing
from tests.e2e.counters import Counters, Sampled
from tests.e2e.glass import WAIT, Glass

pytestmark = pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups", "chromium")

MIB = 1 << 20
# Notes each change of the CPU block: the page's own word for the periods, and the share of a core it shows.
NOTE_CPU = """() => {
  const block = document.querySelector('[data-panel=cgroup] [data-thing="cgroup:cpu"]');
  const noted = (window.noted = []);
  const look = () => {
    const periods = /(\\d+) of (\\d+) periods/.exec(block.textContent.replaceAll(',', ''));
    const [held, all] = periods ? [Number(periods[1]), Number(periods[2])] : [null, null];
    if (periods && noted.at(-1)?.all !== all) {
      const line = block.querySelector('.chart-line').getAttribute('d');
      noted.push({ held, all, cores: Number(block.querySelector('.cg-now b').textContent), line });
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def cpu_block(opened: Glass) -> Locator:
    return opened.panel("cgroup").locator('[data-thing="cgroup:cpu"]')


def test_an_oom_kill_is_told_with_its_victim_and_the_limit(glass: Callable[..., Glass]) -> None:
    opened = glass(memory_bytes=64 * MIB)
    page = opened.page
    opened.list_events()
    opened.show("cgroup")  # out of sight it need not be drawn
    opened.type("sh -c 'echo i-am-$$-; read go; exec tail /dev/zero'")
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text(re.compile(r"i-am-\d+-"), timeout=WAIT)
    said = re.search(r"i-am-(\d+)-", browsing.screen(page))
    assert said
    inner = int(said[1])
    victim = next(one for one in opened.snapshot()["container"]["processes"] if one["ns_pids"][-1] == inner)
    outer = victim["host_pid"]

    opened.type("")
    sentence = f"the kernel killed tail (PID {inner} here, {outer} on the host)"
    heard = page.locator(".panels > p[role=status]")
    for place in (
        page.locator(".happened-list li", has_text="Out of memory").first,
        opened.panel("cgroup").locator(".story").first,
        heard,
    ):
        expect(place).to_contain_text(sentence, timeout=WAIT)
        expect(place).to_contain_text("64 MiB")
    event = opened.told("oom")
    assert (event["pid"], event["ns_pid"], event["comm"]) == (outer, inner, "tail")
    assert event["limit_bytes"] == 64 * MIB
    assert event["limit_at"].endswith(opened.id)
    assert 32 * MIB < event["bytes"] <= 65 * MIB
    kills = opened.panel("cgroup").locator("dt", has_text="OOM kills").locator("xpath=following-sibling::dd")
    expect(kills).to_have_text("1", timeout=WAIT)


def test_a_busy_loop_is_throttled_and_the_page_agrees_with_the_kernel(glass: Callable[..., Glass]) -> None:
    """Both are compared over the same periods: each that the page shows was read directly when the kernel wrote it."""
    opened = glass(cpus=0.5)
    page = opened.page
    opened.show("cgroup")
    counters = Counters(opened.snapshot()["host"]["cgroup"]["paths"])
    opened.type("while :; do :; done")
    clock = cpu_block(opened).locator(".cg-clock")
    expect(clock).to_contain_text(re.compile(r"\d+ of the last \d+ periods cut short"), timeout=WAIT)
    expect(cpu_block(opened).locator(".chart-throttled").first).to_be_attached()
    with counters.reading() as directly:
        page.evaluate(NOTE_CPU)
        page.wait_for_function(
            "() => window.noted.length >= 7 && noted.at(-1).all - noted[1].all >= 50", timeout=30_000
        )
    first, *rest = page.evaluate("window.noted.slice(1)")  # its first may be from before the direct reading
    last = rest[-1]
    one, other = at_period(directly, first["all"]), at_period(directly, last["all"])

    held = other.held - one.held
    assert held >= 5, "a busy machine has little to give, and then the quota lasts longer"
    assert last["held"] - first["held"] == pytest.approx(held, rel=0.05, abs=1)
    cores = (other.usage_usec - one.usage_usec) / 1e6 / (other.at - one.at)
    assert 0.1 < cores < 0.55
    # The figure beside the chart, each for the periods since the one before.
    spans = [after["all"] - before["all"] for before, after in itertools.pairwise([first, *rest])]
    shown = sum(note["cores"] * span for note, span in zip(rest, spans, strict=True)) / sum(spans)
    assert shown == pytest.approx(cores, rel=0.05)
    # The chart's own line over the same stretch: its top is the quota and a little.
    assert drawn(last["line"], seconds=other.at - one.at, top=0.5 * 1.08) == pytest.approx(cores, rel=0.05)
    expect(page.locator('.tl-mark[data-lane="limit"]').first).to_be_attached()
    assert opened.told("throttled")["count"] > 0


def at_period(samples: list[Sampled], periods: int) -> Sampled:
    return next(one for one in samples if one.periods == periods)


def drawn(line: str, *, seconds: float, top: float) -> float:
    """The mean of a chart's line over its last seconds; each point stands for the time since the one before."""
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", line)]
    until = points[-1][0]
    area = span = 0.0
    for (before, _), (x, y) in itertools.pairwise(points):
        width = x - max(before, until - seconds)
        if width > 0:
            span += width
            area += width * top * (100 - y) / 100
    return area / span


def test_forks_beyond_a_limit_that_was_lowered_are_refused_and_told(glass: Callable[..., Glass]) -> None:
    opened = glass(pids=64)
    page = opened.page
    opened.list_events()
    form = page.get_by_role("form", name="Change its limits")
    tasks = form.get_by_label("Tasks", exact=True)
    tasks.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(form.get_by_role("status")).to_contain_text("Applied", timeout=WAIT)
    block = opened.panel("cgroup").locator('[data-thing="cgroup:pids"]')
    block.locator(".cg-now").scroll_into_view_if_needed()
    expect(block.locator(".cg-now")).to_contain_text("of 12", timeout=WAIT)
    expect(block.locator(".cg-changed")).to_contain_text("64 → 12")
    expect(page.locator(".happened-list li", has_text="A limit was changed")).to_have_count(1)
    assert opened.snapshot()["container"]["cgroup"]["summary"]["pids_max"] == 12

    browsing.enter(page, "for i in $(seq 40); do sleep 9 & done", "can't fork")
    expect(page.locator(".happened-list li", has_text="refused with EAGAIN").first).to_be_visible(timeout=WAIT)
    expect(block.locator(".story")).to_contain_text("refused with EAGAIN")
    assert opened.told("refused-fork")["limit"] == 12


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("Tasks", "1000000", "more than you may give"),
        ("Memory, MiB", "1", "too little to live on"),
        ("CPU, cores", "half", "not a number"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_at_its_field(
    glass: Callable[..., Glass], name: str, text: str, why: str
) -> None:
    opened = glass()
    page = opened.page
    field = page.get_by_role("form", name="Change its limits").get_by_label(name, exact=True)
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true", timeout=WAIT)
    note = page.locator(f"[id='{field.get_attribute('aria-describedby')}']")
    expect(note).to_contain_text(why)
    expect(field).to_be_focused()
    assert opened.limits() == opened.container["limits"]


def test_it_is_frozen_and_thawed_by_keyboard(glass: Callable[..., Glass]) -> None:
    opened = glass()
    page = opened.page
    opened.list_events()
    opened.run("true")
    freezer = page.get_by_role("region", name="Freezer")
    freezer.get_by_role("button", name="Freeze", exact=True).focus()
    page.keyboard.press("Enter")
    expect(freezer.get_by_role("status")).to_contain_text("Frozen", timeout=WAIT)
    expect(page.locator(".banner.frozen")).to_be_visible()
    expect(page.locator(".panels > p[role=status]")).to_contain_text("Frozen", timeout=WAIT)
    expect(page.locator(".happened-list li", has_text="Frozen: no process")).to_have_count(1)
    thaw = freezer.get_by_role("button", name="Thaw", exact=True)
    expect(thaw).to_be_focused()

    opened.type("echo aw''ake-$((40+2))")
    events = opened.told("frozen")
    assert events["seq"] > 0
    assert "awake-42" not in browsing.screen(page)
    thaw.focus()
    page.keyboard.press("Space")
    expect(page.locator(".terminal .xterm-rows").first).to_contain_text("awake-42", timeout=WAIT)
    expect(page.locator(".banner.frozen")).to_have_count(0, timeout=WAIT)
    expect(page.locator(".happened-list li", has_text="Thawed: all processes")).to_have_count(1)
