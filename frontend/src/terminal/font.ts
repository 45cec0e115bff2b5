/**
 * The terminal's letters: their size, as a person chose it, and the size nearest to it at which a cell is a whole
 * number of the screen's pixels. Then both of xterm.js's renderers have the same cells (WebGL cuts a broken pixel off,
 * the DOM does not), and a terminal keeps its columns when it gets the focus, and with it WebGL.
 */
import { remembered } from "../ui/preferences";

/** CSS pixels; each has a cell of its own width on a screen of one pixel per CSS pixel. */
export const SIZES = [10, 12, 13, 15, 17, 18, 20, 22, 25, 28, 32] as const;
export const USUAL_SIZE = 13;
export const LINE_HEIGHT = 1.15;

/** Above the exact size by so much that a measured width never falls short of its whole pixel. */
const OVER_PX = 0.002;
const MEASURED_PX = 100;
/** The face must be there when the emulator opens, for it measures its cells once. Without it, the next best serves. */
const FACE_MS = 1_000;

export const fontSize = remembered<number>("terminal.font-size", USUAL_SIZE, (value): value is number =>
  (SIZES as readonly unknown[]).includes(value),
);

/** The next size up or down; the same at the end of the list. */
export function stepped(size: number, by: 1 | -1): number {
  const at = SIZES.findIndex((one) => one >= size);
  return SIZES[Math.max(0, Math.min(SIZES.length - 1, at + by))] ?? USUAL_SIZE;
}

/** `ratio`: a cell's width at a size of 1; `density`: the screen's pixels per CSS pixel. */
export function fitted(size: number, ratio: number, density: number): number {
  if (!(ratio > 0 && density > 0)) return size;
  return Math.max(1, Math.round(size * ratio * density)) / (ratio * density) + OVER_PX;
}

export const family = (): string =>
  getComputedStyle(document.documentElement).getPropertyValue("--font-mono").trim() || "monospace";

/** How wide a letter is, in units of the font's size. */
export function cellRatio(): number {
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) return 0;
  context.font = `${MEASURED_PX}px ${family()}`;
  return context.measureText("W").width / MEASURED_PX;
}

export async function loadFace(): Promise<void> {
  const faces = [400, 700].map((weight) => document.fonts.load(`${weight} ${USUAL_SIZE}px "Terrarium Mono"`));
  await Promise.race([Promise.all(faces), new Promise((late) => setTimeout(late, FACE_MS))]).catch(() => undefined);
}

/** Calls when the screen's density changes, as by the browser's zoom. Returns how to stop. */
export function followDensity(changed: () => void): () => void {
  const stop = new AbortController();
  const watch = () => {
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener(
      "change",
      () => {
        changed();
        watch();
      },
      { once: true, signal: stop.signal },
    );
  };
  watch();
  return () => stop.abort();
}
