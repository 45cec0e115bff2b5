/**
 * An asciicast v3 file (https://docs.asciinema.org/manual/asciicast/v3/) as the player and its controls need it.
 *
 * Two clocks: `real`, seconds since the recording began, and `shown`, the same with long pauses cut short.
 */
import { COLS, ROWS } from "../../protocol/pty";

/** As the player wants it: milliseconds on the clock shown; output, or a new size such as `80x24`. */
export type CastEvent = [at: number, code: "o" | "r", data: string];

export interface Marker {
  /** Seconds, the real clock. */
  at: number;
  label: string;
}

export interface Cast {
  cols: number;
  rows: number;
  /** Seconds since the epoch, when the file says so: whole ones. */
  timestamp: number | null;
  /** Seconds, the real clock. */
  seconds: number;
  markers: readonly Marker[];
  /** Lines that were no events, such as the last of a file that was cut off. */
  damaged: number;
  /** In order, seconds on the real clock. What was typed is not among them, whatever the file holds. */
  events: readonly { at: number; code: CastEvent[1]; data: string }[];
}

/** What is in the file is not a recording. */
export class CastError extends Error {
  override name = "CastError";
}

/** Throws `CastError` where nothing can be played. A damaged line is left out, and counted. */
export function parse(text: string): Cast {
  const [first = "", ...lines] = text.split("\n");
  const header = json(first);
  const term = isObject(header) && header.version === 3 && isObject(header.term) ? header.term : null;
  if (term === null || !isObject(header)) throw new CastError("the first line is not the header of an asciicast v3");
  const events: Cast["events"][number][] = [];
  const markers: Marker[] = [];
  let [at, damaged] = [0, 0];
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue; // comments are part of the format
    const event = json(line);
    if (!Array.isArray(event) || !isTime(event[0]) || typeof event[1] !== "string" || typeof event[2] !== "string") {
      damaged += 1;
      continue;
    }
    const [interval, code, data] = event as [number, string, string];
    at += interval;
    if (code === "o") events.push({ at, code, data });
    else if (code === "m") markers.push({ at, label: data });
    else if (code === "r") {
      const size = sizeOf(data);
      if (size === null) damaged += 1;
      else events.push({ at, code, data: size });
    } else if (code === "x") events.push({ at, code: "o", data: "" }); // the end: only its time counts
  }
  return {
    cols: clamp(term.cols, COLS, 80),
    rows: clamp(term.rows, ROWS, 24),
    timestamp: typeof header.timestamp === "number" ? header.timestamp : null,
    seconds: at,
    markers,
    damaged,
    events,
  };
}

/** A pause that is shown shorter than it was: when it was over, on both clocks, and how long it was. */
interface Cut {
  real: number;
  shown: number;
  pause: number;
}

/** From one clock to the other. `limit`: a pause of more seconds is shown as long as that; null: as long as it was. */
export class Pace {
  /** For the player. Never empty: it takes a recording without events for a damaged one. */
  readonly events: readonly CastEvent[];
  /** How long it takes, in seconds on the clock shown. */
  readonly seconds: number;
  readonly #cuts: Cut[] = [];
  readonly #limit: number;

  constructor(cast: Cast, limit: number | null) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    const events: CastEvent[] = [];
    let [before, cut] = [0, 0];
    for (const { at, code, data } of cast.events) {
      const pause = at - before;
      if (pause > this.#limit) {
        cut += pause - this.#limit;
        this.#cuts.push({ real: at, shown: at - cut, pause });
      }
      events.push([(at - cut) * 1000, code, data]);
      before = at;
    }
    this.events = events.length > 0 ? events : [[0, "o", ""]];
    this.seconds = cast.seconds - cut;
  }

  shown(real: number): number {
    const [last, next] = this.#around((cut) => cut.real <= real);
    const begun = next && next.real - next.pause;
    // In a pause that is cut, what is left of it stands for the whole.
    if (begun !== undefined && next && real > begun) {
      return next.shown - this.#limit + ((real - begun) / next.pause) * this.#limit;
    }
    return real - (last ? last.real - last.shown : 0);
  }

  real(shown: number): number {
    const [last, next] = this.#around((cut) => cut.shown <= shown);
    const begun = next && next.shown - this.#limit;
    if (begun !== undefined && next && shown > begun) {
      return next.real - next.pause + ((shown - begun) / this.#limit) * next.pause;
    }
    return shown + (last ? last.real - last.shown : 0);
  }

  /** The last cut that `is`, and the one after it. */
  #around(is: (cut: Cut) => boolean): [Cut | undefined, Cut | undefined] {
    let [low, high] = [0, this.#cuts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (is(this.#cuts[middle] as Cut)) low = middle + 1;
      else high = middle;
    }
    return [this.#cuts[low - 1], this.#cuts[low]];
  }
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isTime = (value: unknown): value is number => typeof value === "number" && value >= 0 && value < 1e9;

/** `80x24`, within what a terminal can be. */
function sizeOf(text: string): string | null {
  const match = /^(\d{1,4})x(\d{1,4})$/.exec(text);
  return match === null ? null : `${clamp(Number(match[1]), COLS, 80)}x${clamp(Number(match[2]), ROWS, 24)}`;
}

function clamp(value: unknown, { min, max }: { min: number; max: number }, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value)
    ? Math.max(min, Math.min(max, Math.floor(value)))
    : otherwise;
}
