import { describe, expect, it } from "vitest";
import type { Process } from "../protocol/generated";
import { rows, unfolded } from "./tree";

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
