import { describe, expect, it } from "vitest";
import type { Event, Snapshot } from "../protocol/generated";
import type { LiveMessage } from "../protocol/live";
import recording from "./fixtures/session.json";
import { LiveStore } from "./live";

const messages = recording.messages as unknown as LiveMessage[];
const first = (messages[0] as Extract<LiveMessage, { re: "snapshot" }>).snapshot;

let clock = 1_000;
function played(count: number): LiveStore {
  clock = 1_000;
  const store = new LiveStore(null, () => clock);
  for (const message of messages.slice(0, count)) store.apply(message);
  return store;
}
const shown = (store: LiveStore): Snapshot => {
  const { snapshot } = store.view.value;
  if (!snapshot) throw new Error("nothing is shown");
  return snapshot;
};
const event = (seq: number, at: number, kind: Event["kind"], more: Partial<Event> = {}): Event => ({
  seq,
  at,
  kind,
  ...more,
});

describe("the cursor", () => {
  it("is live at first, and shows what is newest", () => {
    const store = played(5);
    expect(store.cursor.value).toBeNull();
    expect(store.view.value).toBe(store.state.value);
  });

  it("holds everything still while patches go on being recorded", () => {
    const store = played(10);
    store.pause();
    const held = store.view.value;
    const seen = held.snapshot;
    for (const message of messages.slice(10, 40)) store.apply(message);
    expect(store.view.value).toBe(held); // not even a new object: nothing is drawn anew
    expect(shown(store)).toBe(seen);
    expect(store.state.value.snapshot).not.toBe(seen);
    expect(store.moments.length).toBe(40);
    store.resume();
    expect(store.view.value.snapshot).toBe(store.state.value.snapshot);
  });

  it("shows the marks, rates, charts and stories of the moment itself", () => {
    const store = played(recording.last_running);
    const index = store.moments.findIndex((one) => one.marks.processes.signs.get("48260") === "+");
    const moment = store.moments[index];
    if (!moment) throw new Error("it is born in the recording");
    store.seek(moment.at);
    const view = store.view.value;
    expect(view.marks).toBe(moment.marks);
    expect(view.marks.processes.signs.get("48260")).toBe("+");
    expect(view.points.at(-1)?.t).toBe(moment.snapshot.monotonic);
    expect(view.events).toEqual([]);
    expect(store.state.value.events.length).toBeGreaterThan(0);
  });

  it("steps back and forth over samples, and past the last one is live", () => {
    const store = played(10);
    const at = store.moments.map((one) => one.at);
    store.step(1);
    expect(store.cursor.value).toBeNull();
    store.step(-1);
    expect(store.cursor.value?.at).toBe(at[8]);
    store.step(-1);
    expect(store.cursor.value?.at).toBe(at[7]);
    store.step(1);
    store.step(1);
    expect(store.cursor.value?.at).toBe(at[9]);
    store.step(1);
    expect(store.cursor.value).toBeNull();
  });

  it("stays at the first moment when there is none before", () => {
    const store = played(2);
    for (let index = 0; index < 5; index++) store.step(-1);
    expect(store.cursor.value?.at).toBe(store.moments[0]?.at);
  });

  it("seeks by time; before the first it is the first, at the edge it is live", () => {
    const store = played(10);
    store.seek(0);
    expect(store.cursor.value).toMatchObject({ at: store.moments[0]?.at });
    store.seek((store.moments[4]?.at ?? 0) + 0.1);
    expect(shown(store)).toBe(store.moments[4]?.snapshot);
    store.seek(store.edge.value);
    expect(store.cursor.value).toBeNull();
  });

  it("jumps to the first sample that shows what happened", () => {
    const store = played(10);
    const [before, after] = [store.moments[3]?.at ?? 0, store.moments[4]?.at ?? 0];
    store.jump((before + after) / 2);
    expect(shown(store)).toBe(store.moments[4]?.snapshot);
  });

  it("jumps to what no sample shows yet by the time itself", () => {
    const store = played(10);
    const last = store.moments.at(-1)?.at ?? 0;
    store.jump(last + 5);
    expect(store.cursor.value?.at).toBe(last + 5);
    expect(shown(store)).toBe(store.moments.at(-1)?.snapshot);
  });

  it("keeps showing a moment that the history has forgotten since", () => {
    const store = played(3);
    store.pause();
    const seen = shown(store);
    for (let minute = 1; minute <= 12; minute++) {
      store.patch({ taken_at: first.taken_at + minute * 60, monotonic: first.monotonic + minute * 60 });
    }
    expect(store.moments.some((one) => one.snapshot === seen)).toBe(false);
    expect(shown(store)).toBe(seen);
  });

  it("survives a connection made anew, with a new snapshot of the same container", () => {
    const store = played(10);
    store.pause();
    const seen = shown(store);
    store.connected(false);
    expect(store.view.value.status).toBe("stale");
    store.snapshot({ ...structuredClone(first), taken_at: first.taken_at + 60, monotonic: first.monotonic + 60 });
    expect(shown(store)).toBe(seen);
    expect(store.view.value.status).toBe("live");
    expect(store.moments.length).toBe(11);
  });

  it("lets go when it is another boot, of which nothing is known", () => {
    const store = played(10);
    store.pause();
    store.snapshot({ ...structuredClone(first), boot_id: "another" });
    expect(store.cursor.value).toBeNull();
    expect(store.moments).toHaveLength(1);
    expect(store.happenings.value).toEqual([]);
  });

  it("has its right edge run on through silence, and stop with the connection", () => {
    const store = played(5);
    const last = store.moments.at(-1)?.at ?? 0;
    clock += 4_000;
    store.tick();
    expect(store.edge.value).toBe(last + 4);
    store.connected(false);
    clock += 4_000;
    store.tick();
    expect(store.edge.value).toBe(last + 4);
  });

  it("draws a silence that was paused in as one", () => {
    const store = played(5);
    clock += 30_000;
    store.tick();
    store.pause();
    const { points } = store.view.value;
    expect(points.at(-1)?.t).toBeCloseTo((store.state.value.snapshot?.monotonic ?? 0) + 30);
    expect(points.at(-1)?.cores).toBe(0);
  });
});

describe("what happened", () => {
  it("is told once, though it is heard again after a connection was made anew", () => {
    const store = played(3);
    store.happened([event(5, 10, "born"), event(6, 11, "died")]);
    const before = store.happenings.value;
    store.happened([event(5, 10, "born"), event(6, 11, "died")]);
    expect(store.happenings.value).toBe(before);
    store.happened([event(6, 11, "died"), event(7, 12, "exec")]);
    expect(store.happenings.value.map((one) => one.event.seq)).toEqual([5, 6, 7]);
  });

  it("stands in the order of its time", () => {
    const store = played(3);
    store.happened([event(2, 20, "born"), event(3, 15, "oom", { pid: 9 }), event(4, 30, "died")]);
    expect(store.happenings.value.map((one) => one.at)).toEqual([15, 20, 30]);
  });

  it("is kept up to a bound, and does not come back when it is heard again", () => {
    const store = played(1);
    const many = Array.from({ length: 2100 }, (_, index) => event(index + 1, index, "born"));
    store.happened(many);
    expect(store.happenings.value).toHaveLength(2000);
    expect(store.happenings.value[0]?.event.seq).toBe(101);
  });

  it("is the worker's word rather than the page's own, whichever comes first", () => {
    const store = played(recording.before_oom + 3);
    const own = store.happenings.value.filter((one) => one.event.kind === "oom");
    expect(own).toMatchObject([{ derived: true, event: { comm: "tail", ns_pid: 27 } }]);
    const at = own[0]?.at ?? 0;
    store.happened([event(9, at - 0.2, "oom", { pid: 48322, ns_pid: 27, comm: "tail", limit_bytes: 5, bytes: 4 })]);
    expect(store.happenings.value.filter((one) => one.event.kind === "oom")).toMatchObject([{ derived: false }]);
    expect(store.state.value.events).toMatchObject([{ kind: "oom", limit: 5, told: { bytes: 4 } }]);

    const other = played(recording.before_oom);
    other.happened([event(9, at - 0.2, "oom", { pid: 48322, ns_pid: 27, comm: "tail" })]);
    for (const message of messages.slice(recording.before_oom, recording.before_oom + 3)) other.apply(message);
    expect(other.happenings.value.filter((one) => one.event.kind === "oom")).toMatchObject([{ derived: false }]);
  });

  it("does not take an OOM kill for the same as one of a minute before", () => {
    const store = played(recording.before_oom + 3);
    store.happened([event(9, first.taken_at - 60, "oom", { pid: 1 })]);
    expect(store.happenings.value.filter((one) => one.event.kind === "oom")).toHaveLength(2);
  });

  it("tells the end of PID 1 once", () => {
    const store = played(messages.length);
    const at = store.happenings.value.at(-1)?.at ?? 0;
    expect(store.happenings.value.at(-1)).toMatchObject({ derived: true, event: { kind: "state" } });
    store.happened([event(50, at, "died", { pid: 48213, ns_pid: 1, code: 0 })]);
    expect(store.happenings.value.filter((one) => one.derived)).toEqual(
      store.happenings.value.filter((one) => one.derived && one.event.kind !== "state"),
    );
  });

  it("does not disturb what is shown of the figures", () => {
    const store = played(3);
    const before = store.state.value;
    store.happened([event(5, 10, "born")]);
    expect(store.state.value).toBe(before);
  });
});

describe("what each process uses of the CPU", () => {
  const base = { ...structuredClone(first), usage: { "48213": { cpu_usec: 1_000, rss_bytes: 4096 } } };

  it("is worked out between two samples, and absent at rest", () => {
    const store = new LiveStore(null, () => clock);
    store.snapshot(base);
    store.patch({ monotonic: base.monotonic + 1, usage: { "48213": { cpu_usec: 251_000 } } });
    expect(store.state.value.rates.get("48213")).toBeCloseTo(0.25);
    store.patch({ monotonic: base.monotonic + 2 });
    expect(store.state.value.rates.size).toBe(0);
    const { rates } = store.state.value;
    store.patch({ monotonic: base.monotonic + 3 });
    expect(store.state.value.rates).toBe(rates);
  });

  it("is that of the last pass after a silence", () => {
    const store = new LiveStore(null, () => clock);
    store.snapshot(base);
    store.patch({ monotonic: base.monotonic + 20, usage: { "48213": { cpu_usec: 501_000 } } });
    expect(store.state.value.rates.get("48213")).toBeCloseTo(0.5);
  });

  it("is not that of another process which got the same number", () => {
    const store = new LiveStore(null, () => clock);
    store.snapshot(base);
    store.patch({
      monotonic: base.monotonic + 1,
      usage: { "48213": { cpu_usec: 900_000 } },
      host: { processes: { "48213": { starttime: 1 } } },
    });
    expect(store.state.value.rates.size).toBe(0);
  });
});

describe("one that ended", () => {
  it("stays to be seen for some seconds, though others change meanwhile", () => {
    const store = played(1);
    const born = { pid: 9, ns_pids: [9], ppid: 1, comm: "a", cmdline: [], uid: 0, state: "S", starttime: 5, role: "" };
    store.patch({ container: { processes: { "60001": born, "60002": born } } });
    store.patch({ container: { processes: { "60001": null } } });
    clock += 1_000;
    store.patch({ container: { processes: { "60002": null } } });
    expect(store.state.value.marks.processes.ended.map((one) => one.key)).toEqual(["60001", "60002"]);
    clock += 5_000;
    store.patch({ container: { processes: { "60003": born } } });
    expect(store.state.value.marks.processes.ended).toEqual([]);
  });
});
