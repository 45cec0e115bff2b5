import { describe, expect, it } from "vitest";
import { merge } from "../src/protocol/merge";

describe("merge", () => {
  it.each([
    // RFC 7396, appendix A, where target and patch are objects
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: "c" }, { a: { b: "d" } }, { a: { b: "d" } }],
  ])("%j with %j is %j", (target, patch, result) => {
    expect(merge(target, patch)).toEqual(result);
  });

  it("changes neither argument and keeps what the patch does not reach", () => {
    const target = { kept: { deep: [1] }, changed: { x: 1 } };
    const result = merge(target, { changed: { x: 2 } });
    expect(target).toEqual({ kept: { deep: [1] }, changed: { x: 1 } });
    expect(result.kept).toBe(target.kept);
    expect(result.changed).not.toBe(target.changed);
  });

  it("takes a member called __proto__ for what it is: a name", () => {
    const patch = JSON.parse('{"changes": {"__proto__": {"kind": "created"}}}');
    const result = merge({ changes: {} as Record<string, unknown> }, patch);
    expect(Object.keys(result.changes)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>).kind).toBeUndefined();
  });
});
