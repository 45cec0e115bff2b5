/**
 * The last ten minutes, moment by moment.
 *
 * A moment keeps references: what a patch does not reach is one object in all of them, so a quiet container's ten
 * minutes cost next to nothing.
 */
import type { Snapshot } from "../protocol/generated";
import type { AllMarks } from "./marks";
import type { Rates } from "./rates";

export const HISTORY_SECONDS = 600;
/** Ten minutes at the fastest pace, two a second. */
export const MOST_MOMENTS = 1200;

export interface Moment {
  /** When it was taken, seconds since the epoch, the worker's clock; never less than that of the one before. */
  at: number;
  snapshot: Snapshot;
  alive: Snapshot | null;
  marks: AllMarks;
  rates: Rates;
}

export class History {
  #moments: Moment[] = [];

  get moments(): readonly Moment[] {
    return this.#moments;
  }

  get first(): Moment | null {
    return this.#moments[0] ?? null;
  }

  get last(): Moment | null {
    return this.#moments.at(-1) ?? null;
  }

  add(moment: Moment): void {
    const at = Math.max(moment.at, this.last?.at ?? 0);
    this.#moments.push(at === moment.at ? moment : { ...moment, at });
    let drop = Math.max(0, this.#moments.length - MOST_MOMENTS);
    while ((this.#moments[drop]?.at ?? at) < at - HISTORY_SECONDS) drop += 1;
    if (drop > 0) this.#moments.splice(0, drop);
  }

  clear(): void {
    this.#moments = [];
  }

  /** The last one not later than `at`; the first of all where `at` is before it. */
  at(at: number): Moment | null {
    return this.#moments[Math.max(0, this.#after(at) - 1)] ?? null;
  }

  /** The first one not earlier than `at`: what shows the effect of something that happened then. */
  from(at: number): Moment | null {
    const index = this.#after(at);
    const before = this.#moments[index - 1];
    return before?.at === at ? before : (this.#moments[index] ?? null);
  }

  /** The one `by` moments after (or, negative, before) that of the time `at`. */
  step(at: number, by: number): Moment | null {
    const index = this.#after(at) - 1;
    const here = this.#moments[index];
    // Between two moments, the one before is a step back only from a later one.
    const from = by < 0 && here !== undefined && here.at < at ? index + 1 : index;
    return this.#moments[from + by] ?? null;
  }

  /** The index of the first one later than `at`. */
  #after(at: number): number {
    let [low, high] = [0, this.#moments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#moments[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
