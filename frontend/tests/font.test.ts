import { describe, expect, it } from "vitest";
import { fitted, SIZES, stepped, USUAL_SIZE } from "../src/terminal/font";

/** Of the face that comes with the page, cut to the steps that a browser has. */
const measure = (size: number) => 0.6 * (Math.floor(size * 64) / 64);

describe("the size of letters", () => {
  it("gives cells of whole pixels, the same for both renderers, on every screen", () => {
    for (const density of [1, 1.25, 1.5, 2, 3]) {
      for (const size of SIZES) {
        const { size: real, cell } = fitted(size, measure, density);
        const drawn = measure(real) * density;
        expect(Math.floor(drawn + 1e-6)).toBe(Math.round((cell ?? 0) * density)); // WebGL cuts, the DOM does not
        expect(drawn - Math.floor(drawn + 1e-6)).toBeLessThan(0.06);
        expect(Math.abs(real - size)).toBeLessThan(1.2);
      }
    }
  });

  it("differs from step to step on a plain screen", () => {
    const cells = SIZES.map((size) => fitted(size, measure, 1).cell);
    expect(new Set(cells).size).toBe(SIZES.length);
  });

  it("goes up and down its list, and stops at the ends", () => {
    expect(stepped(stepped(USUAL_SIZE, 1), -1)).toBe(USUAL_SIZE);
    expect(stepped(SIZES[0], -1)).toBe(SIZES[0]);
    expect(stepped(SIZES.at(-1) ?? 0, 1)).toBe(SIZES.at(-1));
  });

  it("is as asked for where nothing can be measured", () =>
    expect(fitted(13, () => 0, 1)).toEqual({ size: 13, cell: null }));
});
