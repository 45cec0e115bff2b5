/**
 * The cursor's blinking, in two steps a second, and only for a while.
 *
 * xterm.js lets its DOM renderer's cursor blink by an endless CSS animation of colours, which has the whole page styled
 * and painted with every frame, sixty times a second, for as long as the terminal has the focus. Here that animation
 * stands still (`styles/terminal.css`) and is put at its other half by an attribute.
 */

const STEP_MS = 500;
/** After so long without a key or a movement the cursor stays lit, as in other terminals: who looks away needs no sign. */
const LASTS_MS = 10_000;

export class Blink {
  #timer: ReturnType<typeof setInterval> | undefined;
  #since = 0;
  readonly #listeners = new AbortController();

  constructor(private readonly element: HTMLElement) {
    const { signal } = this.#listeners;
    element.addEventListener("focusin", () => this.again(), { signal });
    element.addEventListener("focusout", () => this.#rest(), { signal });
  }

  /** Something was typed, or the cursor moved: it is lit, and blinks on. */
  again(): void {
    this.#since = performance.now();
    this.element.removeAttribute("data-blink");
    if (this.#timer === undefined && this.element.contains(document.activeElement)) {
      this.#timer = setInterval(() => this.#step(), STEP_MS);
    }
  }

  dispose(): void {
    this.#rest();
    this.#listeners.abort();
  }

  #step(): void {
    if (document.hidden || performance.now() - this.#since > LASTS_MS) this.#rest();
    else this.element.toggleAttribute("data-blink");
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.element.removeAttribute("data-blink");
  }
}
