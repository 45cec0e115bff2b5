/**
 * The last ten minutes, moment by moment.
 *
 * A moment keeps the patch that made it; every so many one keeps its snapshot too, from which those after it are made
 * anew when somebody looks at them. To keep all snapshots would cost a map of all processes for each fork, three times:
 * a hundred megabytes in ten minutes with 900 processes, and the garbage collector's time to walk through them.
 */
import type { Snapshot } from "../protocol/generated";
import { merge } from "../protocol/merge";
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

/** So many moments at most from a snapshot that is kept to one that is made anew: a step back is not to be felt. */
const EVERY = 24;

/** A moment in the history: its snapshot is kept, or made anew from the one before. */
class Kept implements Moment {
  readonly at: number;
  readonly marks: AllMarks;
  readonly rates: Rates;
  /** How many patches lead here from a snapshot that is kept. */
  readonly depth: number;
  #whole: Snapshot | null;
  #made: WeakRef<Snapshot> | null = null;
  /** Null: it is the snapshot itself. */
  readonly #alive: Snapshot | null | "self";

  constructor(
    at: number,
    { snapshot, alive, marks, rates }: Moment,
    private readonly before: Kept | null,
    private readonly patch: object | null,
  ) {
    this.at = at;
    this.marks = marks;
    this.rates = rates;
    this.depth = before === null ? 0 : before.depth + 1;
    this.#whole = snapshot;
    this.#alive = alive === snapshot ? "self" : alive;
  }

  get snapshot(): Snapshot {
    const found = this.#whole ?? this.#made?.deref();
    if (found) return found;
    const made = merge((this.before as Kept).snapshot, this.patch as object);
    this.#made = new WeakRef(made);
    return made;
  }

  get alive(): Snapshot | null {
    return this.#alive === "self" ? this.snapshot : this.#alive;
  }

  /** It is the newest no more: who shows it has its snapshot, and others can make it. */
  let(): void {
    if (this.before === null || this.#whole === null) return;
    this.#made = new WeakRef(this.#whole);
    this.#whole = null;
  }
}

export class History {
  #moments: Kept[] = [];

  get moments(): readonly Moment[] {
    return this.#moments;
  }

  get first(): Moment | null {
    return this.#moments[0] ?? null;
  }

  get last(): Moment | null {
    return this.#moments.at(-1) ?? null;
  }

  /** `patch`: what made its snapshot of the last moment's; null where it is another way. */
  add(moment: Moment, patch: object | null = null): void {
    const last = this.#moments.at(-1) ?? null;
    const at = Math.max(moment.at, last?.at ?? 0);
    const follows = patch !== null && last !== null && last.depth < EVERY - 1;
    this.#moments.push(new Kept(at, moment, follows ? last : null, follows ? patch : null));
    last?.let();
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
