import { describe, expect, it } from "vitest";
import type { LiveMessage } from "../protocol/live";
import real from "./fixtures/recorded.json";
import recording from "./fixtures/session.json";
import { type LiveState, LiveStore } from "./live";

const messages = recording.messages as unknown as LiveMessage[];

/** A store that has heard the first `count` messages of the recording. */
function played(count: number): LiveStore {
  const store = new LiveStore(null, () => 1_000);
  for (const message of messages.slice(0, count)) store.apply(message);
  return store;
}

/** How many messages it takes until `seen` holds. */
function until(seen: (state: LiveState) => boolean): number {
  const store = new LiveStore();
  for (const [index, message] of messages.entries()) {
    store.apply(message);
    if (seen(store.state.value)) return index + 1;
  }
  throw new Error("the recording never shows it");
}

describe("LiveStore", () => {
  it("is loading until the first snapshot, and live from then on", () => {
    const store = new LiveStore();
    expect(store.state.value.status).toBe("loading");
    store.apply(messages[0] as LiveMessage);
    expect(store.state.value.status).toBe("live");
    expect(store.state.value.marks.processes.signs.size).toBe(0);
  });

  it("shows the snapshot the page came with, and calls it live only when the socket has spoken", () => {
    const first = messages[0];
    if (first?.re !== "snapshot") throw new Error("the recording begins with a snapshot");
    const store = new LiveStore(first.snapshot);
    expect(store.state.value).toMatchObject({ status: "loading", snapshot: { info: { name: "quiet-fern" } } });
  });

  it("keeps the last figures when the connection is lost, and says they are stale", () => {
    const store = played(5);
    store.connected(false);
    expect(store.state.value.status).toBe("stale");
    expect(store.state.value.snapshot).not.toBeNull();
    store.connected(true);
    expect(store.state.value.status).toBe("live");
  });

  it("stays gone whatever the socket does after", () => {
    const store = played(5);
    store.apply({ re: "gone", reason: "deleted" });
    store.connected(false);
    expect(store.state.value).toMatchObject({ status: "gone", reason: "deleted" });
  });

  it("marks a birth on the process and on nothing else", () => {
    const count = until((state) => state.marks.processes.signs.get("48260") === "+");
    const { marks } = played(count).state.value;
    expect([...marks.processes.signs]).toEqual([["48260", "+"]]);
    expect(marks.overlay.signs.size).toBe(0);
  });

  it("keeps a mark through samples in which nothing happened, until the next change", () => {
    const count = until((state) => state.marks.processes.signs.get("48260") === "+");
    const before = played(count).state.value.marks.processes;
    const after = played(count + 2).state.value.marks.processes;
    expect(after).toEqual(before);
    const next = played(count + 4).state.value.marks.processes;
    expect(next.signs.has("48260")).toBe(false);
    expect(next.beat).toBe(before.beat + 1);
  });

  it("marks a zombie as changed and a process that ended with its last picture", () => {
    until((state) => state.marks.processes.signs.get("48272") === "~");
    const count = until((state) => state.marks.processes.signs.get("48310") === "−");
    const { ended } = played(count).state.value.marks.processes;
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({ key: "48310", host: { comm: "yes" }, inside: { pid: 25 } });
  });

  it("marks what is written to the upper layer", () => {
    until((state) => state.marks.overlay.signs.get("/hello") === "+");
  });

  it("does not call a ticking number a change", () => {
    const [first, second] = [played(1).state.value, played(2).state.value];
    expect(second.snapshot?.container.cgroup.summary.cpu_usage_usec).not.toBe(
      first.snapshot?.container.cgroup.summary.cpu_usage_usec,
    );
    expect(second.marks).toEqual(first.marks);
  });

  it("leaves what a patch does not reach the same object", () => {
    const store = played(1);
    const before = store.state.value.snapshot;
    store.apply(messages[1] as LiveMessage);
    expect(store.state.value.snapshot).not.toBe(before);
    expect(store.state.value.snapshot?.host.overlay).toBe(before?.host.overlay);
    expect(store.state.value.snapshot?.container.processes).toBe(before?.container.processes);
  });

  it("reads a member that a patch removed as missing, not as an error", () => {
    const store = played(2);
    store.patch({ container: { cgroup: { summary: { memory_bytes: null } } } });
    expect(store.state.value.points.at(-2)?.memory).not.toBeNull();
    store.patch({ monotonic: 99_999, container: {} });
    expect(store.state.value.points.at(-1)?.memory).toBeNull();
  });

  it("tells an OOM kill once, with the one that vanished in the same pass", () => {
    expect(played(recording.before_oom).state.value.events).toEqual([]);
    const { events } = played(recording.before_oom + 3).state.value;
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ kind: "oom", kills: 1, limit: 268_435_456, victims: [{ comm: "tail" }] });
  });

  it("tells that a fork was refused", () => {
    const store = played(3);
    store.patch({ container: { cgroup: { pids: { "pids.events": { max: 2 } } } } });
    expect(store.state.value.events.at(-1)).toMatchObject({ kind: "refused-fork", times: 2, limit: 128 });
  });

  it("tells the end of PID 1, and keeps the figures of when it lived", () => {
    const { events, alive, snapshot } = played(messages.length).state.value;
    expect(events.at(-1)).toMatchObject({ kind: "exit", code: 0 });
    expect(snapshot?.info.state).toBe("stopped");
    expect(Object.keys(snapshot?.container.processes ?? {})).toEqual([]);
    expect(Object.keys(alive?.container.processes ?? {})).toContain("48213");
  });

  it("marks those inside as ended with it, and neither the host's own nor the namespaces", () => {
    const { marks } = played(messages.length).state.value;
    expect(marks.processes.signs.get("48213")).toBe("−");
    expect(marks.processes.signs.has("2211")).toBe(false);
    expect(marks.namespaces.signs.size).toBe(0);
  });

  it("marks the namespaces of the next run as others than those of the last", () => {
    const store = played(messages.length);
    const first = messages[0];
    if (first?.re !== "snapshot") throw new Error("the recording begins with a snapshot");
    const again = structuredClone(first.snapshot);
    again.info.generation = 2;
    again.container.namespaces.pid = { id: "pid:[4026539999]", same_as_host: false };
    store.snapshot(again);
    expect([...store.state.value.marks.namespaces.signs]).toEqual([["pid", "~"]]);
  });

  it("tells listeners, and lets them go", () => {
    const store = played(1);
    let heard = 0;
    const leave = store.subscribe(() => {
      heard += 1;
    });
    store.apply(messages[1] as LiveMessage);
    leave();
    store.apply(messages[2] as LiveMessage);
    expect(heard).toBe(2); // once at the start, as signals do, and once for the message
  });
});

describe("a real worker's words", () => {
  it("are understood from the first to the last", () => {
    const store = new LiveStore();
    const kinds = new Set<string>();
    for (const message of real as unknown as LiveMessage[]) {
      store.apply(message);
      for (const event of store.state.value.events) kinds.add(event.kind);
    }
    expect([...kinds].sort()).toEqual(["exit", "oom", "refused-fork"]);
    const oom = store.state.value.events.find((event) => event.kind === "oom");
    expect(oom?.kind === "oom" && oom.victims.map((victim) => victim.comm)).toEqual(["python3"]);
    const { status, reason, points } = store.state.value;
    expect({ status, reason }).toEqual({ status: "gone", reason: "the container was deleted" });
    const busiest = Math.max(...points.map((point) => point.cores ?? 0));
    expect(busiest).toBeGreaterThan(0.4);
    expect(busiest).toBeLessThan(1.1); // half a core is the limit; a pass may fall across two periods
  });
});

describe("rates", () => {
  it("are worked out between the samples' own stamps", () => {
    const points = played(2).state.value.points;
    expect(points).toHaveLength(2);
    expect(points[0]?.cores).toBeNull();
    expect(points[1]?.cores).toBeCloseTo(600 / 0.5 / 1e6); // 600 µs of CPU in half a second
  });

  it("say how much of the time the scheduler held the container back", () => {
    const busy = until((state) => (state.points.at(-1)?.throttled ?? 0) === 1);
    expect(played(busy).state.value.points.at(-1)?.cores).toBeCloseTo(0.5);
  });

  it("are not made across a restart, nor of a counter that fell", () => {
    const store = played(3);
    store.patch({ monotonic: 90_000, container: { cgroup: { summary: { cpu_usage_usec: 1 } } } });
    expect(store.state.value.points.at(-1)?.cores).toBeNull();
    store.patch({ monotonic: 90_001, info: { generation: 2 } });
    expect(store.state.value.points.at(-1)?.read).toBeNull();
  });

  it("forget what is older than three minutes", () => {
    const store = played(4);
    const t = store.state.value.points.at(-1)?.t ?? 0;
    store.patch({ monotonic: t + 179 });
    expect(store.state.value.points.length).toBeGreaterThan(1);
    store.patch({ monotonic: t + 400 });
    expect(store.state.value.points.every((point) => point.t >= t + 400 - 180)).toBe(true);
  });

  it("tell what happened after a silence as done in the last pass, not spread over it", () => {
    const store = played(2);
    const { t = 0 } = store.state.value.points.at(-1) ?? {};
    const usage = store.state.value.snapshot?.container.cgroup.summary.cpu_usage_usec ?? 0;
    store.patch({ monotonic: t + 5, container: { cgroup: { summary: { cpu_usage_usec: usage + 500_000 } } } });
    const points = store.state.value.points.slice(-3);
    expect(points.map((point) => [point.t - t, point.cores])).toEqual([
      [1, 0],
      [4, 0],
      [5, 0.5],
    ]);
  });

  it("are not known across a lost connection", () => {
    const store = played(2);
    const snapshot = store.state.value.snapshot;
    if (!snapshot) throw new Error("there is one");
    store.snapshot({ ...snapshot, monotonic: snapshot.monotonic + 10 });
    expect(store.state.value.points).toHaveLength(3);
  });

  it("run on through silence, and take it back when the worker speaks", () => {
    let now = 1_000;
    const store = new LiveStore(null, () => now);
    for (const message of messages.slice(0, 2)) store.apply(message);
    const heard = store.state.value.points;
    now += 1_500;
    store.tick();
    expect(store.state.value.points).toBe(heard);
    now += 4_500;
    store.tick();
    const { t = 0 } = heard.at(-1) ?? {};
    expect(store.state.value.points.at(-1)).toMatchObject({ t: t + 6, cores: 0, memory: heard.at(-1)?.memory });
    store.apply(messages[2] as LiveMessage);
    expect(store.state.value.points).toHaveLength(3);
  });

  it("begin anew on another boot, whose clock knows nothing of this one's", () => {
    const store = played(4);
    store.patch({ boot_id: "another", monotonic: 12 });
    expect(store.state.value.points).toMatchObject([{ t: 12, cores: null }]);
  });
});
