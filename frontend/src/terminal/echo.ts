/** How long it takes from a key to its echo on the screen: what a person feels. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { IDisposable, Terminal } from "@xterm/xterm";

/** What comes later is no echo: the program does something. */
const LATEST_MS = 1_000;
const KEPT = 9;

export class Echo implements IDisposable {
  readonly #ms = signal<number | null>(null);
  readonly #written: IDisposable;
  #last: number[] = [];
  #typedAt: number | null = null;

  constructor(term: Terminal) {
    this.#written = term.onWriteParsed(() => this.#wrote());
  }

  /** The median of the last keys, in milliseconds; null before the first. */
  get ms(): ReadonlySignal<number | null> {
    return this.#ms;
  }

  typed(): void {
    this.#typedAt ??= performance.now();
  }

  dispose(): void {
    this.#written.dispose();
  }

  #wrote(): void {
    if (this.#typedAt === null) return;
    const took = performance.now() - this.#typedAt;
    this.#typedAt = null;
    if (took > LATEST_MS) return;
    this.#last = [...this.#last, took].slice(-KEPT);
    this.#ms.value = [...this.#last].sort((a, b) => a - b)[this.#last.length >> 1] ?? null;
  }
}
