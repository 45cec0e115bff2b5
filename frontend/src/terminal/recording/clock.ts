/** One clock for a replay and the X-ray: the panels show the moment that is played, the timeline seeks the player. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { LiveStore } from "../../state/live";

/** Where the timeline cannot follow, or the replay cannot. Null: they go together. */
export type Apart = "before-history" | "not-recorded" | "live" | null;

export interface Played {
  /** Seconds into the recording, as it was. */
  seek(real: number): void;
  pause(): void;
}

/** The panels are drawn anew with each step: often enough to be seen as one movement. */
const STEP = 0.25;

export class SharedClock {
  readonly #apart = signal<Apart>(null);
  readonly #stop: () => void;
  /** What we set the cursor to: another value is somebody else's. */
  #ours: number | null = null;
  #moving = false;
  #last = Number.NaN;

  /** `startedAt`: seconds since the epoch, the worker's clock, as the timeline's. `seconds`: how long it is. */
  constructor(
    private readonly store: LiveStore,
    private readonly startedAt: number,
    private readonly seconds: number,
    private readonly played: Played,
  ) {
    let first = true;
    this.#stop = effect(() => {
      const at = store.cursor.value?.at ?? null;
      if (first) first = false;
      else if (at !== this.#ours) this.#chosen(at);
    });
  }

  get apart(): ReadonlySignal<Apart> {
    return this.#apart;
  }

  /** The replay shows this second of the recording. `sought`: a person went there, or it stands still now. */
  at(real: number, sought: boolean): void {
    if (!sought && Math.abs(real - this.#last) < STEP) return;
    this.#last = real;
    const at = this.startedAt + real;
    const first = this.store.moments[0]?.at;
    if (first === undefined || at < first) {
      this.#move(() => this.store.resume());
      this.#apart.value = "before-history";
    } else {
      this.#move(() => this.store.seek(at));
      this.#apart.value = null;
    }
  }

  /** The panels are live again. */
  dispose(): void {
    this.#stop();
    this.store.resume();
  }

  #move(action: () => void): void {
    this.#moving = true; // the effect runs within the action
    action();
    this.#moving = false;
    this.#ours = this.store.cursor.peek()?.at ?? null;
  }

  /** A person chose a moment on the timeline, or to be live. */
  #chosen(at: number | null): void {
    if (this.#moving) return;
    this.#ours = at;
    const real = at === null ? null : at - this.startedAt;
    if (real === null || real < 0 || real > this.seconds) {
      this.played.pause();
      this.#apart.value = real === null ? "live" : "not-recorded";
      return;
    }
    this.#apart.value = null;
    this.#last = real;
    this.played.seek(real);
  }
}
