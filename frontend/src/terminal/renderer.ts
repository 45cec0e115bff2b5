/**
 * How a screen is drawn: with WebGL where it has the focus and a GPU does the work, else by xterm.js's DOM renderer.
 *
 * A browser has few WebGL contexts (16 in Chromium) and throws away the oldest when there are too many: at any time at
 * most one terminal of the page has one.
 */
import type { WebglAddon } from "@xterm/addon-webgl";
import type { Terminal } from "@xterm/xterm";

/** A driver that loses a context twice will lose the next one too. */
const LOSSES_BORNE = 2;

let holder: Painter | null = null;
let able: boolean | null = null;
let losses = 0;
let turn = 0;
let script: Promise<typeof import("@xterm/addon-webgl")> | null = null;

export class Painter {
  #webgl: WebglAddon | null = null;

  constructor(private readonly term: Terminal) {}

  /** This screen has the focus now: it gets the context, and who had it goes on with the DOM. */
  async take(): Promise<void> {
    if (holder === this || losses >= LOSSES_BORNE) return;
    able ??= gpuDraws();
    if (!able) return;
    holder?.release();
    holder = this;
    turn += 1;
    const mine = turn;
    try {
      script ??= import("@xterm/addon-webgl");
      const { WebglAddon } = await script;
      if (holder !== this || mine !== turn) return; // the focus went elsewhere meanwhile, perhaps to come back
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => {
        losses += 1;
        this.release();
      });
      this.term.loadAddon(webgl);
      this.#webgl = webgl;
    } catch {
      script = null;
      if (mine === turn) this.release(); // no script or no context: xterm.js goes on with the DOM
    }
  }

  release(): void {
    if (holder === this) holder = null;
    const webgl = this.#webgl;
    this.#webgl = null;
    if (webgl === null) return;
    const canvases = [...(this.term.element?.querySelectorAll("canvas") ?? [])];
    webgl.dispose(); // xterm.js draws all of it anew with the DOM
    // Left to the garbage collector, the context would count as one of the few for a long while.
    for (const canvas of canvases) canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** WebGL drawn by the processor is slower than the DOM; on touch devices, iOS above all, it has had too many faults. */
function gpuDraws(): boolean {
  if (matchMedia("(pointer: coarse)").matches) return false;
  const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (context === null) return false;
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = info === null ? "" : String(context.getParameter(info.UNMASKED_RENDERER_WEBGL));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
}
