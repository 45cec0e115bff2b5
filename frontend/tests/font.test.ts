import { describe, expect, it } from "vitest";
import { fitted, SIZES, stepped, USUAL_SIZE } from "../src/terminal/font";

const RATIO = 0.6; // of the face that comes with the page

describe("the size of letters", () => {
  it("gives cells of whole pixels, the same for both renderers, on every screen", () => {
    for (const density of [1, 1.25, 1.5, 2, 3]) {
      for (const size of SIZES) {
        const cell = fitted(size, RATIO, density) * RATIO * density;
        expect(Math.floor(cell)).toBe(Math.round(cell)); // WebGL cuts, the DOM does not
        expect(cell - Math.floor(cell)).toBeLessThan(0.01);
        expect(Math.abs(fitted(size, RATIO, density) - size)).toBeLessThan(1.2);
      }
    }
  });

  it("differs from step to step on a plain screen", () => {
    const cells = SIZES.map((size) => Math.floor(fitted(size, RATIO, 1) * RATIO));
    expect(new Set(cells).size).toBe(SIZES.length);
  });

  it("goes up and down its list, and stops at the ends", () => {
    expect(stepped(stepped(USUAL_SIZE, 1), -1)).toBe(USUAL_SIZE);
    expect(stepped(SIZES[0], -1)).toBe(SIZES[0]);
    expect(stepped(SIZES.at(-1) ?? 0, 1)).toBe(SIZES.at(-1));
  });

  it("is as asked for where nothing can be measured", () => expect(fitted(13, 0, 1)).toBe(13));
});
