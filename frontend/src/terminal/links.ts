/**
 * Links in the output: addresses that stand in the text, and text that a program made a link (OSC 8). Only http and
 * https lead anywhere; the target is shown before it is followed, for OSC 8 the real one, never the text.
 */

import { type ReadonlySignal, signal } from "@preact/signals";
import { WebLinksAddon } from "@xterm/addon-web-links";
import type { IBufferRange, IDisposable, ILinkHandler, Terminal } from "@xterm/xterm";
import { plainWords, safeLink } from "./clipboard";

/** Of OSC 8; a program can make as many as it likes. */
const MOST_REMEMBERED = 300;
/** Lines above the screen in which links are looked for, and the most that a list shows. */
const LINES_BACK = 500;
const MOST_LISTED = 50;
const MOST_TEXT = 120;
const IN_TEXT = /https?:\/\/[^\s"'!*(){}|\\^<>`]*[^\s"':,.!?{}|\\^~[\]`()<>]/gi;

export interface FoundLink {
  uri: string;
  /** What stands on the screen in its place, where that is not the address itself. */
  text: string | null;
}

/** Whether the text of a link names another place than the one it leads to. */
export function misleads({ uri, text }: FoundLink): boolean {
  const named = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?::\d+)?(?:[/?#]|\s*$)/iu.exec(text ?? "")?.[1];
  if (named === undefined) return false;
  try {
    const bare = (host: string) => host.replace(/^www\./, "");
    return bare(new URL(`http://${named}`).hostname) !== bare(new URL(uri).hostname);
  } catch {
    return true;
  }
}

/** Needs a click. */
export function openLink(uri: string): void {
  const safe = safeLink(uri);
  if (safe !== null) window.open(safe, "_blank", "noopener,noreferrer");
}

interface Made {
  uri: string;
  line: { readonly line: number; readonly isDisposed: boolean; dispose(): void };
  x: number;
}

export class Links implements IDisposable {
  readonly #shown = signal<FoundLink | null>(null);
  readonly #asked = signal<FoundLink | null>(null);
  readonly #disposables: IDisposable[] = [];
  readonly #made: (Made & { text: string })[] = [];
  #open: Made | null = null;

  constructor(private readonly term: Terminal) {
    const addon = new WebLinksAddon((_event, uri) => this.follow({ uri, text: null }), {
      hover: (_event, uri) => this.#show({ uri, text: null }),
      leave: () => this.#show(null),
    });
    term.loadAddon(addon);
    this.#disposables.push(term.parser.registerOscHandler(8, (data) => this.#told(data)));
  }

  /** The one under the pointer. */
  get shown(): ReadonlySignal<FoundLink | null> {
    return this.#shown;
  }

  /** One that is to be followed only after another look. */
  get asked(): ReadonlySignal<FoundLink | null> {
    return this.#asked;
  }

  /** For the emulator's own links, those of OSC 8. */
  static handler(links: () => Links): ILinkHandler {
    return {
      activate: (_event, uri, range) => links().follow(links().#withText(uri, range)),
      hover: (_event, uri, range) => links().#show(links().#withText(uri, range)),
      leave: () => links().#show(null),
      allowNonHttpProtocols: false,
    };
  }

  /** A finger shows no target first, and a text can lie: then there is a question. */
  follow(link: FoundLink): void {
    if (safeLink(link.uri) === null) return;
    if (matchMedia("(pointer: coarse)").matches || misleads(link)) this.#asked.value = link;
    else openLink(link.uri);
  }

  /** After the question. */
  answer(): void {
    this.#asked.value = null;
  }

  /** Those on the screen and a little above it, the newest first, each once. */
  list(): FoundLink[] {
    const found = new Map<string, FoundLink>();
    for (const { uri, text, line } of this.#made) {
      if (!line.isDisposed) put(found, { uri, text: text === uri ? null : text });
    }
    const buffer = this.term.buffer.active;
    const end = buffer.baseY + this.term.rows;
    let joined = "";
    for (let row = Math.max(0, end - this.term.rows - LINES_BACK); row < end; row += 1) {
      const line = buffer.getLine(row);
      const text = line?.translateToString(true) ?? "";
      if (line?.isWrapped) {
        joined += text;
        continue;
      }
      for (const uri of joined.match(IN_TEXT) ?? []) put(found, { uri, text: null });
      joined = text;
    }
    for (const uri of joined.match(IN_TEXT) ?? []) put(found, { uri, text: null });
    return [...found.values()].reverse().slice(0, MOST_LISTED);
  }

  dispose(): void {
    for (const one of this.#disposables) one.dispose();
    for (const { line } of this.#made) line.dispose();
  }

  #show(link: FoundLink | null): void {
    this.#shown.value = link !== null && safeLink(link.uri) !== null ? link : null;
  }

  #withText(uri: string, { start, end }: IBufferRange): FoundLink {
    const line = this.term.buffer.active.getLine(start.y - 1);
    const text = plainWords(line?.translateToString(true, start.x - 1, end.x) ?? "", MOST_TEXT);
    return { uri, text: text === "" || text === uri ? null : text };
  }

  /** `8;params;URI` opens a link or, with no URI, ends it. The emulator keeps its own account for the pointer. */
  #told(data: string): boolean {
    const uri = data.slice(data.indexOf(";") + 1);
    const { cursorX } = this.term.buffer.active;
    const open = this.#open;
    this.#open = null;
    if (open !== null) {
      const text = plainWords(this.#between(open, cursorX), MOST_TEXT);
      if (text === "") open.line.dispose();
      else this.#made.push({ ...open, text });
      if (this.#made.length > MOST_REMEMBERED) this.#made.shift()?.line.dispose();
    }
    if (uri !== "" && safeLink(uri) !== null && this.term.buffer.active.type === "normal") {
      const line = this.term.registerMarker(0);
      if (line !== undefined) this.#open = { uri, line, x: cursorX };
    }
    return false;
  }

  #between({ line, x }: Made, end: number): string {
    const buffer = this.term.buffer.active;
    const last = buffer.baseY + buffer.cursorY;
    if (line.isDisposed || buffer.type !== "normal") return "";
    if (line.line === last) return buffer.getLine(last)?.translateToString(true, x, end) ?? "";
    const rest = buffer.getLine(last)?.translateToString(true, 0, end) ?? "";
    return (buffer.getLine(line.line)?.translateToString(true, x) ?? "") + rest;
  }
}

function put(found: Map<string, FoundLink>, link: FoundLink): void {
  if (safeLink(link.uri) === null) return;
  const key = `${link.uri} ${link.text ?? ""}`;
  found.delete(key);
  found.set(key, link);
}
