import { describe, expect, it } from "vitest";
import { CastError, Pace, parse } from "./cast";

const HEADER = { version: 3, term: { cols: 80, rows: 24 }, timestamp: 1_700_000_000, title: "sh" };
const file = (...events: unknown[]): string => [HEADER, ...events].map((line) => JSON.stringify(line)).join("\n");

describe("an asciicast", () => {
  it("has its times added up, its sizes within bounds, its markers apart, and nothing that was typed", () => {
    const cast = parse(
      `${file([0.5, "o", "a"], [1, "i", "secret"], [1, "r", "9999x1"], [0.25, "m", "$ ls"], [0.25, "x", "0"])}\n# end\n`,
    );
    expect(cast).toMatchObject({ cols: 80, rows: 24, timestamp: 1_700_000_000, seconds: 3, damaged: 0 });
    expect(cast.events).toEqual([
      { at: 0.5, code: "o", data: "a" },
      { at: 2.5, code: "r", data: "500x2" },
      { at: 3, code: "o", data: "" },
    ]);
    expect(cast.markers).toEqual([{ at: 2.75, label: "$ ls" }]);
    expect(JSON.stringify(new Pace(cast, null).events)).not.toContain("secret");
  });

  it("that was cut off plays as far as it goes, and says how much was lost", () => {
    const cast = parse(
      `${file([1, "o", "whole"], [-1, "o", "back"], ["1", "o", "x"], [1, "r", "big"])}\n[0.5, "o", "hal`,
    );
    expect(cast.events).toEqual([{ at: 1, code: "o", data: "whole" }]);
    expect(cast.damaged).toBe(4);
  });

  it.each([
    ["", "nothing"],
    ["<html>", "a page"],
    ['{"version":2,"width":80,"height":24}', "another version"],
    ["[1]", "no header"],
    ['{"version":3,"term":[]}', "a header without a terminal"],
  ])("is refused when it is none: %s", (text) => {
    expect(() => parse(text)).toThrow(CastError);
  });

  it("with an absurd size gets one that can be drawn", () => {
    const cast = parse(JSON.stringify({ version: 3, term: { cols: 1e9, rows: "24" } }));
    expect([cast.cols, cast.rows]).toEqual([500, 24]);
  });

  it("without any output can be played", () => {
    expect(new Pace(parse(file()), 2).events).toEqual([[0, "o", ""]]);
  });
});

describe("two clocks", () => {
  const cast = parse(file([1, "o", "a"], [10, "o", "b"], [1, "o", "c"], [20, "o", "d"], [1, "o", "e"]));

  it("run as one where no pause is cut", () => {
    const pace = new Pace(cast, null);
    expect(pace.seconds).toBe(33);
    for (const at of [0, 0.5, 7, 33]) expect([pace.shown(at), pace.real(at)]).toEqual([at, at]);
  });

  it("cut long pauses to the limit", () => {
    const pace = new Pace(cast, 2);
    expect(pace.seconds).toBe(7);
    expect(pace.events.map(([at]) => at)).toEqual([1000, 3000, 4000, 6000, 7000]);
  });

  it("lead to the same moment there and back, within a pause too", () => {
    const pace = new Pace(cast, 2);
    for (const [real, shown] of [
      [0, 0],
      [0.5, 0.5],
      [1, 1],
      [6, 2],
      [11, 3],
      [12, 4],
      [17, 4.5],
      [32, 6],
      [33, 7],
    ] as const) {
      expect(pace.shown(real)).toBeCloseTo(shown, 9);
      expect(pace.real(shown)).toBeCloseTo(real, 9);
    }
  });
});
