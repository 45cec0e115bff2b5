import { describe, expect, it } from "vitest";
import {
  bars,
  clampShare,
  exchanged,
  type Layout,
  neighbour,
  panes,
  replaced,
  revived,
  shown,
  split,
  without,
  withShare,
} from "../src/terminal/layout";
import { Random } from "./support/random";

const one: Layout = { terminal: "a" };
/** a | b over c. */
const three = split(split(one, "a", "right", "b"), "b", "down", "c");

describe("panes", () => {
  it("lie where the splits put them", () => {
    expect(panes(three)).toEqual([
      { terminal: "a", box: { x: 0, y: 0, width: 50, height: 100 } },
      { terminal: "b", box: { x: 50, y: 0, width: 50, height: 50 } },
      { terminal: "c", box: { x: 50, y: 50, width: 50, height: 50 } },
    ]);
    expect(shown(split(one, "a", "right", "b", true))).toEqual(["b", "a"]);
  });

  it("are found by direction, at the same height, and not beyond the edge", () => {
    expect(neighbour(three, "a", "right")).toBe("b");
    expect(neighbour(three, "c", "left")).toBe("a");
    expect(neighbour(three, "b", "down")).toBe("c");
    expect(neighbour(three, "c", "up")).toBe("b");
    expect(neighbour(three, "a", "left")).toBeNull();
    expect(neighbour(three, "nobody", "left")).toBeNull();
  });

  it("give their room to their neighbour when they go", () => {
    expect(without(three, "b")).toEqual({
      way: "right",
      share: 50,
      first: { terminal: "a" },
      second: { terminal: "c" },
    });
    expect(without(one, "a")).toBeNull();
    expect(without(three, "nobody")).toBe(three);
  });

  it("change terminals", () => {
    expect(shown(replaced(three, "b", "d"))).toEqual(["a", "d", "c"]);
    expect(shown(exchanged(three, "a", "c"))).toEqual(["c", "b", "a"]);
  });

  it("are parted by bars that move within bounds", () => {
    expect(bars(three).map(({ path, way }) => [path, way])).toEqual([
      [[], "right"],
      [[1], "down"],
    ]);
    const moved = withShare(withShare(three, [1], 99), [], 30);
    expect(bars(moved).map(({ share }) => share)).toEqual([30, clampShare(99)]);
  });
});

describe("a layout kept from an earlier visit", () => {
  const all = new Set(["a", "b", "c"]);

  it("comes back as it was", () => {
    expect(revived(JSON.parse(JSON.stringify(three)), all)).toEqual(three);
  });

  it("does without terminals that are no more, and shows none twice", () => {
    expect(revived(three, new Set(["a", "c"]))).toEqual(without(three, "b"));
    expect(revived(split(one, "a", "down", "a"), all)).toEqual(one);
    expect(revived(three, new Set())).toBeNull();
  });

  it("is not believed", () => {
    for (const value of [null, 7, "a", [], {}, { way: "up", share: 50, first: one, second: one }]) {
      expect(revived(value, all)).toBeNull();
    }
    let deep: unknown = one;
    for (let depth = 0; depth < 1_000; depth += 1) deep = { way: "down", share: 50, first: deep, second: 0 };
    expect(revived(deep, all)).toBeNull();
  });
});

it.each([1, 2, 3])("whatever is done, panes fill the page and each terminal is shown once (seed %i)", (seed) => {
  const random = new Random(seed);
  let layout: Layout | null = one;
  let made = 0;
  for (let run = 0; run < 300; run += 1) {
    const visible: string[] = shown(layout);
    const some = visible[random.below(visible.length)];
    if (layout === null || some === undefined) layout = { terminal: `t${++made}` };
    else if (visible.length < 6 && random.next() < 0.6) {
      layout = split(layout, some, random.pick(["right", "down"] as const), `t${++made}`, random.next() < 0.5);
    } else if (random.next() < 0.5) layout = without(layout, some);
    else
      layout = withShare(
        layout,
        random.pick(
          bars(layout)
            .map((bar) => bar.path)
            .concat([[]]),
        ),
        random.below(120),
      );
    if (layout === null) continue;
    const boxes = panes(layout);
    expect(new Set(shown(layout)).size).toBe(boxes.length);
    expect(boxes.reduce((area, { box }) => area + box.width * box.height, 0)).toBeCloseTo(10_000, 3);
  }
});
