/** Waits between attempts to connect again: doubling from a quarter of a second to ten, each spread by half. */
export class Backoff {
  #attempt = 0;

  constructor(
    private readonly firstMs = 250,
    private readonly lastMs = 10_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const full = Math.min(this.lastMs, this.firstMs * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 16);
    return full * (0.5 + this.random() / 2);
  }

  /** The connection stands: the next failure starts from the shortest wait. */
  reset(): void {
    this.#attempt = 0;
  }

  get attempt(): number {
    return this.#attempt;
  }
}
