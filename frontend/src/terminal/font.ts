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

/** Browsers have widths in steps of their own: the size grows by this until a cell is not short of its whole pixels. */
const STEP_PX = 0.01;
const MOST_STEPS = 20;
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

/** `measure`: a cell's width at a size, 0 where that is not known; `density`: the screen's pixels per CSS pixel. */
export function fitted(
  wanted: number,
  measure: (size: number) => number,
  density: number,
): { size: number; cell: number | null } {
  const ratio = measure(MEASURED_PX) / MEASURED_PX;
  if (!(ratio > 0 && density > 0)) return { size: wanted, cell: null };
  const cell = Math.max(1, Math.round(wanted * ratio * density)) / density;
  let size = cell / ratio;
  for (let step = 0; step < MOST_STEPS && measure(size) < cell; step += 1) size += STEP_PX;
  return { size, cell };
}

export const family = (): string =>
  getComputedStyle(document.documentElement).getPropertyValue("--font-mono").trim() || "monospace";

/** How wide a letter is at a size, as the emulator measures it. */
export function widthAt(size: number): number {
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) return 0;
  context.font = `${size}px ${family()}`;
  return context.measureText("W").width;
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
