import { describe, expect, it } from "vitest";
import { kindOf, Link, nameOf } from "./link";

describe("Link", () => {
  it("lights both sides of a thing, and only that thing", () => {
    const link = new Link();
    const [left, right, other] = [link.hot("process:7"), link.hot("process:7"), link.hot("process:8")];
    link.point("process:7");
    expect([left.value, right.value, other.value]).toEqual(["true", "true", undefined]);
    link.point(null);
    expect(left.value).toBeUndefined();
  });

  it("prefers the pointer to what is held, and that to the keyboard's focus", () => {
    const link = new Link();
    link.focus("process:1");
    link.pin("process:2");
    link.point("process:3");
    expect(link.current.value).toBe("process:3");
    link.point(null);
    expect(link.current.value).toBe("process:2");
    link.pin(null);
    expect(link.current.value).toBe("process:1");
  });

  it("lets go at the second tap", () => {
    const link = new Link();
    link.pin("file:/etc/motd");
    link.pin("file:/etc/motd");
    expect(link.current.value).toBeNull();
  });

  it("takes names apart at the first colon only", () => {
    expect(kindOf("file:/a:b")).toBe("file");
    expect(nameOf("file:/a:b")).toBe("/a:b");
  });
});
