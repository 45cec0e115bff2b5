import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { one, root, text, useStage } from "../../../tests/support/stage";
import { setLanguage } from "../../i18n/index";
import { ApiError } from "../../protocol/api";
import type { Snapshot } from "../../protocol/generated";
import type { LiveMessage } from "../../protocol/live";
import recording from "../../state/fixtures/session.json";
import { Link } from "../../state/link";
import { NO_MARKS } from "../../state/marks";
import { type Sample, Samples } from "../../state/samples";
import { CgroupPanel } from "../cgroup";
import { changes } from "../chart";
import { type Calls, PanelContext, type Surroundings } from "../context";
import { FrozenBanner } from "./control";
import { wished } from "./limits";
import { FIGURES, keyOf } from "./names";
import { toV2 } from "./priority";
import { segments } from "./throttle";

const first = recording.messages[0] as unknown as LiveMessage;
if (first.re !== "snapshot") throw new Error("the recording begins with a snapshot");
const base = first.snapshot;
const MIB = 1 << 20;

/** The snapshot with other figures of its container's cgroup. */
function with_(part: Partial<Snapshot["container"]["cgroup"]>, info: Partial<Snapshot["info"]> = {}): Snapshot {
  const cgroup = { ...base.container.cgroup, ...part };
  return { ...base, info: { ...base.info, ...info }, container: { ...base.container, cgroup } };
}

/** What the charts have after the same container was seen at each of `seconds`, with `part` of its summary. */
function sampled(...parts: Partial<Snapshot["container"]["cgroup"]["summary"]>[]): readonly Sample[] {
  const samples = new Samples();
  for (const [index, part] of parts.entries()) {
    const shown = with_({ summary: { ...base.container.cgroup.summary, ...part } });
    samples.add({ ...shown, monotonic: base.monotonic + index }, true);
  }
  return samples.points;
}

const calls = { freeze: vi.fn<Calls["freeze"]>(), setLimits: vi.fn<Calls["setLimits"]>() };
const reveal = vi.fn();

useStage();

beforeEach(() => {
  calls.freeze.mockReset().mockResolvedValue(undefined);
  calls.setLimits.mockReset().mockResolvedValue(undefined);
});

interface Shown {
  points?: readonly Sample[];
  past?: boolean;
  alone?: boolean;
}

function show(snapshot: Snapshot, { points = [], past = false, alone = false }: Shown = {}): void {
  const quota = { memory_bytes: 1024 * MIB, cpus: 2, pids: 512, disk_bytes: 512 * MIB };
  const surroundings = {
    link: new Link(),
    showMe: () => undefined,
    calls: alone ? null : calls,
    quota: { ...quota, containers: 4, containers_used: 1, defaults: quota },
    reveal,
  } as unknown as Surroundings;
  act(() =>
    render(
      <PanelContext.Provider value={surroundings}>
        <FrozenBanner snapshot={snapshot} />
        <CgroupPanel snapshot={snapshot} points={points} events={[]} marks={NO_MARKS.cgroup} past={past} />
      </PanelContext.Provider>,
      root,
    ),
  );
}

const type = (selector: string, value: string): void => {
  const field = one<HTMLInputElement>(selector);
  act(() => {
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
};
const submit = (): Promise<void> =>
  act(async () => {
    one("form.limits").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  });

describe("the five things", () => {
  it("stand in their order, each opened by one sentence", () => {
    show(base);
    const parts = [...root.querySelectorAll(".cg-part")];
    expect(parts.map((part) => (part as HTMLElement).dataset.part)).toEqual([
      "limiting",
      "priority",
      "accounting",
      "isolation",
      "control",
    ]);
    for (const part of parts) expect(part.querySelector(".cg-part-words")?.textContent).toMatch(/\.$/);
  });

  it("name the limit that bites, and whose it is", () => {
    const at = "/sys/fs/cgroup/memory/terrarium";
    show(
      with_({ effective: { memory_bytes: { value: 64 * MIB, at, own: false }, pids: { value: 128, at, own: true } } }),
    );
    expect(text('[aria-label="Memory"] .cg-minor')).toContain(`64 MiB, set above it by ${at}`);
    expect(text('[aria-label="Tasks"] .cg-minor')).toContain("128, its own");
  });

  it("give a weight with what it means, and what v2 would call it", () => {
    show(with_({ cpu: { ...base.container.cgroup.cpu, "cpu.shares": 512 } }));
    expect(text('[data-part="priority"]')).toContain("0.5 × the usual 1,024");
    expect(text('[data-part="priority"]')).toContain(`cpu.weight ${toV2(512)}`);
    expect([toV2(2), toV2(1024), toV2(262144)]).toEqual([1, 39, 10000]);
  });
});

describe("memory, taken apart", () => {
  it("is answered four times, each with its formula, this host's form marked", () => {
    show(base);
    const rows = [...root.querySelectorAll(".answers tbody tr")].map((row) => row.textContent ?? "");
    expect(rows).toHaveLength(4);
    expect(rows[0]).toContain("5.9 MiB");
    expect(rows[1]).toContain("4.74 MiB");
    expect(rows[1]).toContain("memory.usage_in_bytes − total_inactive_file");
    expect(rows[1]).toContain("memory.current − inactive_file");
    expect(rows[3]).toContain("1.16 GiB");
    expect(root.querySelector('.answers .formula[data-here="true"] .badge')?.textContent).toBe("v1 · this host");
  });

  it("draws kinds that add up to all there is", () => {
    show(base);
    const widths = [...root.querySelectorAll<HTMLElement>(".anatomy-bar > span")].map((span) =>
      Number.parseFloat(span.style.width),
    );
    expect(widths.reduce((sum, width) => sum + width, 0)).toBeCloseTo(100, 3);
  });

  it("says why where memory.stat is not there", () => {
    const { "memory.stat": _, ...memory } = base.container.cgroup.memory;
    show({
      ...with_({ memory }),
      gaps: { "container.cgroup.memory.memory.stat": "ENOENT: no such file or directory (memory.stat)" },
    });
    expect(text(".anatomy")).toContain("ENOENT");
  });
});

describe("the throttle clock", () => {
  it("agrees with cpu.stat between two looks", () => {
    const points = sampled(
      { nr_periods: 100, nr_throttled: 40, throttled_usec: 2_000_000 },
      { nr_periods: 110, nr_throttled: 47, throttled_usec: 2_350_000 },
    );
    expect(points.at(-1)).toMatchObject({ periods: 10, held: 7, waited: 350_000, throttled: 0.7 });
    show(base, { points });
    expect(text(".cg-clock")).toContain("7 of the last 10 periods cut short; threads waited 350 ms.");
    expect(root.querySelectorAll(".cg-ring-cut")).toHaveLength(7);
    expect(root.querySelectorAll(".cg-ring-ran")).toHaveLength(3);
  });

  it("never rounds some to none, nor not all to all", () => {
    expect(segments(10, 3)).toEqual({ all: 10, cut: 3 });
    expect(segments(600, 1)).toEqual({ all: 24, cut: 1 });
    expect(segments(600, 599)).toEqual({ all: 24, cut: 23 });
    expect(segments(600, 600)).toEqual({ all: 24, cut: 24 });
    expect(segments(0, 0)).toEqual({ all: 0, cut: 0 });
  });
});

describe("pressure", () => {
  it("is the share of the time between two looks", () => {
    const samples = new Samples();
    const stalled = (total: number) =>
      with_({
        memory: { ...base.container.cgroup.memory, "memory.pressure": { "some total": total, "full total": 0 } },
      });
    samples.add({ ...stalled(1_000_000), monotonic: 100 }, true);
    samples.add({ ...stalled(1_250_000), monotonic: 101 }, true);
    expect(samples.points.at(-1)?.pressure).toEqual({
      some: { cpu: null, memory: 0.25, io: null },
      full: { cpu: null, memory: 0, io: null },
    });
    show(stalled(1_250_000), { points: samples.points });
    expect(text('[aria-label="Pressure (PSI)"]')).toContain("memory25 %0 %");
  });
});

describe("the freezer", () => {
  it("freezes, says so before the figures do, and thaws", async () => {
    show(base);
    expect(text(".freezer-state")).toBe("Not frozen: its processes run.");
    await act(async () => one(".freezer .button").click());
    expect(calls.freeze).toHaveBeenCalledWith(true);
    expect(text(".freezer .button")).toBe("Thaw");
    show(with_({ frozen: true }, { frozen: true }));
    expect(text(".freezer-state")).toContain("no process in here gets any CPU");
    expect(text(".banner.frozen")).toContain("none of them runs");
    await act(async () => one(".freezer .button").click());
    expect(calls.freeze).toHaveBeenLastCalledWith(false);
    act(() => one(".banner.frozen button:last-child").click());
    expect(reveal).toHaveBeenCalledWith("cgroup");
    calls.freeze.mockClear();
    await act(async () => one(".banner.frozen button").click());
    expect(calls.freeze).toHaveBeenCalledWith(false);
  });

  it("tells why it could not", async () => {
    calls.freeze.mockRejectedValue(new ApiError("wrong-state", "container x is stopped", 409, null, "Start it first."));
    show(base);
    await act(async () => one(".freezer .button").click());
    expect(text(".freezer [role=alert]")).toContain("The container was not frozen. Start it first.");
    expect(text(".freezer .button")).toBe("Freeze");
  });

  it("does nothing to what has gone by, nor where one can only look", async () => {
    show(base, { past: true });
    await act(async () => one(".freezer .button").click());
    expect(text(".freezer")).toContain("go back to now");
    show(base, { alone: true });
    await act(async () => one(".freezer .button").click());
    expect(text(".freezer")).toContain("one can only look");
    expect(calls.freeze).not.toHaveBeenCalled();
  });
});

describe("the limits", () => {
  const limits = base.info.limits;

  it("sends only what differs, in the units of the server, and can take it back", async () => {
    show(base);
    type("#limit-memory_bytes", "64");
    type("#limit-pids", String(limits.pids));
    await submit();
    expect(calls.setLimits).toHaveBeenCalledWith({ memory_bytes: 64 * MIB });
    expect(text(".limits [role=status]")).toContain("Watch the effect");
    await act(async () => [...root.querySelectorAll<HTMLElement>(".limits .button")].at(-1)?.click());
    expect(calls.setLimits).toHaveBeenLastCalledWith({ memory_bytes: limits.memory_bytes });
  });

  it("the slider reaches the quota, and moves the number", () => {
    show(base);
    const slider = one<HTMLInputElement>('.limits [aria-label="CPU, cores, slider"]');
    expect(slider.max).toBe("2");
    type('.limits [aria-label="CPU, cores, slider"]', "1.5");
    expect(one<HTMLInputElement>("#limit-cpus").value).toBe("1.5");
    expect(text("#limit-cpus-note")).toContain("now 0.5 cores");
  });

  it("blames the field that the server blames", async () => {
    calls.setLimits.mockRejectedValue(new ApiError("invalid-spec", "pids must be from 1 to 32768", 422, "pids"));
    show(base);
    type("#limit-pids", "0");
    await submit();
    expect(one("#limit-pids").getAttribute("aria-invalid")).toBe("true");
    expect(text("#limit-pids-note")).toBe("That is too little to live on: at least 1.");
    expect(root.querySelector(".limits [role=alert]")).toBeNull();
  });

  it("sends nothing that is no number", async () => {
    show(base);
    type("#limit-memory_bytes", "much");
    await submit();
    expect(calls.setLimits).not.toHaveBeenCalled();
    expect(text("#limit-memory_bytes-note")).toBe("That is not a number.");
    expect(wished({ memory_bytes: " ", cpus: "0.25" }, limits)).toEqual({ cpus: 0.25 });
  });

  it("mark the charts at the moment of a change, in a word too", () => {
    const points = sampled(
      { memory_limit_bytes: 256 * MIB },
      { memory_limit_bytes: 64 * MIB },
      {
        memory_limit_bytes: 64 * MIB,
      },
    );
    expect(changes(points, (point) => point.limits.memory)).toEqual([
      { t: base.monotonic + 1, from: 256 * MIB, to: 64 * MIB },
    ]);
    show({ ...base, monotonic: base.monotonic + 2 }, { points });
    expect(root.querySelectorAll('[aria-label="Memory"] .chart-change')).toHaveLength(1);
    expect(root.querySelector('[aria-label="Memory"] path.chart-limit')?.getAttribute("d")).toMatch(/^M.*H.*V.*H\d+$/);
    expect(text('[aria-label="Memory"] .cg-changed')).toMatch(/^\d\d:\d\d:\d\d limit changed: 256 MiB → 64 MiB$/);
  });
});

describe("names", () => {
  it("lead to files that were read, and to nothing else", () => {
    expect(keyOf(base.container.cgroup, "used")).toBe("memory/memory.usage_in_bytes");
    expect(keyOf(base.container.cgroup, "memory_pressure")).toBe("memory/memory.pressure");
    expect(keyOf(base.container.cgroup, "high")).toBeNull();
    expect(keyOf(base.container.cgroup, "kill")).toBeNull();
  });

  it("are all in the table, v1's beside v2's", () => {
    show(base);
    const details = [...root.querySelectorAll("details")].find((one) => one.textContent?.includes("v1 and v2 name"));
    act(() => {
      if (!details) return;
      details.open = true;
      details.dispatchEvent(new Event("toggle"));
    });
    expect(root.querySelectorAll(".names tbody tr")).toHaveLength(Object.keys(FIGURES).length);
    expect(text(".names tbody tr")).toContain("memory.usage_in_bytesmemory.current5.9 MiB");
  });
});

it("is drawn in Chinese with nothing left out", () => {
  setLanguage("zh-hans");
  show(with_({ frozen: true }), { points: sampled({}, {}) });
  expect(root.textContent).toContain("用了多少内存？四个答案，都对");
  expect(root.textContent).not.toMatch(/undefined|NaN|\{\w+\}/);
});
