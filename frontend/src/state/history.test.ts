import { describe, expect, it } from "vitest";
import type { Snapshot } from "../protocol/generated";
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
