/**
 * What a screen reader is told of a terminal: the output of a command once it has ended (where the shell says so), else
 * what came once it has been quiet for a moment; and what a key such as Tab put on the line. The emulator's own live
 * region reads each character as it comes, floods too, so it is silenced except on the alternate screen.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { IDisposable, IMarker, Terminal } from "@xterm/xterm";
import { plainWords } from "./clipboard";
import { type Commands, textOf } from "./prompts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with one
const EDITS = /^(?:\t|\x1b[[O][ABCDFH])$/;
const QUIET_MS = 700;
const LINE_MS = 200;
/** As much as can be listened to: the rest is read on the screen, line by line. */
export const MOST_LINES = 12;
const MOST_CHARACTERS = 900;
const MOST_A_LINE = 300;

export interface Said {
  id: number;
  lines: readonly string[];
  /** Lines that were left out before these. */
  more: number;
  /** How the command ended, where that is told. */
  code: number | null;
}

/** The last lines, as many as can be listened to. */
export function bounded(text: string): { lines: string[]; more: number } {
  const all = text.split("\n").filter((line) => line.trim() !== "");
  const lines: string[] = [];
  let size = 0;
  for (const line of all.slice(-MOST_LINES).reverse()) {
    const plain = plainWords(line, MOST_A_LINE);
    size += plain.length;
    if (lines.length > 0 && size > MOST_CHARACTERS) break;
    lines.unshift(plain);
  }
  return { lines, more: all.length - lines.length };
}

export class Aloud implements IDisposable {
  readonly #said = signal<Said | null>(null);
  readonly #disposables: IDisposable[] = [];
  #on = false;
  #id = 0;
  #from: IMarker | null = null;
  #line: { text: string } | null = null;
  /** The line that was last entered, its prompt before it. */
  #entered = "";
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly term: Terminal,
    commands: Commands,
    private readonly deaf: () => boolean,
  ) {
    this.#disposables.push(
      term.onWriteParsed(() => this.#wrote()),
      commands.onEnd(({ code, command }) => {
        if (!this.#on || this.deaf()) return;
        if (this.#from === null) this.#from = command.output;
        this.#tell(code, true);
      }),
      term.buffer.onBufferChange(() => this.#own()),
    );
  }

  get said(): ReadonlySignal<Said | null> {
    return this.#said;
  }

  set(on: boolean): void {
    this.#on = on;
    this.#from = null;
    this.#line = null;
    this.#own();
  }

  /** What a person's key sent. */
  typed(data: string): void {
    if (!this.#on || this.#alternate) return;
    if (data.includes("\r")) {
      this.#line = null;
      this.#entered = this.#current();
      this.#from?.dispose();
      this.#from = this.term.registerMarker(1) ?? null;
    } else if (EDITS.test(data)) {
      this.#line = { text: this.#current() };
    }
  }

  dispose(): void {
    clearTimeout(this.#quiet);
    for (const one of this.#disposables) one.dispose();
  }

  get #alternate(): boolean {
    return this.term.buffer.active.type === "alternate";
  }

  #wrote(): void {
    if (!this.#on || this.deaf() || this.#alternate) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#rested(), this.#line === null ? QUIET_MS : LINE_MS);
  }

  #rested(): void {
    const before = this.#line;
    this.#line = null;
    if (before !== null) {
      const now = this.#current();
      if (now === before.text) return;
      this.#say(now.startsWith(before.text) ? now.slice(before.text.length) : now, null);
    } else {
      this.#tell(null, false);
    }
  }

  /** What came since it last spoke. */
  #tell(code: number | null, ended: boolean): void {
    const buffer = this.term.buffer.normal;
    const cursor = buffer.baseY + buffer.cursorY;
    const from = this.#from;
    if (from === null || from.isDisposed) return;
    // The line of the cursor is a prompt, which is not read again, or a question, which is.
    const asks = !ended && !this.#entered.startsWith(this.#current());
    const until = asks ? cursor + 1 : cursor;
    const text = from.line < until ? textOf(this.term, from.line, until) : "";
    if (text === "" && !ended) return;
    from.dispose();
    // After its end comes the prompt: nothing more is told until something is typed.
    this.#from = ended ? null : (this.term.registerMarker(0) ?? null);
    this.#say(text, code);
  }

  #say(text: string, code: number | null): void {
    this.#id += 1;
    this.#said.value = { id: this.#id, ...bounded(text), code };
  }

  #current(): string {
    const buffer = this.term.buffer.active;
    return buffer.getLine(buffer.baseY + buffer.cursorY)?.translateToString(true) ?? "";
  }

  #own(): void {
    const region = this.term.element?.querySelector(".xterm-accessibility .live-region");
    region?.setAttribute("aria-live", this.#alternate ? "assertive" : "off");
  }
}
