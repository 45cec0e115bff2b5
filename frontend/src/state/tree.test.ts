import { describe, expect, it } from "vitest";
import type { Process } from "../protocol/generated";
import { Rows, rows, unfolded } from "./tree";

const process = (pid: number, ppid: number, starttime = pid): Process => ({
  pid,
  ppid,
  starttime,
  ns_pids: [pid],
  comm: `p${pid}`,
  cmdline: [],
  state: "S",
  role: "",
});

/** Keeper 100 → PID 1 (200) → two children, and a shell started beside it from outside. */
const host = {
  "100": process(100, 1),
  "200": process(200, 100),
  "202": process(202, 200, 9_000),
  "201": process(201, 200, 9_500),
  "300": process(300, 100, 9_900),
};
const inside = {
  "200": process(1, 0),
  "202": process(2, 1, 9_000),
  "201": process(3, 1, 9_500),
  "300": process(9, 0, 9_900),
};

describe("rows", () => {
  it("puts a process in one row, with its depth on either side", () => {
    const found = rows(inside, host, []).map((row) => [row.key, row.hostLevel, row.inside ? row.insideLevel : null]);
    expect(found).toEqual([
      ["100", 1, null],
      ["200", 2, 1],
      ["202", 3, 2],
      ["201", 3, 2],
      ["300", 2, 1],
    ]);
  });

  it("orders by birth, not by number, which wraps round", () => {
    const keys = rows(inside, host, []).map((row) => row.key);
    expect(keys.indexOf("202")).toBeLessThan(keys.indexOf("201"));
  });

  it("keeps one that ended in its place, once", () => {
    const { "202": gone, ...rest } = host;
    const found = rows({}, rest, [{ key: "202", at: 0, host: gone, inside: null }]);
    expect(found.find((row) => row.key === "202")).toMatchObject({ ended: true, parent: "200" });
    expect(
      rows({}, host, [{ key: "202", at: 0, host: gone, inside: null }]).filter((row) => row.key === "202"),
    ).toHaveLength(1);
  });

  it("survives a parent that is its own child", () => {
    const loop = { "5": process(5, 6), "6": process(6, 5), "7": process(7, 7) };
    expect(rows({}, loop, []).map((row) => row.key)).toEqual(["7", "5", "6"]);
  });

  it("finds the parent by the inner number when the host's picture is missing", () => {
    const found = rows({ "200": process(1, 0), "201": process(3, 1) }, {}, []);
    expect(found.map((row) => [row.key, row.insideLevel])).toEqual([
      ["200", 1],
      ["201", 2],
    ]);
  });
});

describe("unfolded", () => {
  it("hides everything below a folded row", () => {
    const keys = unfolded(rows(inside, host, []), new Set(["200"])).map((row) => row.key);
    expect(keys).toEqual(["100", "200", "300"]);
    expect(unfolded(rows(inside, host, []), new Set(["100"]))).toHaveLength(1);
  });
});

describe("Rows", () => {
  it("gives the same row where it says the same, and another where its place is another", () => {
    const list = new Rows();
    const before = list.of(inside, host, []);
    const { "202": _gone, ...rest } = host;
    const { "202": _too, ...within } = inside;
    const after = list.of(within, rest, []);
    const [was, is] = [before, after].map((all) => new Map(all.map((row) => [row.key, row])));
    expect(["100", "300"].map((key) => was?.get(key) === is?.get(key))).toEqual([true, true]);
    expect(was?.get("200")).not.toBe(is?.get("200")); // a child less
    expect(was?.get("201")).toMatchObject({ hostAt: 2, hostOf: 2 });
    expect(is?.get("201")).toMatchObject({ hostAt: 1, hostOf: 1 });
    expect(list.of(within, rest, [])).toEqual(after);
  });

  it("is what it would be without anything before it", () => {
    const list = new Rows();
    const ended = [{ key: "202", at: 0, host: host["202"], inside: null }];
    const { "202": _gone, ...rest } = host;
    for (const [within, outside, over] of [
      [inside, host, []],
      [inside, rest, ended],
      [{}, rest, []],
      [inside, {}, []],
      [inside, host, []],
    ] as const) {
      expect(list.of(within, outside, over)).toEqual(rows(within, outside, over));
    }
  });

  it("does not count many siblings in each of them", () => {
    const many = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [index + 10, process(index + 10, 1)]));
    const list = new Rows();
    const before = list.of({}, many, []);
    const after = list.of({}, { ...many, "500": process(500, 1) }, []);
    expect(before[3]).toMatchObject({ hostAt: 4, hostOf: -1 });
    expect(before.every((row, index) => row === after[index])).toBe(true);
  });
});
