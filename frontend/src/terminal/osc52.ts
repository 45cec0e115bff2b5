/**
 * OSC 52, by which a program puts text on the clipboard of who sits before the terminal. Write only: a question for what
 * the clipboard holds is answered with nothing. A program may write when the person has just typed or clicked in this
 * very terminal, and has agreed to it on this page; each time it is told.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { IDisposable, Terminal } from "@xterm/xterm";
import { copyText } from "./clipboard";

export const MOST_BYTES = 100 * 1024;
/** A program writes as an answer to a key: so much later it is no answer any more. */
const GESTURE_MS = 5_000;

export type Consent = "allow" | "never";
export type Told = "copied" | "refused" | "too-big";

/** The text of an OSC 52 (what stands after `52;`): null for a question and for what is no base64 or no UTF-8. */
export function offered(data: string): string | "too-big" | null {
  const found = /^[cpqs0-7]*;([A-Za-z0-9+/]*={0,2})$/.exec(data);
  const text = found?.[1];
  if (text === undefined || text === "") return null;
  if (text.length > Math.ceil(MOST_BYTES / 3) * 4) return "too-big";
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Kept for as long as the page's tab: a container's page asks once. */
const key = (): string => `terrarium.osc52:${location.pathname}`;
function consent(): Consent | null {
  try {
    const kept = sessionStorage.getItem(key());
    return kept === "allow" || kept === "never" ? kept : null;
  } catch {
    return null;
  }
}

function keepConsent(answer: Consent): void {
  try {
    sessionStorage.setItem(key(), answer);
  } catch {
    // Storage is off: it is asked again.
  }
}

export class ClipboardOffers implements IDisposable {
  readonly #asked = signal<string | null>(null);
  readonly #handler: IDisposable;
  #gestureAt = Number.NEGATIVE_INFINITY;

  /** `deaf`: old output is played back, or somebody else types: nothing in it is meant for this clipboard now. */
  constructor(
    term: Terminal,
    private readonly deaf: () => boolean,
    private readonly tell: (what: Told, characters: number) => void,
  ) {
    this.#handler = term.parser.registerOscHandler(52, (data) => {
      this.#heard(data);
      return true;
    });
  }

  /** Text a program wants on the clipboard, waiting for a person's word. */
  get asked(): ReadonlySignal<string | null> {
    return this.#asked;
  }

  /** A person typed or clicked in this terminal. */
  gesture(): void {
    this.#gestureAt = performance.now();
  }

  /** The person's word, on a click: null is "not now". */
  answer(answer: Consent | null): void {
    const text = this.#asked.peek();
    this.#asked.value = null;
    if (answer !== null) keepConsent(answer);
    if (answer === "allow" && text !== null) void this.#copy(text);
  }

  dispose(): void {
    this.#handler.dispose();
  }

  #heard(data: string): void {
    if (this.deaf() || performance.now() - this.#gestureAt > GESTURE_MS) return;
    const said = consent();
    if (said === "never") return;
    const text = offered(data);
    if (text === null) return;
    if (text === "too-big") {
      if (said === "allow") this.tell("too-big", 0);
      return;
    }
    if (said === "allow") void this.#copy(text);
    else this.#asked.value = text;
  }

  async #copy(text: string): Promise<void> {
    this.tell((await copyText(text)) ? "copied" : "refused", [...text].length);
  }
}
