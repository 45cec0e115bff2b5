import type { Terminal } from "@xterm/xterm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const addons = vi.hoisted(() => {
  const alive = new Set<unknown>();
  const made: { lose: () => void }[] = [];
  class WebglAddon {
    lose = () => undefined as undefined;
    constructor() {
      alive.add(this);
      made.push(this);
    }
    onContextLoss(listener: () => undefined) {
      this.lose = listener;
    }
    dispose() {
      alive.delete(this);
    }
  }
  return { alive, made, WebglAddon };
});
vi.mock("@xterm/addon-webgl", () => ({ WebglAddon: addons.WebglAddon }));

let gpu: string | null;
const term = { loadAddon: () => undefined } as unknown as Terminal;

async function painters(): Promise<typeof import("../src/terminal/renderer")> {
  vi.resetModules();
  return import("../src/terminal/renderer");
}

beforeEach(() => {
  gpu = "ANGLE (A maker of GPUs)";
  addons.alive.clear();
  addons.made.length = 0;
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation((() =>
    gpu === null
      ? null
      : {
          getExtension: (name: string) =>
            name === "WEBGL_debug_renderer_info" ? { UNMASKED_RENDERER_WEBGL: 1 } : null,
          getParameter: () => gpu,
        }) as never);
});
afterEach(() => vi.restoreAllMocks());

describe("the GPU", () => {
  it("draws one terminal of the page at most: the one with the focus", async () => {
    const { Painter } = await painters();
    const [one, two] = [new Painter(term), new Painter(term)];
    await one.take();
    await one.take();
    expect(addons.alive.size).toBe(1);
    const made = addons.made.length;
    // The focus goes, comes, and goes again before the script is there.
    void two.take();
    void one.take();
    await two.take();
    await vi.waitFor(() => expect([addons.alive.size, addons.made.length]).toEqual([1, made + 1]));
    two.release();
    one.release();
    expect(addons.alive.size).toBe(0);
  });

  it("is let go of when it loses the context, tried once more, and then no more", async () => {
    const { Painter } = await painters();
    const one = new Painter(term);
    for (const left of [1, 2, 2]) {
      await one.take();
      expect(addons.made).toHaveLength(left);
      addons.made.at(-1)?.lose();
      expect(addons.alive.size).toBe(0);
    }
  });

  it.each([null, "Google SwiftShader", "llvmpipe (LLVM 17)"])("that is %s draws nothing", async (name) => {
    gpu = name;
    const { Painter } = await painters();
    await new Painter(term).take();
    expect(addons.made).toEqual([]);
  });

  it("of a touch device draws nothing", async () => {
    vi.spyOn(window, "matchMedia").mockImplementation(
      (query) => ({ matches: query.includes("coarse") }) as MediaQueryList,
    );
    const { Painter } = await painters();
    await new Painter(term).take();
    expect(addons.made).toEqual([]);
  });
});
