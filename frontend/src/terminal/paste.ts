/** A paste: what to ask about first, and how it goes to the program, large ones in pieces that can be stopped. */
import { type ReadonlySignal, signal } from "@preact/signals";

/** Larger ones are asked about: they take a while, and are seldom meant. */
export const LARGE_BYTES = 5 * 1024;
const PIECE = 4 * 1024;
/** So much may be under way to the program; the rest waits here, where it can be stopped. */
const BACKLOG_BYTES = 16 * 1024;
const LOOK_MS = 30;

export interface Doubt {
  text: string;
  lines: number;
  bytes: number;
  /** Each line runs as it comes: the program takes no brackets. */
  runs: boolean;
}

export interface Progress {
  sent: number;
  total: number;
}

/** What a person should see before it goes: null when there is nothing to ask. */
export function doubtful(text: string, bracketed: boolean): Doubt | null {
  const lines = text.trimEnd().split(/\r\n|\r|\n/).length;
  const bytes = new TextEncoder().encode(text).length;
  const runs = lines > 1 && !bracketed;
  return runs || bytes > LARGE_BYTES ? { text, lines, bytes, runs } : null;
}

/** Line ends as the Enter key gives them. */
export const typed = (text: string): string => text.replace(/\r?\n/g, "\r");

/** Pieces of at most `size` UTF-16 units, none ending inside a character. */
export function* pieces(text: string, size = PIECE): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + size);
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
    yield text.slice(at, end);
    at = end;
  }
}

export interface Way {
  send(text: string): void;
  /** Bytes that are under way to the program; null when nothing can be typed now. */
  backlog(): number | null;
  /** Whether the program takes pastes in brackets, now. */
  bracketed(): boolean;
}

export class Paste {
  readonly #asked = signal<Doubt | null>(null);
  readonly #progress = signal<Progress | null>(null);
  #answer: ((text: string | null) => void) | null = null;
  #stopped = false;

  constructor(private readonly way: Way) {}

  /** Waiting for a person's word. */
  get asked(): ReadonlySignal<Doubt | null> {
    return this.#asked;
  }

  /** Of a large one that is under way, in UTF-16 units. */
  get progress(): ReadonlySignal<Progress | null> {
    return this.#progress;
  }

  /** True when something of it was sent. A second one while one is asked about or under way is let be. */
  async give(text: string): Promise<boolean> {
    if (text === "" || this.#asked.peek() !== null || this.#progress.peek() !== null) return false;
    const doubt = doubtful(text, this.way.bracketed());
    const wanted = doubt === null ? text : await this.#ask(doubt);
    if (wanted === null || wanted === "") return false;
    await this.#feed(typed(wanted));
    return true;
  }

  /** The text as the person left it; null to let it be. */
  answer(text: string | null): void {
    this.#asked.value = null;
    this.#answer?.(text);
    this.#answer = null;
  }

  /** No more of the one under way. What the program has of it already stays. */
  stop(): void {
    this.#stopped = true;
  }

  #ask(doubt: Doubt): Promise<string | null> {
    this.#asked.value = doubt;
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  async #feed(text: string): Promise<void> {
    const brackets = this.way.bracketed();
    const [open, shut] = brackets ? ["\x1b[200~", "\x1b[201~"] : ["", ""];
    if (text.length <= PIECE) {
      this.way.send(open + text + shut);
      return;
    }
    this.#stopped = false;
    this.#progress.value = { sent: 0, total: text.length };
    this.way.send(open);
    try {
      let sent = 0;
      for (const piece of pieces(text)) {
        if (!(await this.#room())) break;
        this.way.send(piece);
        sent += piece.length;
        this.#progress.value = { sent, total: text.length };
      }
    } finally {
      this.way.send(shut); // also after a stop: the program waits for it
      this.#progress.value = null;
    }
  }

  /** Waits until the program has read enough of what it was sent; false when it is not to have more. */
  async #room(): Promise<boolean> {
    for (;;) {
      const backlog = this.way.backlog();
      if (this.#stopped || backlog === null) return false;
      if (backlog < BACKLOG_BYTES) return true;
      await new Promise((later) => setTimeout(later, LOOK_MS));
    }
  }
}
