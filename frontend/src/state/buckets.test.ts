import { describe, expect, it } from "vitest";
import type { Event } from "../protocol/generated";
import { buckets } from "./buckets";

describe("marks that would cover one another", () => {
  const happening = (at: number, kind: Event["kind"]) => {
    return { id: String(at), at, event: { seq: 1, at, kind } as Event, story: null, derived: false };
  };

  it("stand together, with their number, the important one in front", () => {
    const found = buckets(
      [happening(10, "born"), happening(10.5, "oom"), happening(10.6, "frozen"), happening(25, "died")],
      0,
      30,
      5,
      (event) => event.kind === "oom",
    );
    expect(found.map((one) => [one.lane, one.count, one.event.kind])).toEqual([
      ["process", 1, "died"],
      ["limit", 2, "oom"],
      ["process", 1, "born"],
    ]);
  });

  it("keep their company while time goes on", () => {
    const list = [happening(101, "born"), happening(104, "born"), happening(106, "born")];
    const keys = (from: number) => buckets(list, from, from + 60, 5, () => false).map((one) => one.key);
    expect(keys(50)).toEqual(keys(53.7));
  });
});
