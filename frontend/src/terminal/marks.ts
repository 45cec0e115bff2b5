/** What was found in the output: prompts, commands and how they ended, titles, directories, bells. Hints, never proof. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { MarkKind } from "../protocol/pty";
import type { Mark } from "./state";

/** Kept; a program can make as many as it likes. */
const MOST = 2_000;

export class Marks {
  readonly #shown = signal<readonly Mark[]>([]);
  readonly #listeners = new Set<(mark: Mark) => void>();
  #all: Mark[] = [];
  #told = true;
  #last = { at: -1, kinds: new Set<number>() };

  /** In the order of the output, without bells; the oldest are let go. */
  get all(): ReadonlySignal<readonly Mark[]> {
    return this.#shown;
  }

  /** Hears of each, when what is before it is on the screen. Returns how to stop. */
  listen(listener: (mark: Mark) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** False for one that was there already, as after a reconnect. */
  add(mark: Mark): boolean {
    if (mark.at < this.#last.at) return false;
    if (mark.at > this.#last.at) this.#last = { at: mark.at, kinds: new Set() };
    if (this.#last.kinds.has(mark.kind)) return false;
    this.#last.kinds.add(mark.kind);
    if (mark.kind !== MarkKind.BELL) {
      if (this.#all.length >= MOST) this.#all.splice(0, MOST / 2);
      this.#all.push(mark);
      this.#tell();
    }
    for (const listener of this.#listeners) listener(mark);
    return true;
  }

  /** The screen is blank, and shows the output from some other place on. */
  clear(): void {
    this.#all = [];
    this.#last = { at: -1, kinds: new Set() };
    this.#tell();
  }

  /** Once for all that one stretch of output held. */
  #tell(): void {
    if (!this.#told) return;
    this.#told = false;
    queueMicrotask(() => {
      this.#told = true;
      this.#shown.value = [...this.#all];
    });
  }
}
