/** Whether anybody can see the terminal: the browser shows the page, and the page shows the terminal. */

export interface PresenceEvents {
  /** Changed. Told to the worker: what nobody sees does not hold the program up. */
  seen(seen: boolean): void;
  /** The page went out of sight: its clocks are slow from now on. */
  away(): void;
  /** It is back, or the network is: a connection may have died meanwhile without a word. */
  back(): void;
}

export class Presence {
  readonly #listeners = new AbortController();
  #shown = true;
  #told = !document.hidden;

  constructor(private readonly events: PresenceEvents) {}

  get seen(): boolean {
    return this.#shown && !document.hidden;
  }

  watch(): void {
    const { signal } = this.#listeners;
    const back = () => this.events.back();
    document.addEventListener("visibilitychange", () => this.#turned(), { signal });
    window.addEventListener("pageshow", back, { signal });
    window.addEventListener("online", back, { signal });
  }

  show(shown: boolean): void {
    this.#shown = shown;
    this.#tell();
  }

  dispose(): void {
    this.#listeners.abort();
  }

  #turned(): void {
    this.#tell();
    if (document.hidden) this.events.away();
    else this.events.back();
  }

  #tell(): void {
    if (this.#told === this.seen) return;
    this.#told = this.seen;
    this.events.seen(this.#told);
  }
}
