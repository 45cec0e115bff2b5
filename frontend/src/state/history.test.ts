import { describe, expect, it, vi } from "vitest";
import type { Snapshot } from "../protocol/generated";
import { merge } from "../protocol/merge";
import { HISTORY_SECONDS, History, MOST_MOMENTS } from "./history";
import { NO_MARKS } from "./marks";
import { NO_RATES } from "./rates";

const moment = (at: number) => ({
  at,
  snapshot: { taken_at: at } as Snapshot,
  alive: null,
  marks: NO_MARKS,
  rates: NO_RATES,
});

function filled(...times: number[]): History {
  const history = new History();
  for (const at of times) history.add(moment(at));
  return history;
}

describe("History", () => {
  it("gives the last moment not later than a time, and the first for a time before all", () => {
    const history = filled(10, 11, 13);
    expect([9, 10, 10.9, 12, 13, 99].map((at) => history.at(at)?.at)).toEqual([10, 10, 10, 11, 13, 13]);
    expect(new History().at(5)).toBeNull();
  });

  it("gives the first moment that shows what happened at a time", () => {
    const history = filled(10, 11, 13);
    expect([9, 10, 10.1, 11.5, 13].map((at) => history.from(at)?.at)).toEqual([10, 10, 11, 13, 13]);
    expect(history.from(13.1)).toBeNull();
  });

  it("steps from moment to moment, and from between two to either", () => {
    const history = filled(10, 11, 13);
    expect(history.step(11, -1)?.at).toBe(10);
    expect(history.step(11, 1)?.at).toBe(13);
    expect(history.step(12, -1)?.at).toBe(11);
    expect(history.step(12, 1)?.at).toBe(13);
    expect(history.step(10, -1)).toBeNull();
    expect(history.step(13, 1)).toBeNull();
  });

  it("forgets what is older than ten minutes", () => {
    const history = filled(0, 1, HISTORY_SECONDS, HISTORY_SECONDS + 1);
    expect(history.moments.map((one) => one.at)).toEqual([1, HISTORY_SECONDS, HISTORY_SECONDS + 1]);
  });

  it("keeps so many at most, however fast they come", () => {
    const history = new History();
    for (let index = 0; index < MOST_MOMENTS + 50; index++) history.add(moment(index / 10));
    expect(history.moments).toHaveLength(MOST_MOMENTS);
    expect(history.first?.at).toBe(5);
  });

  it("stays in order when the worker's clock is set back", () => {
    const history = filled(10, 8, 9);
    expect(history.moments.map((one) => one.at)).toEqual([10, 10, 10]);
    expect(history.last?.snapshot.taken_at).toBe(9);
  });
});

describe("a moment that a patch made", () => {
  const patched = (index: number) => ({ taken_at: index, container: { processes: { [index]: { pid: index } } } });

  it("is made anew from what is kept, as often as it is looked at", () => {
    const history = new History();
    let snapshot = { taken_at: 0, container: { processes: {} } } as unknown as Snapshot;
    const all = [snapshot];
    history.add({ ...moment(0), snapshot, alive: snapshot });
    for (let index = 1; index < 60; index++) {
      snapshot = merge(snapshot, patched(index));
      all.push(snapshot);
      history.add({ ...moment(index), snapshot, alive: index < 50 ? snapshot : (all[49] as Snapshot) }, patched(index));
    }
    expect(history.last?.snapshot).toBe(snapshot);
    expect(history.moments.map((one) => one.snapshot)).toEqual(all);
    expect(history.moments[30]?.alive).toEqual(all[30]);
    expect(history.moments[55]?.alive).toBe(all[49]);
  });

  it("is the same when what it was made from is forgotten", () => {
    vi.stubGlobal("WeakRef", Dead); // nobody looks, and the collector comes at once
    const history = new History();
    let snapshot = { taken_at: 0, container: { processes: {} } } as unknown as Snapshot;
    history.add({ ...moment(0), snapshot });
    for (let index = 1; index < 40; index++) {
      snapshot = merge(snapshot, patched(index));
      history.add({ ...moment(index * 30), snapshot }, patched(index));
    }
    expect(history.first?.at).toBe(39 * 30 - HISTORY_SECONDS);
    expect(Object.keys(history.first?.snapshot.container.processes ?? {})).toHaveLength(19);
    expect(history.moments[10]?.snapshot.taken_at).toBe(29);
    vi.unstubAllGlobals();
  });
});

class Dead {
  deref(): undefined {
    return undefined;
  }
}
