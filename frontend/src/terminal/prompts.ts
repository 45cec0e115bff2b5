/**
 * Commands, as the shell tells them in its output (OSC 133: A prompt, B what is typed, C what it prints, D how it
 * ended). A sign in the margin says how each ended; one can go from one to the next, and copy what one printed.
 *
 * A hint and no more: whatever prints can print these too. They are read where the emulator reads them, for only there
 * is known which line they belong to.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { IDecoration, IDisposable, IMarker, Terminal } from "@xterm/xterm";

const MOST = 500;
const MOST_TEXT = 1024 * 1024;

export interface Command {
  prompt: IMarker;
  /** Where its output begins and ends; null when not told. */
  output: IMarker | null;
  end: IMarker | null;
  code: number | null;
}

export interface Ended {
  code: number | null;
  command: Command;
}

/** How the sign and its words for an exit status are made. */
export type Sign = (element: HTMLElement, code: number) => void;

export class Commands implements IDisposable {
  readonly #count = signal(0);
  readonly #handler: IDisposable;
  readonly #listeners = new Set<(ended: Ended) => void>();
  #all: Command[] = [];
  #now: Command | null = null;

  constructor(
    private readonly term: Terminal,
    private readonly sign: Sign,
  ) {
    this.#handler = term.parser.registerOscHandler(133, (data) => {
      if (term.buffer.active.type === "normal") this.#told(data);
      return true;
    });
  }

  /** How many there are; 0 where the shell tells nothing. */
  get count(): ReadonlySignal<number> {
    return this.#count;
  }

  /** Hears of each that ends. */
  onEnd(listener: (ended: Ended) => void): IDisposable {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** Scrolls to the prompt before or after the first line in sight; null when there is none. */
  jump(by: 1 | -1): Command | null {
    const { viewportY: top, baseY } = this.term.buffer.active;
    const there = this.#all.filter(({ prompt }) => !prompt.isDisposed);
    const wanted =
      by < 0
        ? there.findLast(({ prompt }) => prompt.line < top)
        : there.find(({ prompt }) => prompt.line > top && top < baseY);
    if (wanted === undefined) return null;
    this.term.scrollToLine(wanted.prompt.line);
    return wanted;
  }

  /** What the last command that ended printed; null when that is not known. */
  lastOutput(): string | null {
    const last = this.#all.findLast(({ end, output }) => end !== null && output !== null);
    return last === undefined ? null : this.#outputOf(last);
  }

  dispose(): void {
    this.#handler.dispose();
    for (const one of this.#all) forget(one);
  }

  #outputOf({ output, end }: Command): string | null {
    if (output === null || end === null || output.isDisposed || end.isDisposed) return null;
    return textOf(this.term, output.line, end.line);
  }

  #told(data: string): void {
    const kind = data.charAt(0);
    if (kind === "A") this.#prompted();
    else if (kind === "C") this.#runs();
    else if (kind === "D") this.#ended(data);
  }

  #prompted(): void {
    const before = this.#now;
    const { baseY, cursorY } = this.term.buffer.active;
    // The same prompt drawn anew, as when the window's size changes.
    if (before !== null && before.output === null && before.prompt.line === baseY + cursorY) return;
    const prompt = this.term.registerMarker(0);
    if (prompt === undefined) return;
    this.#now = { prompt, output: null, end: null, code: null };
    this.#all.push(this.#now);
    if (this.#all.length > MOST) for (const old of this.#all.splice(0, MOST / 5)) forget(old);
    this.#count.value = this.#all.length;
  }

  #runs(): void {
    if (this.#now !== null) this.#now.output ??= this.term.registerMarker(0) ?? null;
  }

  #ended(data: string): void {
    const command = this.#now;
    if (command === null || command.end !== null || command.prompt.isDisposed) return;
    // A shell that tells only prompts and ends: its output begins below the line that was typed.
    command.output ??= this.#below(command.prompt);
    if (command.output === null) return; // nothing was entered yet: the end is that of what came before the prompt
    const told = /^D;(\d{1,3})\b/.exec(data);
    command.code = told === null ? null : Number(told[1]);
    command.end = this.term.registerMarker(0) ?? null;
    this.#mark(command);
    for (const listener of this.#listeners) listener({ code: command.code, command });
  }

  #below(prompt: IMarker): IMarker | null {
    const { baseY, cursorY } = this.term.buffer.active;
    const by = prompt.line + 1 - (baseY + cursorY);
    return by > 0 ? null : (this.term.registerMarker(by) ?? null);
  }

  #mark({ prompt, code }: Command): void {
    if (code === null) return;
    const decoration: IDecoration | undefined = this.term.registerDecoration({ marker: prompt, width: 1, height: 1 });
    decoration?.onRender((element) => this.sign(element, code));
  }
}

/** Lines `from` to before `until` of the normal screen, wrapped ones joined, without trailing blanks. */
export function textOf(term: Terminal, from: number, until: number): string {
  const buffer = term.buffer.normal;
  const lines: string[] = [];
  let size = 0;
  for (let row = Math.max(0, from); row < until && size < MOST_TEXT; row += 1) {
    const line = buffer.getLine(row);
    if (line === undefined) break;
    // A full line that goes on keeps the blanks at its end.
    const text = line.translateToString(!buffer.getLine(row + 1)?.isWrapped);
    size += text.length;
    if (line.isWrapped && lines.length > 0) lines.push((lines.pop() ?? "") + text);
    else lines.push(text);
  }
  return lines
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd();
}

function forget({ prompt, output, end }: Command): void {
  prompt.dispose();
  output?.dispose();
  end?.dispose();
}
