import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const css = readFileSync(join(import.meta.dirname, "../src/styles/tokens.css"), "utf8");
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const ALL = [...NAMES, ...NAMES.map((name) => `bright-${name}`)];
/** Under it xterm.js lifts text itself (`contrast()` in palette.ts); black stays dark for text on a coloured ground. */
const LIFTED: Record<string, string[]> = { light: [], dark: ["black"] };

function tokens(theme: string): Map<string, string> {
  const block = css.slice(css.indexOf(`:root[data-theme="${theme}"]`));
  const body = block.slice(0, block.indexOf("\n}"));
  return new Map(
    [...body.matchAll(/--term-([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(["light", "dark"])("the terminal's colours, %s", (theme) => {
  const named = tokens(theme);
  const of = (name: string) => {
    const value = named.get(name);
    if (value === undefined) throw new Error(`no --term-${name} in the ${theme} theme`);
    return value;
  };

  it("can be read on the background", () => {
    const faint = ALL.filter((name) => contrast(of(name), of("bg")) < 4.5);
    expect(faint).toEqual(LIFTED[theme]);
    expect(contrast(of("fg"), of("bg"))).toBeGreaterThan(7);
  });

  it("can be read where text is selected or found", () => {
    for (const ground of ["selection", "match", "match-now"]) {
      expect(contrast(of("fg"), of(ground)), ground).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("tell the cursor, a match and the match one is at from the background, by an edge too", () => {
    for (const edge of ["cursor", "match-edge", "match-now-edge"]) {
      expect(contrast(of(edge), of("bg")), edge).toBeGreaterThanOrEqual(3);
    }
  });
});
